import asyncio
import json
import time
from datetime import timedelta
from types import SimpleNamespace

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from miniapi import ids
from miniapi.accounts.actions import held
from miniapi.audit.models import AuditEvent
from miniapi.errors import Refusal
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import Account, AccountName
from miniapi.ledger.queries import balance
from miniapi.logs import request_id
from miniapi.privacy.actions import leave
from miniapi.redemption.models import CounterQuote, QuoteState
from miniapi.redemption.redeeming import redeem
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from miniapi.staff.errors import ReasonPersonal
from miniapi.vouchers import ending
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import NoSuchVoucher, VoucherEnded, VoucherMoved
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from miniapi.vouchers.queries import MOMENT
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_sale, a_voucher
from tests.factories.people import KEYS, a_resident
from tests.factories.season import a_drop, an_open_drop
from tests.factories.staff import a_staff

POOL, RESERVED = AccountName.POOL, AccountName.RESERVED
BECAUSE = "同一户重复领取，经核实作废"


@pytest.fixture
async def drop(database, noon, library):
    return await an_open_drop(library, noon)


@pytest.fixture
async def resident(database, noon):
    return await a_resident(noon)


@pytest.fixture
async def voucher(drop, resident, noon, library):
    return await claim(drop.id, resident, library, at=noon)


@pytest.fixture
async def officer(database, noon):
    return Bureau(await a_staff(noon), "")


async def written_down(action):
    return [event for event in await AuditEvent.all().order_by("seq") if event.action == action]


async def moved_behind_our_back(voucher, reason, at):
    """Move money under the key that an end of this voucher will want, as nothing of ours does."""
    key = f"voucher:{voucher.id}:{reason}"
    assert await ledger.move(1, RESERVED, POOL, book="test", reason="error", key=key, at=at)


class TestExpireOverdue:
    async def test_gives_the_reserve_back_once(self, database, drop, voucher, library):
        over = drop.valid_until + timedelta(seconds=1)

        expired = await asyncio.gather(*(ending.expire_overdue(at=over) for _ in range(4)))

        assert sum(expired) == 1
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.EXPIRED
        assert (await balance("test", POOL), await balance("test", RESERVED)) == (47_500_000, 0)
        assert await differences(database, library) == []

    async def test_puts_each_voucher_on_record(self, drop, voucher):
        over = drop.valid_until + timedelta(seconds=1)

        await ending.expire_overdue(at=over)

        (event,) = await written_down("voucher.expired")
        assert (event.actor, event.subject, event.at) == (
            "job:expire_vouchers",
            f"voucher:{voucher.id}",
            over,
        )
        assert json.loads(event.before) == {"state": "issued", "reserved_fen": 100_000}
        assert json.loads(event.after) == {"state": "expired", "reserved_fen": 0}

    async def test_leaves_the_last_second_alone(self, drop, voucher):
        assert await ending.expire_overdue(at=drop.valid_until + timedelta(milliseconds=999)) == 0

    async def test_one_that_cannot_be_expired_does_not_stop_those_behind_it(
        self, drop, voucher, library, noon
    ):
        second = await claim(drop.id, await a_resident(noon), library, at=noon)
        await Voucher.filter(id=voucher.id).update(valid_until=drop.valid_until - timedelta(hours=1))
        await Account.filter(name=RESERVED).update(balance=second.reserved_fen)
        await Voucher.filter(id=voucher.id).update(reserved_fen=200_000_00, max_fen=200_000_00)

        expired = await ending.expire_overdue(at=drop.valid_until + timedelta(seconds=1))

        assert expired == 1
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED
        assert (await Voucher.get(id=second.id)).state is VoucherState.EXPIRED

    async def test_one_that_somebody_holds_for_too_long_does_not_stop_them_either(
        self, database, drop, voucher, library, noon
    ):
        second = await claim(drop.id, await a_resident(noon), library, at=noon)
        other = await asyncpg.connect(database)

        async with other.transaction():
            await other.execute("SELECT FROM voucher WHERE id = $1 FOR UPDATE", voucher.id)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await ending.expire_overdue(at=drop.valid_until + timedelta(seconds=1))

        await other.close()
        assert (await Voucher.get(id=second.id)).state is VoucherState.EXPIRED

    async def test_one_whose_money_has_moved_before_is_left_as_it_is(self, drop, voucher, noon):
        await moved_behind_our_back(voucher, "expiry", noon)

        expired = await ending.expire_overdue(at=drop.valid_until + timedelta(seconds=1))

        assert expired == 0
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED
        assert await written_down("voucher.expired") == []


class TestEndAll:
    async def test_never_ends_a_voucher_before_it_was_issued(self, database, drop, resident, noon, library):
        await claim(drop.id, resident, library, at=noon + timedelta(milliseconds=5))

        await leave_vouchers(resident, noon)

        assert await differences(database, library) == []

    async def test_is_on_record_with_the_time_that_the_history_says(
        self, database, drop, resident, noon, library
    ):
        ahead = noon + timedelta(milliseconds=5)
        await claim(drop.id, resident, library, at=ahead)

        await leave(resident.id, at=noon)

        (event,) = await written_down("voucher.voided")
        assert event.at == ahead + MOMENT
        assert (await VoucherEvent.get(state=VoucherState.VOID)).at == ahead + MOMENT

    async def test_never_waits_in_a_circle_with_what_expires(self, database, drop, noon, library):
        leavers = [await a_resident(noon) for _ in range(8)]
        later = await a_drop(await drop.programme, noon - timedelta(hours=1))
        for resident in leavers:
            await claim(drop.id, resident, library, at=noon)
            lapsed = await claim(later.id, resident, library, at=noon)
            await Voucher.filter(id=lapsed.id).update(valid_until=noon + timedelta(minutes=1))

        over = noon + timedelta(hours=1)
        await asyncio.gather(
            *(leave_vouchers(resident, over) for resident in leavers), ending.expire_overdue(at=over)
        )

        assert await Voucher.filter(state=VoucherState.ISSUED).count() == 0
        assert await differences(database, library) == []

    async def test_gives_an_open_quote_back(self, database, voucher, resident, noon, library):
        quoted = await a_counter_quote(voucher, await a_clerk(noon), library, at=noon)

        await leave_vouchers(resident, noon)

        assert (await CounterQuote.get(id=quoted.quote.id)).state is QuoteState.GIVEN_BACK
        assert await differences(database, library) == []

    async def test_breaks_off_where_the_money_has_moved_before(self, voucher, resident, noon):
        await moved_behind_our_back(voucher, "void", noon)

        with pytest.raises(MovedBefore, match=f"voucher:{voucher.id}:void"):
            await leave_vouchers(resident, noon)

        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED


async def leave_vouchers(resident, at):
    async with in_transaction():
        await held(resident.id)
        await ending.end_all(resident.id, at=at)


class TestVoid:
    async def test_gives_the_reserve_back_and_writes_down_why(
        self, database, drop, voucher, officer, noon, library, keys
    ):
        request_id.set("a" * 32)

        await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)

        found = await Voucher.get(id=voucher.id)
        assert (found.state, found.reserved_fen) == (VoucherState.VOID, 0)
        assert (await balance("test", POOL), await balance("test", RESERVED)) == (47_500_000, 0)
        (event,) = await written_down("voucher.voided")
        assert (event.actor, event.subject, event.reason) == (
            officer.actor,
            f"voucher:{voucher.id}",
            BECAUSE,
        )
        assert event.request == "a" * 32
        assert json.loads(event.after) == {"state": "void", "reserved_fen": 0}
        assert await differences(database, library) == []

    async def test_tells_the_owner_why_and_how_to_object(self, voucher, resident, officer, noon, keys):
        await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)

        notice = await Notice.get(resident_id=resident.id, kind="ticket")
        last = await VoucherEvent.filter(voucher_id=voucher.id).order_by("-id").first()
        assert last is not None
        for words in (notice.about, last.note):
            assert BECAUSE in words
            assert "投诉工单" in words

    async def test_gives_an_open_quote_back(self, database, voucher, officer, noon, library, keys):
        quoted = await a_counter_quote(voucher, await a_clerk(noon), library, at=noon)

        await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)

        assert (await CounterQuote.get(id=quoted.quote.id)).state is QuoteState.GIVEN_BACK

    async def test_of_what_has_ended_is_refused(self, drop, voucher, officer, noon, library, keys):
        lapsed = await claim(drop.id, await a_resident(noon), library, at=noon)
        await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)

        with pytest.raises(VoucherEnded) as again:
            await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)
        with pytest.raises(VoucherEnded) as late:
            await ending.void(lapsed.id, BECAUSE, officer, keys, at=drop.valid_until + timedelta(seconds=1))

        assert (again.value.facts["state"], late.value.facts["state"]) == ("void", "expired")
        assert len(await written_down("voucher.voided")) == 1

    async def test_of_a_redeemed_one_is_refused(self, voucher, officer, noon, library, keys):
        await a_redemption(noon, library, voucher=voucher)

        with pytest.raises(VoucherEnded):
            await ending.void(voucher.id, BECAUSE, officer, keys, at=noon)

    async def test_and_a_sale_at_the_same_time_are_one_of_the_two(
        self, database, drop, officer, noon, library, keys
    ):
        clerk = await a_clerk(noon)
        for _ in range(6):
            voucher = await a_voucher(noon, library, drop)
            quoted = await a_counter_quote(voucher, clerk, library, at=noon)

            outcomes = await asyncio.gather(
                redeem(quoted.quote.id, a_sale(), clerk, library, at=noon),
                ending.void(voucher.id, BECAUSE, officer, keys, at=noon),
                return_exceptions=True,
            )

            assert sum(isinstance(one, Refusal) for one in outcomes) == 1, outcomes
        assert await differences(database, library) == []

    async def test_of_none_is_refused(self, officer, noon, keys):
        with pytest.raises(NoSuchVoucher):
            await ending.void(new_id(), BECAUSE, officer, keys, at=noon)

    async def test_for_a_reason_that_names_the_owner_is_refused(self, voucher, officer, noon, keys):
        with pytest.raises(ReasonPersonal):
            await ending.void(voucher.id, "王小明重复领取", officer, keys, at=noon)

        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED

    async def test_of_somebody_who_is_leaving_ends_it_once(
        self, database, voucher, resident, officer, noon, library, keys
    ):
        outcomes = await asyncio.gather(
            leave(resident.id, at=noon),
            ending.void(voucher.id, BECAUSE, officer, keys, at=noon),
            return_exceptions=True,
        )

        assert all(one is None or isinstance(one, Voucher | VoucherEnded) for one in outcomes), outcomes
        assert (await Voucher.get(id=voucher.id)).state is VoucherState.VOID
        assert await differences(database, library) == []

    async def test_of_what_another_account_has_by_now_is_refused(
        self, database, voucher, resident, officer, noon, keys
    ):
        other = await a_resident(noon, verified=False)
        connection = await asyncpg.connect(database)
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM resident WHERE id = $1 FOR NO KEY UPDATE", resident.id)
                voiding = asyncio.create_task(ending.void(voucher.id, BECAUSE, officer, keys, at=noon))
                await somebody_waits(connection)
                await connection.execute(
                    "UPDATE voucher SET resident_id = $2 WHERE id = $1", voucher.id, other.id
                )
            with pytest.raises(VoucherMoved):
                await voiding
        finally:
            await connection.close()

        assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED


async def somebody_waits(connection):
    """Somebody wants what this connection has locked."""
    while not await connection.fetchval(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    ):
        await asyncio.sleep(0.01)


async def test_a_history_is_in_order_though_the_last_act_was_of_a_host_whose_clock_is_behind(
    database, officer, voucher, noon, library, monkeypatch
):
    behind = SimpleNamespace(time_ns=lambda: time.time_ns() - 5_000_000_000)
    monkeypatch.setattr(ids, "time", behind)  # so its keys come before the earlier ones
    monkeypatch.setattr(ids, "_last", 0)

    await ending.void(voucher.id, "核对", officer, KEYS, at=noon - timedelta(milliseconds=3))

    events = await VoucherEvent.filter(voucher_id=voucher.id).order_by("at", "id")
    assert [event.state for event in events] == [VoucherState.ISSUED, VoucherState.VOID]
    assert await differences(database, library) == []
