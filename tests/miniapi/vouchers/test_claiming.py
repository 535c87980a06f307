import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.accounts.errors import IdentityRequired
from miniapi.database import sql
from miniapi.drops.errors import DropNotOpen, NoSuchDrop, SoldOut
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.ledger.models import Account, AccountName
from miniapi.ledger.queries import balance
from miniapi.programmes.models import Programme
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.vouchers import claiming
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.issuing import Issued
from miniapi.vouchers.models import Voucher
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme, an_open_drop

POOL, RESERVED = AccountName.POOL, AccountName.RESERVED
READ = """
    SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables WHERE relname = 'voucher'
"""


class TestClaim:
    async def test_gives_a_voucher_with_its_reserve(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)

        voucher = await claiming.claim(drop.id, resident, library, at=noon)

        assert (voucher.rank, voucher.max_fen, voucher.reserved_fen) == (1, 100_000, 100_000)
        assert await balance("test", RESERVED) == 100_000
        assert await balance("test", POOL) == 47_400_000
        assert await Notice.filter(resident_id=resident.id, kind="claimed").count() == 1

    async def test_never_gives_more_than_there_are(self, database, noon, library):
        drop = await an_open_drop(library, noon, quota=5)
        crowd = [await a_resident(noon) for _ in range(40)]

        outcomes = await asyncio.gather(
            *(claiming.claim(drop.id, person, library, at=noon) for person in crowd), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Voucher: 5, SoldOut: 35}
        assert await differences(database, library) == []

    async def test_a_person_clicking_many_times_gets_one(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)

        outcomes = await asyncio.gather(
            *(claiming.claim(drop.id, resident, library, at=noon) for _ in range(20)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Voucher: 1, AlreadyClaimed: 19}
        assert await differences(database, library) == []

    async def test_reads_none_of_the_vouchers_of_others_however_many_the_drop_gave(
        self, database, noon, library
    ):
        drop = await an_open_drop(library, noon, quota=1000)
        crowd = [await a_resident(noon) for _ in range(60)]
        async with in_transaction():  # one session, whose plans are made while there is no voucher
            offers = claiming.Offers(library)
            for person in crowd:
                await claiming.claim_all([claiming.Claim(drop.id, person)], offers, None, at=noon)
            (before,) = await sql.rows(READ)
            await claiming.claim_all([claiming.Claim(drop.id, crowd[0])], offers, None, at=noon)
            (after,) = await sql.rows(READ)

        assert after["rows"] - before["rows"] <= 3

    async def test_an_empty_pool_is_sold_out_and_counts_nothing(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        await Account.filter(name=POOL).update(balance=99_999)

        with pytest.raises(SoldOut):
            await claiming.claim(drop.id, await a_resident(noon), library, at=noon)

        assert (await Drop.get(id=drop.id)).issued == 0

    async def test_the_personal_cap_counts_what_is_reserved(self, database, noon, library):
        first = await an_open_drop(library, noon)
        programme = await first.programme
        drops = [first, *[await a_drop(programme, noon - timedelta(minutes=n)) for n in (1, 2, 3)]]
        resident = await a_resident(noon)
        for drop in drops[:3]:
            await claiming.claim(drop.id, resident, library, at=noon)

        with pytest.raises(PersonalLimitReached):
            await claiming.claim(drops[3].id, resident, library, at=noon)

    async def test_another_programme_has_caps_of_its_own(self, database, noon, library):
        first, resident = await an_open_drop(library, noon), await a_resident(noon)
        this_year = [
            first,
            *[await a_drop(await first.programme, noon - timedelta(minutes=n)) for n in (1, 2)],
        ]
        next_year = await a_drop(await a_programme(library, noon, code="next"), noon - timedelta(minutes=3))
        for drop in this_year:
            await claiming.claim(drop.id, resident, library, at=noon)

        voucher = await claiming.claim(next_year.id, resident, library, at=noon)

        assert voucher.max_fen == 100_000
        assert await differences(database, library) == []

    async def test_says_no_in_the_promised_order(self, database, noon, library):
        drop = await an_open_drop(library, noon, quota=1)
        stranger, late, first = (
            await a_resident(noon, verified=False),
            await a_resident(noon),
            await a_resident(noon),
        )
        early, over = drop.opens_at - timedelta(microseconds=1), drop.closes_at

        with pytest.raises(NoSuchDrop):
            await claiming.claim(new_id(), stranger, library, at=noon)
        with pytest.raises(IdentityRequired):
            await claiming.claim(drop.id, stranger, library, at=early)
        with pytest.raises(DropNotOpen):
            await claiming.claim(drop.id, first, library, at=early)
        await claiming.claim(drop.id, first, library, at=drop.opens_at)
        with pytest.raises(AlreadyClaimed):
            await claiming.claim(drop.id, first, library, at=noon)
        with pytest.raises(SoldOut):
            await claiming.claim(drop.id, late, library, at=noon)
        with pytest.raises(DropNotOpen):
            await claiming.claim(drop.id, late, library, at=over)

    async def test_the_last_moment_of_a_drop_still_gives_a_voucher(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        last = drop.closes_at - timedelta(microseconds=1)

        voucher = await claiming.claim(drop.id, await a_resident(noon), library, at=last)

        assert voucher.valid_until > voucher.issued_at

    async def test_a_frozen_drop_says_why(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        await Drop.filter(id=drop.id).update(frozen_because="系统维护")

        with pytest.raises(DropNotOpen, match="系统维护"):
            await claiming.claim(drop.id, await a_resident(noon), library, at=noon)


class TestADropReadAMomentAgo:
    """Offers are kept for a moment: what happens to a drop meanwhile counts all the same."""

    async def claims(self, offers, drop, resident, noon):
        (outcome,) = await claiming.claim_all([claiming.Claim(drop.id, resident)], offers, None, at=noon)
        return outcome

    @pytest.mark.parametrize(
        "change",
        [
            {"frozen_because": "核查中"},
            {"opens_at": timedelta(hours=1)},
            {"closes_at": timedelta(0)},
            {"quota": 1},
        ],
        ids=lambda change: next(iter(change)),
    )
    async def test_gives_nothing_out_that_is_not_to_be_had_any_more(self, database, noon, library, change):
        drop, offers = await an_open_drop(library, noon, quota=2), claiming.Offers(library)
        first, second = await a_resident(noon), await a_resident(noon)
        await self.claims(offers, drop, first, noon)
        changed = {name: noon + to if isinstance(to, timedelta) else to for name, to in change.items()}
        await Drop.filter(id=drop.id).update(**changed)

        refused = await self.claims(offers, drop, second, noon)

        assert isinstance(refused, DropNotOpen | SoldOut)
        assert await Voucher.filter(drop=drop).count() == 1

    async def test_a_frozen_programme_gives_nothing_out(self, database, noon, library):
        drop, offers = await an_open_drop(library, noon, quota=2), claiming.Offers(library)
        await self.claims(offers, drop, await a_resident(noon), noon)
        await Programme.all().update(claims_frozen_because="核查中")

        refused = await self.claims(offers, drop, await a_resident(noon), noon)

        assert isinstance(refused, DropNotOpen)

    async def test_nobody_is_refused_on_what_was_true_a_moment_ago(self, database, noon, library):
        drop, offers = await an_open_drop(library, noon, quota=1), claiming.Offers(library)
        await self.claims(offers, drop, await a_resident(noon), noon)
        assert isinstance(await self.claims(offers, drop, await a_resident(noon), noon), SoldOut)
        await Drop.filter(id=drop.id).update(quota=2)

        given = await self.claims(offers, drop, await a_resident(noon), noon)

        assert isinstance(given, Issued)
        assert given.rank == 2
