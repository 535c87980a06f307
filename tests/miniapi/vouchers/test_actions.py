import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.accounts.errors import IdentityRequired
from miniapi.drops.errors import DropNotOpen, NoSuchDrop, SoldOut
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.ledger.models import Account, AccountName
from miniapi.ledger.queries import balance
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.vouchers import actions
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.people import a_resident
from tests.factories.season import a_drop, an_open_drop

POOL, RESERVED = AccountName.POOL, AccountName.RESERVED


class TestClaim:
    async def test_gives_a_voucher_with_its_reserve(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)

        voucher = await actions.claim(drop.id, resident, library, at=noon)

        assert (voucher.rank, voucher.max_fen, voucher.reserved_fen) == (1, 100_000, 100_000)
        assert await balance("test", RESERVED) == 100_000
        assert await balance("test", POOL) == 47_400_000
        assert await Notice.filter(resident_id=resident.id, kind="claimed").count() == 1

    async def test_never_gives_more_than_there_are(self, database, noon, library):
        drop = await an_open_drop(library, noon, quota=5)
        crowd = [await a_resident(noon) for _ in range(40)]

        outcomes = await asyncio.gather(
            *(actions.claim(drop.id, person, library, at=noon) for person in crowd), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Voucher: 5, SoldOut: 35}
        assert await differences(database, library) == []

    async def test_a_person_clicking_many_times_gets_one(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)

        outcomes = await asyncio.gather(
            *(actions.claim(drop.id, resident, library, at=noon) for _ in range(20)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Voucher: 1, AlreadyClaimed: 19}
        assert await differences(database, library) == []

    async def test_an_empty_pool_is_sold_out_and_counts_nothing(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        await Account.filter(name=POOL).update(balance=99_999)

        with pytest.raises(SoldOut):
            await actions.claim(drop.id, await a_resident(noon), library, at=noon)

        assert (await Drop.get(id=drop.id)).issued == 0

    async def test_the_personal_cap_counts_what_is_reserved(self, database, noon, library):
        first = await an_open_drop(library, noon)
        programme = await first.programme
        drops = [first, *[await a_drop(programme, noon - timedelta(minutes=n)) for n in (1, 2, 3)]]
        resident = await a_resident(noon)
        for drop in drops[:3]:
            await actions.claim(drop.id, resident, library, at=noon)

        with pytest.raises(PersonalLimitReached):
            await actions.claim(drops[3].id, resident, library, at=noon)

    async def test_says_no_in_the_promised_order(self, database, noon, library):
        drop = await an_open_drop(library, noon, quota=1)
        stranger, late, first = (
            await a_resident(noon, verified=False),
            await a_resident(noon),
            await a_resident(noon),
        )
        early, over = drop.opens_at - timedelta(microseconds=1), drop.closes_at

        with pytest.raises(NoSuchDrop):
            await actions.claim(new_id(), stranger, library, at=noon)
        with pytest.raises(IdentityRequired):
            await actions.claim(drop.id, stranger, library, at=early)
        with pytest.raises(DropNotOpen):
            await actions.claim(drop.id, first, library, at=early)
        await actions.claim(drop.id, first, library, at=drop.opens_at)
        with pytest.raises(AlreadyClaimed):
            await actions.claim(drop.id, first, library, at=noon)
        with pytest.raises(SoldOut):
            await actions.claim(drop.id, late, library, at=noon)
        with pytest.raises(DropNotOpen):
            await actions.claim(drop.id, late, library, at=over)

    async def test_the_last_moment_of_a_drop_still_gives_a_voucher(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        last = drop.closes_at - timedelta(microseconds=1)

        voucher = await actions.claim(drop.id, await a_resident(noon), library, at=last)

        assert voucher.valid_until > voucher.issued_at

    async def test_a_frozen_drop_says_why(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        await Drop.filter(id=drop.id).update(frozen_because="系统维护")

        with pytest.raises(DropNotOpen, match="系统维护"):
            await actions.claim(drop.id, await a_resident(noon), library, at=noon)


class TestExpireOverdue:
    async def test_gives_the_reserve_back_once(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        voucher = await actions.claim(drop.id, resident, library, at=noon)
        over = drop.valid_until + timedelta(seconds=1)

        expired = await asyncio.gather(*(actions.expire_overdue(at=over) for _ in range(4)))

        assert sum(expired) == 1
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.EXPIRED
        assert (await balance("test", POOL), await balance("test", RESERVED)) == (47_500_000, 0)
        assert await differences(database, library) == []

    async def test_leaves_the_last_second_alone(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        await actions.claim(drop.id, await a_resident(noon), library, at=noon)

        assert await actions.expire_overdue(at=drop.valid_until + timedelta(milliseconds=999)) == 0

    async def test_one_that_cannot_be_expired_does_not_stop_those_behind_it(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        first, second = [
            await actions.claim(drop.id, await a_resident(noon), library, at=noon) for _ in range(2)
        ]
        await Voucher.filter(id=first.id).update(valid_until=drop.valid_until - timedelta(hours=1))
        await Account.filter(name=RESERVED).update(balance=second.reserved_fen)
        await Voucher.filter(id=first.id).update(reserved_fen=200_000_00, max_fen=200_000_00)

        expired = await actions.expire_overdue(at=drop.valid_until + timedelta(seconds=1))

        assert expired == 1
        assert (await Voucher.get(id=first.id)).state is VoucherState.ISSUED
        assert (await Voucher.get(id=second.id)).state is VoucherState.EXPIRED


class TestVoidAll:
    async def test_never_ends_a_voucher_before_it_was_issued(self, database, noon, library):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        await actions.claim(drop.id, resident, library, at=noon + timedelta(milliseconds=5))

        async with in_transaction():
            await actions.void_all(resident.id, at=noon)

        assert await differences(database, library) == []

    async def test_never_waits_in_a_circle_with_what_expires(self, database, noon, library):
        drop = await an_open_drop(library, noon)
        leavers = [await a_resident(noon) for _ in range(8)]
        later = await a_drop(drop.programme, noon - timedelta(hours=1))
        for resident in leavers:
            await actions.claim(drop.id, resident, library, at=noon)
            lapsed = await actions.claim(later.id, resident, library, at=noon)
            await Voucher.filter(id=lapsed.id).update(valid_until=noon + timedelta(minutes=1))

        over = noon + timedelta(hours=1)
        await asyncio.gather(
            *(void_one(resident, over) for resident in leavers), actions.expire_overdue(at=over)
        )

        assert await Voucher.filter(state=VoucherState.ISSUED).count() == 0
        assert await differences(database, library) == []


async def void_one(resident, at):
    async with in_transaction():
        await held(resident.id)
        await actions.void_all(resident.id, at=at)
