import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from faq.rules import CounterRule
from miniapi.audit.models import AuditEvent
from miniapi.ledger.models import AccountName, Transfer
from miniapi.ledger.queries import balance
from miniapi.pickup import actions as pickups
from miniapi.pickup.errors import NoSuchPickup, NotBooked
from miniapi.privacy import actions as privacy
from miniapi.programmes.models import Programme
from miniapi.redemption import quoting, redeeming
from miniapi.redemption.errors import (
    InvoiceMismatch,
    InvoiceTaken,
    NoSuchQuote,
    PickupTaken,
    QuoteExpired,
    QuoteUsed,
    RedemptionClosed,
    RedemptionsFrozen,
    SerialTaken,
    TradeInRequired,
    VoucherLocked,
)
from miniapi.redemption.models import CounterQuote, QuoteState, Redemption, RedemptionEvent, RedemptionState
from miniapi.redemption.redeeming import OldUnit
from miniapi.reminders.actions import ask
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reports.audit import differences
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.errors import PresentationExpired, PresentationUsed, VoucherNotUsable
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from tests.factories.counter import (
    a_clerk,
    a_counter_quote,
    a_redemption,
    a_sale,
    a_voucher,
)
from tests.factories.people import KEYS, a_resident
from tests.factories.season import a_drop
from tests.factories.slots import a_slot

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
POOL, RESERVED, PAYABLE = AccountName.POOL, AccountName.RESERVED, AccountName.PAYABLE


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
def sell(library):
    """Redeem a quote, of a fridge unless told otherwise."""

    async def redeem(quoted, clerk, at, **facts):
        return await redeeming.redeem(quoted.quote.id, a_sale(**facts), clerk, library, at=at)

    return redeem


async def a_pickup(resident_id, at, library):
    slot = await a_slot(at)
    items, door = [pickups.OldItem(library.categories["tv"])], pickups.Door("杨陵区", "示例路 8 号")
    return await pickups.book(resident_id, slot.id, items, door, None, KEYS, at=at)


class TestRedeem:
    async def test_makes_the_subsidy_payable_and_gives_the_rest_back(
        self, voucher, clerk, database, noon, library
    ):
        redemption = await a_redemption(noon, library, voucher=voucher, clerk=clerk)

        assert (redemption.subsidy_fen, redemption.payable_fen) == (52_000, 468_000)
        assert (redemption.state, redemption.flags) == (RedemptionState.REDEEMED, [])
        assert await balance("test", PAYABLE) == 52_000
        assert await balance("test", RESERVED) == 0
        assert await balance("test", POOL) == 47_500_000 - 52_000
        used = await Voucher.get(id=voucher.id)
        assert (used.state, used.subsidy_fen, used.reserved_fen) == (VoucherState.REDEEMED, 52_000, 0)
        assert (await CounterQuote.get()).state is QuoteState.USED
        assert await differences(database, library) == []

    async def test_where_nothing_is_left_over_nothing_goes_back(
        self, voucher, clerk, database, noon, library
    ):
        await a_redemption(noon, library, voucher=voucher, clerk=clerk, price_fen=1_200_000)

        moved = await Transfer.filter(key__startswith=f"voucher:{voucher.id}").count()
        assert moved == 2  # reserved when claimed, payable now
        assert await balance("test", PAYABLE) == 100_000
        assert await differences(database, library) == []

    async def test_tells_the_histories_the_buyer_and_the_log(self, voucher, clerk, noon, library):
        redemption = await a_redemption(noon, library, voucher=voucher, clerk=clerk)

        note = f"在{clerk.merchant.name}核销，立减 520 元"
        told = await VoucherEvent.filter(voucher_id=voucher.id).order_by("id")
        assert [(event.state, event.note) for event in told] == [("issued", "领取成功"), ("redeemed", note)]
        assert (await RedemptionEvent.get()).note == note
        notice = await Notice.get(kind="redeemed")
        assert (notice.resident_id, notice.subject) == (voucher.resident_id, redemption.id)
        assert (notice.fields_json["thing1"], notice.fields_json["amount2"]) == ("冰箱", "520元")
        event = await AuditEvent.get(action="voucher.redeemed")
        assert (event.actor, event.subject) == (f"clerk:{clerk.id}", f"voucher:{voucher.id}")
        assert f'"redemption":"{redemption.id}"' in event.after
        assert f'"reserved_fen":{voucher.max_fen}' in event.before

    async def test_nobody_is_reminded_of_what_was_used(self, voucher, clerk, noon, library):
        occasion = await vouchers.occasion(voucher.id, voucher.resident_id, noon)
        reminder = await ask(voucher.resident_id, occasion, minutes_before=60, at=noon)

        await a_redemption(noon, library, voucher=voucher, clerk=clerk)

        assert (await Notice.get(id=reminder.id)).state is NoticeState.CANCELLED

    async def test_keeps_its_word_whatever_the_price_on_the_invoice(
        self, voucher, clerk, noon, library, sell
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        redemption = await sell(quoted, clerk, noon, invoice_fen=468_000)

        assert (redemption.subsidy_fen, redemption.price_fen) == (52_000, 520_000)
        assert redemption.flags == ["invoice_mismatch"]

    async def test_a_programme_may_refuse_an_invoice_over_another_sum(
        self, voucher, clerk, noon, library, sell, monkeypatch
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)
        strict = CounterRule(noon.date(), None, True, "refuse", "yangling#细则三")
        monkeypatch.setattr(library.packs["yangling"].rules, "counters", (strict,))

        with pytest.raises(InvoiceMismatch) as refused:
            await sell(quoted, clerk, noon, invoice_fen=468_000)

        assert refused.value.citations == ()  # the document names no invoice
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED

    async def test_a_clerk_who_buys_for_themselves_is_looked_at(self, voucher, noon, library):
        owner = await a_clerk(noon, resident=await voucher.resident)

        redemption = await a_redemption(noon, library, voucher=voucher, clerk=owner)

        assert redemption.flags == ["own_voucher"]

    async def test_keeps_working_while_others_claim(self, database, noon, library, sell):
        first = await a_voucher(noon, library)
        clerks = [await a_clerk(noon) for _ in range(6)]
        quotes = [
            await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon) for clerk in clerks
        ]
        crowd = [await a_resident(noon) for _ in range(12)]

        sales = (sell(quoted, clerk, noon) for quoted, clerk in zip(quotes, clerks, strict=True))
        outcomes = await asyncio.gather(
            *sales, *(claim(first.drop_id, person, library, at=noon) for person in crowd)
        )

        assert Counter(map(type, outcomes)) == {Redemption: 6, Voucher: 12}
        assert await differences(database, library) == []


class TestOldUnit:
    async def test_must_be_declared_with_the_clause(self, voucher, clerk, noon, library, sell):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(TradeInRequired) as refused:
            await sell(quoted, clerk, noon, old_unit=OldUnit(declared=False))

        assert [cited.clause for cited in refused.value.citations] == ["细则三"]
        assert (await CounterQuote.get()).state is QuoteState.OPEN

    async def test_is_not_asked_for_where_the_programme_does_not(
        self, voucher, clerk, noon, library, sell, monkeypatch
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)
        lenient = CounterRule(noon.date(), None, False, "flag", "yangling#细则三")
        monkeypatch.setattr(library.packs["yangling"].rules, "counters", (lenient,))

        assert await sell(quoted, clerk, noon, old_unit=OldUnit(declared=False))

    async def test_may_be_of_any_kind_and_collected_by_us(self, voucher, clerk, noon, library, sell):
        pickup = await a_pickup(voucher.resident_id, noon, library)
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        sofa = OldUnit(True, library.categories["sofa"], pickup.id)
        redemption = await sell(quoted, clerk, noon, old_unit=sofa)

        assert (redemption.trade_in_category, redemption.pickup_id) == ("sofa", pickup.id)

    async def test_of_somebody_else_is_not_there(self, voucher, clerk, noon, library, sell):
        theirs = await a_pickup((await a_resident(noon)).id, noon, library)
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(NoSuchPickup):
            await sell(quoted, clerk, noon, old_unit=OldUnit(True, None, theirs.id))

    async def test_nobody_collects_any_more_is_none(self, voucher, clerk, noon, library, sell):
        pickup = await a_pickup(voucher.resident_id, noon, library)
        await pickups.cancel(pickup.id, voucher.resident_id, None, KEYS, at=noon)
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(NotBooked):
            await sell(quoted, clerk, noon, old_unit=OldUnit(True, None, pickup.id))

    async def test_supports_one_redemption(self, voucher, clerk, noon, library, sell):
        resident = await voucher.resident
        pickup = await a_pickup(resident.id, noon, library)
        earlier = await a_drop(await Programme.get(), noon - timedelta(hours=1))
        other = await claim(earlier.id, resident, library, at=noon)
        old = OldUnit(True, None, pickup.id)
        await sell(await a_counter_quote(voucher, clerk, library, at=noon), clerk, noon, old_unit=old)
        again = await a_counter_quote(other, clerk, library, at=noon)

        with pytest.raises(PickupTaken):
            await sell(again, clerk, noon, old_unit=old)

        assert (await Voucher.get(id=other.id)).state is VoucherState.ISSUED


class TestNumbers:
    async def test_are_used_once(self, voucher, clerk, database, noon, library, sell):
        await a_redemption(noon, library, sale=a_sale(serial_number="SN1", invoice_number="F1"))
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(SerialTaken):
            await sell(quoted, clerk, noon, serial_number="SN1")
        with pytest.raises(InvoiceTaken):
            await sell(quoted, clerk, noon, invoice_number="F1")

        assert (await CounterQuote.get(id=quoted.quote.id)).state is QuoteState.OPEN
        assert await sell(quoted, clerk, noon)
        assert await differences(database, library) == []

    async def test_one_of_goods_that_came_back_may_come_again_and_is_looked_at(
        self, voucher, clerk, noon, library, sell
    ):
        first = await a_redemption(noon, library, sale=a_sale(serial_number="SN1", invoice_number="F1"))
        await Redemption.filter(id=first.id).update(state=RedemptionState.REFUNDED, refunded_at=noon)
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        redemption = await sell(quoted, clerk, noon, serial_number="SN1", invoice_number="F1")

        assert redemption.flags == ["serial_seen_before", "invoice_seen_before"]

    async def test_one_thing_sold_twice_at_once_is_sold_once(self, database, noon, library, sell):
        clerks = [await a_clerk(noon) for _ in range(8)]
        quotes = [
            await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon) for clerk in clerks
        ]

        outcomes = await asyncio.gather(
            *(
                sell(quoted, clerk, noon, serial_number="SN1")
                for quoted, clerk in zip(quotes, clerks, strict=True)
            ),
            return_exceptions=True,
        )

        assert Counter(map(type, outcomes)) == {Redemption: 1, SerialTaken: 7}
        assert await Voucher.filter(state=VoucherState.REDEEMED).count() == 1
        assert await differences(database, library) == []


class TestRaces:
    async def test_one_voucher_at_twenty_counters_is_redeemed_once(self, database, noon, library, sell):
        voucher, clerks = await a_voucher(noon, library), [await a_clerk(noon) for _ in range(20)]

        async def at_a_counter(clerk):
            quoted = await a_counter_quote(voucher, clerk, library, at=noon)
            return await sell(quoted, clerk, noon)

        outcomes = await asyncio.gather(*map(at_a_counter, clerks), return_exceptions=True)

        kinds = Counter(map(type, outcomes))
        assert kinds[Redemption] == 1
        assert set(kinds) <= {
            Redemption,
            VoucherLocked,
            VoucherNotUsable,
            PresentationExpired,
            PresentationUsed,
        }
        assert await balance("test", PAYABLE) == 52_000
        assert await differences(database, library) == []

    async def test_one_quote_redeemed_twenty_times_is_redeemed_once(
        self, voucher, clerk, database, noon, library, sell
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        outcomes = await asyncio.gather(
            *(sell(quoted, clerk, noon) for _ in range(20)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Redemption: 1, QuoteUsed: 19}
        assert await differences(database, library) == []

    async def test_sold_given_back_and_left_at_once_one_of_them_comes_true(
        self, database, noon, library, sell
    ):
        clerk = await a_clerk(noon)
        quotes = [
            await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon) for _ in range(6)
        ]

        outcomes = await asyncio.gather(
            *(
                act
                for quoted in quotes
                for act in (
                    sell(quoted, clerk, noon),
                    quoting.give_back(quoted.quote.id, clerk),
                    privacy.leave(quoted.voucher.resident_id, at=noon),
                )
            ),
            return_exceptions=True,
        )

        assert {type(one) for one in outcomes} <= {
            Redemption,
            type(None),
            QuoteUsed,
            QuoteExpired,
            VoucherNotUsable,
        }
        assert await Voucher.filter(state=VoucherState.ISSUED).count() == 0
        assert await differences(database, library) == []

    async def test_a_person_never_keeps_more_than_the_cap(self, database, noon, library, sell):
        first = await a_voucher(noon, library)
        resident, programme = await first.resident, await Programme.get()
        drops = [await a_drop(programme, noon - timedelta(minutes=n)) for n in range(1, 5)]
        claimed = await asyncio.gather(
            *(claim(drop.id, resident, library, at=noon) for drop in drops), return_exceptions=True
        )
        own = [first, *(one for one in claimed if isinstance(one, Voucher))]

        async def at_a_counter(voucher):
            clerk = await a_clerk(noon)
            quoted = await a_counter_quote(voucher, clerk, library, at=noon, price_fen=1_500_000)
            return await sell(quoted, clerk, noon)

        redeemed = await asyncio.gather(*map(at_a_counter, own))

        assert sum(one.subsidy_fen for one in redeemed) == 300_000
        assert await vouchers.kept_by(resident, programme.id) == 300_000
        assert await differences(database, library) == []


class TestTooLate:
    async def test_after_ten_minutes(self, voucher, clerk, noon, library, sell):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(QuoteExpired):
            await sell(quoted, clerk, noon + 10 * MINUTE)
        assert await sell(quoted, clerk, noon + 10 * MINUTE - SECOND)

    async def test_after_the_last_second_of_the_voucher(self, voucher, clerk, database, library, sell):
        two_to_midnight = voucher.valid_until - timedelta(seconds=119)
        quoted = await a_counter_quote(voucher, clerk, library, at=two_to_midnight)
        other = await a_counter_quote(
            await a_voucher(two_to_midnight, library), clerk, library, at=two_to_midnight
        )
        midnight = voucher.valid_until + SECOND

        assert await sell(other, clerk, midnight - timedelta(milliseconds=1))
        with pytest.raises(QuoteExpired):
            await sell(quoted, clerk, midnight)
        await expire_overdue(at=midnight)
        with pytest.raises(QuoteExpired):
            await sell(quoted, clerk, midnight)
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.EXPIRED
        assert await differences(database, library) == []

    async def test_after_the_clerk_quoted_anew_or_gave_it_back(self, voucher, clerk, noon, library, sell):
        first = await a_counter_quote(voucher, clerk, library, at=noon)
        second = await a_counter_quote(voucher, clerk, library, at=noon)

        with pytest.raises(QuoteExpired):
            await sell(first, clerk, noon)
        await quoting.give_back(second.quote.id, clerk)
        with pytest.raises(QuoteExpired):
            await sell(second, clerk, noon)

    async def test_after_the_voucher_was_taken_back(self, voucher, clerk, noon, library, sell):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)
        await Voucher.filter(id=voucher.id).update(state=VoucherState.VOID, reserved_fen=0)

        with pytest.raises(VoucherNotUsable, match="作废"):
            await sell(quoted, clerk, noon)

    async def test_after_redemptions_were_frozen_or_the_programme_ended(
        self, voucher, clerk, noon, library, sell
    ):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        await Programme.all().update(redemptions_frozen_because="系统核对")
        with pytest.raises(RedemptionsFrozen, match="系统核对"):
            await sell(quoted, clerk, noon)
        await Programme.all().update(redemptions_frozen_because=None, closes_at=noon)
        with pytest.raises(RedemptionClosed):
            await sell(quoted, clerk, noon)

    async def test_for_anybody_but_the_clerk_who_promised(self, voucher, clerk, noon, library, sell):
        quoted = await a_counter_quote(voucher, clerk, library, at=noon)

        for somebody in (await a_clerk(noon, clerk.merchant), await a_clerk(noon)):
            with pytest.raises(NoSuchQuote):
                await sell(quoted, somebody, noon)


async def test_a_clerk_who_leaves_stays_as_a_key_of_what_they_did(voucher, clerk, database, noon, library):
    redemption = await a_redemption(noon, library, voucher=voucher, clerk=clerk)

    await privacy.leave(clerk.id, at=noon)

    assert (await Redemption.get()).clerk_id == clerk.id
    assert (await CounterQuote.get(id=redemption.quote_id)).clerk_id == clerk.id
    assert await differences(database, library) == []


async def test_a_buyer_who_leaves_has_still_bought(voucher, clerk, database, noon, library):
    await a_redemption(noon, library, voucher=voucher, clerk=clerk)

    await privacy.leave(voucher.resident_id, at=noon)

    assert (await Voucher.get()).state is VoucherState.REDEEMED
    assert await balance("test", PAYABLE) == 52_000
    assert await differences(database, library) == []
