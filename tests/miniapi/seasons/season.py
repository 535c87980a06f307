"""Plays a season step by step, in the model and in the service, and sees that both come to the same."""

import itertools
from copy import copy
from dataclasses import replace
from datetime import timedelta

from faq.packs import Library
from miniapi.accounts.actions import Identity, verify_identity
from miniapi.accounts.models import Resident
from miniapi.drops.actions import Change, change, plan_season
from miniapi.drops.models import Drop
from miniapi.errors import Refusal
from miniapi.ledger.queries import balances
from miniapi.privacy import desk
from miniapi.privacy.actions import leave
from miniapi.programmes.actions import Decision, decide, open_programme
from miniapi.redemption import correcting, quoting, redeeming, refunding
from miniapi.redemption.models import Redemption
from miniapi.redemption.redeeming import OldUnit
from miniapi.redemption.reviewing import review
from miniapi.settlement import actions as settlement
from miniapi.settlement.unspent import return_unspent
from miniapi.staff.callers import Bureau, SupportOfficer
from miniapi.staff.models import StaffRole
from miniapi.subsidies.rules import Item
from miniapi.vouchers import claiming, ending, presenting
from miniapi.vouchers.models import Voucher
from miniapi.vouchers.presenting import Shown
from tests.factories.counter import a_clerk, a_sale, a_shop
from tests.factories.people import KEYS, a_resident, an_id_number
from tests.factories.reviewing import a_reviewer
from tests.factories.settlement import a_payer
from tests.factories.staff import a_staff
from tests.miniapi.seasons.model import SECOND, City, Refused
from tests.miniapi.seasons.steps import BEYOND_SERIALS, NEEDED, PEOPLE

SHOP_OF = [0, 0, 1]  # of each clerk
BECAUSE = "核对后更正"


def newest(things, which):
    """The one that is so many places back from the newest."""
    return things[-1 - which % len(things)]


def assert_paid(made):
    """The payment, where there was one, is for the sales that the model paid."""
    if made:
        sales, settled = made
        assert settled.settlement.amount_fen == sum(sale.subsidy for sale in sales)


def with_terms(library, terms):
    """The packs, with what Yangling's programme asks for at the counter and after it."""
    pack = library.packs["yangling"]
    rules = copy(pack.rules)
    rules.counters = tuple(
        replace(
            one,
            refund_days=terms.refund_days,
            quota_used_up=terms.used_up,
            invoice_mismatch="refuse" if terms.refuse_mismatch else "flag",
        )
        for one in rules.counters
    )
    packs = {**library.packs, "yangling": replace(pack, rules=rules)}
    return Library(packs, library.categories, library.vocabulary)


class Season:
    """Plays every step twice, in the model and in the database. Both do it, or both refuse it alike."""

    def __init__(self, library, fund, quota, terms, played):
        self.library, self.played = with_terms(library, terms), played
        self.city = City(fund * 100, quota, SHOP_OF, terms)
        self.real = {}  # what the service calls the things of the model
        self.accounts = {}  # of each person the first one, the second one, …
        self.numbers = itertools.count(1)  # of invoices, and of what is sold to everybody
        self.name = "open"  # the step that is played

    async def open(self):
        """A programme with little money, a bureau, two shops, and people who are verified."""
        at, self.pack = self.city.now, self.library.packs["yangling"]
        calendar = self.pack.rules.calendar(at.date())
        money = replace(self.pack.rules.fund(at.date()), total_yuan=self.city.fund // 100)
        self.programme = await open_programme(self.pack, "test", calendar, money, demo=True, at=at)
        await plan_season(self.programme, calendar, quota=self.city.drops[0].quota)
        planned = await Drop.all().order_by("opens_at")
        self.real |= dict(zip(self.city.drops, (drop.id for drop in planned), strict=True))
        self.bureau = Bureau(await a_staff(at, StaffRole.BUREAU), "")
        self.finance, self.reviewer = await a_payer(at), await a_reviewer(at)
        self.support = SupportOfficer(await a_staff(at, StaffRole.SUPPORT), "")
        self.shops = [await a_shop(), await a_shop()]
        self.clerks = [await a_clerk(at, self.shops[shop]) for shop in SHOP_OF]
        self.people = [await self._comes(person) for person in PEOPLE]
        await decide(self.pack, Decision(open_anyway=True), BECAUSE, self.bureau, at=at)
        await self.everybody_claims_at_the_next_drop(PEOPLE)

    async def _comes(self, person):
        """Somebody opens an account, the first or another one, and shows who they are."""
        newcomer = await a_resident(self.city.now, verified=False)
        identity = Identity(f"居民{person}", an_id_number(person + 1))
        self.accounts[person, self.city.accounts[person]] = newcomer.id
        return await verify_identity(newcomer, identity, KEYS, at=self.city.now)

    async def step(self, name, *arguments):
        """Play what is planned, where there is something to play it with."""
        if getattr(self.city, NEEDED.get(name, "drops")):
            self.name = name
            await getattr(self, name)(*arguments)

    async def play(self, foretold, done):
        """One act. What the model made and what the service made, or None where it is refused."""
        expected = made = foretold_refusal = refusal = None
        try:
            expected = foretold()
        except Refused as no:
            foretold_refusal = str(no)
        try:
            made = await done
        except Refusal as no:
            refusal = no.code
        self.played[self.name, refusal] += 1
        assert refusal == foretold_refusal
        return None if refusal else (expected, made)

    # time

    async def wait(self, wait):
        self.city.now += wait

    async def expire(self):
        many, expired = await self.play(self.city.expire, ending.expire_overdue(at=self.city.now))

        assert expired == many

    async def wait_for_the_next_hour_that_counts(self, early):
        """A drop opens or closes, vouchers lapse; or they are just about to."""
        moments = [
            moment - early for d in self.city.drops for moment in (d.opens, d.closes, d.closes + SECOND)
        ]
        self.city.now = min(
            (m for m in moments if m > self.city.now), default=self.city.now + timedelta(days=9)
        )

    # at a drop

    async def claim(self, person, drop):
        drop = self.city.drops[drop]
        made = await self.play(
            lambda: self.city.claim(person, drop),
            claiming.claim(self.real[drop], self.people[person], self.library, at=self.city.now),
        )
        if made:
            voucher, issued = made
            self.real[voucher] = issued.id

    async def everybody_claims_at_the_next_drop(self, crowd):
        number = next((n for n, drop in enumerate(self.city.drops) if drop.opens > self.city.now), None)
        if number is not None:
            self.city.now = self.city.drops[number].opens
            for person in crowd:
                await self.claim(person, number)

    # in the wallet

    async def present(self, which):
        await self._present(newest(self.city.vouchers, which))

    async def _present(self, voucher):
        owner = self.accounts[voucher.owner, voucher.account]
        made = await self.play(
            lambda: self.city.present(voucher),
            presenting.present(self.real[voucher], owner, self.library, KEYS, at=self.city.now),
        )
        if made:
            code, presented = made
            self.real[code] = presented

    async def void(self, which):
        voucher = newest(self.city.vouchers, which)
        await self.play(
            lambda: self.city.void(voucher),
            ending.void(self.real[voucher], BECAUSE, self.bureau, KEYS, at=self.city.now),
        )

    async def leave_and_come_back(self, person):
        await self.play(lambda: self.city.leave(person), leave(self.people[person].id, at=self.city.now))
        self.people[person] = await self._comes(person)

    async def move_identity(self, person):
        """Somebody opens another account, and support moves to it who they are."""
        target = await a_resident(self.city.now, verified=False)
        await self.play(
            lambda: self.city.move_identity(person),
            desk.move_identity(
                self.people[person].id, target.id, BECAUSE, self.support, KEYS, at=self.city.now
            ),
        )
        self.accounts[person, self.city.accounts[person]] = target.id
        self.people[person] = await Resident.get(id=target.id)

    # at a counter

    async def quote(self, which, clerk, goods, typed):
        code, (category, price, grade) = newest(self.city.codes, which), goods
        presented = self.real[code]
        shown = Shown(code=presented.code) if typed else Shown(payload=presented.payload)
        item = Item(self.library.categories[category], price, grade)
        made = await self.play(
            lambda: self.city.quote(code, clerk, category, price, grade),
            quoting.quote(shown, item, self.clerks[clerk], self.library, KEYS, at=self.city.now),
        )
        if made:
            quote, quoted = made
            self.real[quote] = quoted.quote.id
            assert quoted.quote.subsidy_fen == quote.subsidy

    async def give_back(self, which, elsewhere):
        quote = newest(self.city.quotes, which)
        clerk = (quote.clerk + elsewhere) % len(SHOP_OF)
        await self.play(
            lambda: self.city.give_back(quote, clerk),
            quoting.give_back(self.real[quote], self.clerks[clerk]),
        )

    async def redeem(self, which, elsewhere, serial, wrong, undeclared):
        quote = newest(self.city.quotes, which)
        clerk, paid = (quote.clerk + elsewhere) % len(SHOP_OF), quote.price + wrong
        sale = a_sale(
            serial_number=f"SN{serial}",
            invoice_number=f"{next(self.numbers):020d}",
            invoice_fen=paid,
            old_unit=OldUnit(declared=not undeclared),
        )
        made = await self.play(
            lambda: self.city.redeem(quote, clerk, serial, paid, declared=not undeclared),
            redeeming.redeem(self.real[quote], sale, self.clerks[clerk], self.library, at=self.city.now),
        )
        if made:
            sold, redeemed = made
            self.real[sold] = redeemed.id

    async def buy(self, which, clerk, goods, serial, wrong):
        codes, quotes = len(self.city.codes), len(self.city.quotes)
        await self._present(newest(self.city.usable, which))
        if len(self.city.codes) > codes:
            await self.quote(0, clerk, goods, typed=False)
        if len(self.city.quotes) > quotes:
            await self.redeem(0, elsewhere=False, serial=serial, wrong=wrong, undeclared=False)

    async def everybody_buys(self, clerk, price):
        for _ in self.city.usable:
            serial = BEYOND_SERIALS + next(self.numbers)
            await self.buy(0, clerk, ("fridge", price, 1), serial, wrong=False)
            if not self.city.usable:
                break

    async def correct(self, which, elsewhere, price, wrong):
        sale, paid = newest(self.city.sales, which), price + wrong
        clerk = SHOP_OF.index((sale.shop + elsewhere) % 2)
        await self.play(
            lambda: self.city.correct(sale, clerk, price, paid),
            correcting.correct_price(
                self.real[sale],
                correcting.Price(price, paid),
                BECAUSE,
                self.clerks[clerk],
                self.library,
                at=self.city.now,
            ),
        )

    async def refund(self, which, elsewhere):
        sale = newest(self.city.sales, which)
        clerk = SHOP_OF.index((sale.shop + elsewhere) % 2)
        await self.play(
            lambda: self.city.refund(sale, clerk),
            self._refund(self.real[sale], self.clerks[clerk], at=self.city.now),
        )

    async def _refund(self, sale_id, clerk, at):
        because = await refunding.prepare(sale_id, BECAUSE, clerk, KEYS, at=at)
        return await refunding.refund(sale_id, because, clerk, self.library, at=at)

    async def exchange(self, which, elsewhere, serial):
        sale = newest(self.city.sales, which)
        clerk = SHOP_OF.index((sale.shop + elsewhere) % 2)
        goods = correcting.Goods("示例牌", "BCD-501", f"SN{serial}")
        await self.play(
            lambda: self.city.exchange(sale, clerk, serial),
            correcting.exchange(
                self.real[sale], goods, BECAUSE, self.clerks[clerk], self.library, at=self.city.now
            ),
        )

    # at the bureau

    async def review(self, which, accepted):
        sale = newest(self.city.sales, which)
        await self.play(
            lambda: self.city.review(sale, accepted),
            review(self.real[sale], BECAUSE, self.reviewer, KEYS, accepted=accepted, at=self.city.now),
        )

    async def return_unspent(self):
        await self.play(
            self.city.return_unspent,
            return_unspent(self.pack, BECAUSE, self.finance, at=self.city.now),
        )

    async def settle_all(self, shop):
        day = self.city.now.date()
        made = await self.play(
            lambda: self.city.settle(shop),
            settlement.settle("yangling", self.shops[shop].id, day, self.finance, at=self.city.now),
        )
        assert_paid(made)

    async def settle_some(self, shop, chosen):
        sales = list(
            {id(sale): sale for n in sorted(chosen) for sale in [newest(self.city.sales, n)]}.values()
        )
        wanted = [self.real[sale] for sale in sales]
        made = await self.play(
            lambda: self.city.settle(shop, sales),
            settlement.settle("yangling", self.shops[shop].id, wanted, self.finance, at=self.city.now),
        )
        assert_paid(made)

    async def recover(self, which):
        sale = newest(self.city.sales, which)
        await self.play(
            lambda: self.city.recover(sale),
            settlement.recover(self.real[sale], BECAUSE, self.finance, KEYS, at=self.city.now),
        )

    async def freeze_claims(self, frozen):
        self.city.claims_frozen = frozen
        await self._decide(Decision(claims_frozen=frozen))

    async def freeze_redemptions(self, frozen):
        self.city.redemptions_frozen = frozen
        await self._decide(Decision(redemptions_frozen=frozen))

    async def grant(self, province):
        await self._decide(Decision(province_fen=province), lambda: self.city.grant(province))

    async def _decide(self, decision, foretold=lambda: None):
        await self.play(foretold, decide(self.pack, decision, BECAUSE, self.bureau, at=self.city.now))

    async def _change(self, drop, wanted, foretold):
        await self.play(
            foretold,
            change(self.real[drop], wanted, BECAUSE, self.bureau, self.library, at=self.city.now),
        )

    async def freeze_drop(self, drop, frozen):
        drop = self.city.drops[drop]
        await self._change(drop, Change(frozen=frozen), lambda: self.city.freeze_drop(drop, frozen))

    async def change_quota(self, drop, quota):
        drop = self.city.drops[drop]
        await self._change(drop, Change(quota=quota), lambda: self.city.change_quota(drop, quota))

    # what must be so after every step

    async def assert_as_foretold(self):
        city = self.city

        assert await balances("test") == city.money
        assert {
            one.id: (one.person_id, one.state, one.max_fen, one.reserved_fen, one.subsidy_fen)
            for one in await Voucher.all()
        } == {
            self.real[one]: (self.people[one.owner].person_id, one.state, one.worth, one.reserve, one.kept)
            for one in city.vouchers
        }
        assert {
            one.id: (one.state, one.price_fen, one.subsidy_fen, one.owed_fen, bool(one.flags))
            for one in await Redemption.all()
        } == {
            self.real[one]: (one.state, one.price, one.subsidy, one.owed, bool(one.flags))
            for one in city.sales
        }
