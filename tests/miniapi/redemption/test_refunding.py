import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import move_identity
from miniapi.accounts.models import Resident
from miniapi.audit.models import AuditEvent
from miniapi.clock import SHANGHAI
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balances
from miniapi.merchants.callers import Clerk
from miniapi.privacy.actions import leave
from miniapi.programmes.models import Programme
from miniapi.redemption import afterwards, refunding
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.errors import AlreadyRefunded, NoSuchRedemption, RefundTooLate
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.redemption.refunding import refund
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.settlement.actions import recover
from miniapi.staff.errors import ReasonPersonal
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import VoucherMoved
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from miniapi.vouchers.moving import move_all
from miniapi.vouchers.queries import MOMENT, used_by
from tests.factories.counter import a_clerk, a_redemption, a_sale
from tests.factories.people import a_resident
from tests.factories.season import a_drop
from tests.factories.settlement import a_payer, a_settlement

POOL, RESERVED, PAYABLE = AccountName.POOL, AccountName.RESERVED, AccountName.PAYABLE
PAID, CLAWBACK = AccountName.PAID, AccountName.CLAWBACK
FUND, SUBSIDY, FACE = 47_500_000, 52_000, 100_000
BECAUSE = "门开不了，退货"


@pytest.fixture
async def clerk(database, noon) -> Clerk:
    return await a_clerk(noon)


@pytest.fixture
async def sold(clerk, noon, library) -> Redemption:
    """A fridge of 5200 yuan, sold with a voucher of 1000."""
    return await a_redemption(noon, library, clerk=clerk)


@pytest.fixture
def returning(clerk, library, noon):
    """Goods come back to the shop that sold them."""

    async def return_goods(redemption, at=noon, by=None):
        return await refund(redemption.id, BECAUSE, by or clerk, library, at=at)

    return return_goods


async def the_books():
    """What the accounts hold that are not empty."""
    return {
        name: fen for name, fen in (await balances("test")).items() if fen and name is not AccountName.FUND
    }


async def given_back(amount, at):
    """The pool gives so much back to the fund, as if it had been given out."""
    async with in_transaction():
        await ledger.move(
            amount, POOL, AccountName.FUND, book="test", reason="test", key="test:unspent:test", at=at
        )


async def more_drops(count, noon):
    """Other drops that are open now."""
    programme = await (await Drop.first()).programme
    return [await a_drop(programme, noon - timedelta(minutes=n)) for n in range(1, count + 1)]


async def once(begun, act):
    """Do something when it is time for it, in a transaction of its own."""
    await begun.wait()
    return await act


class TestBeforeSettlement:
    async def test_cancels_the_claim_of_the_shop(self, sold, returning, database, library):
        await returning(sold)

        redemption = await Redemption.get(id=sold.id)
        assert (redemption.state, redemption.owed_fen) == (RedemptionState.REFUNDED, 0)
        assert redemption.subsidy_fen == SUBSIDY  # what it was
        assert await the_books() == {POOL: FUND - FACE, RESERVED: FACE}
        assert await differences(database, library) == []

    async def test_gives_the_voucher_back_as_it_was(self, sold, returning):
        before = await Voucher.get(id=sold.voucher_id)

        await returning(sold)

        after = await Voucher.get(id=sold.voucher_id)
        assert (after.state, after.max_fen, after.reserved_fen, after.subsidy_fen) == (
            VoucherState.ISSUED,
            FACE,
            FACE,
            0,
        )
        assert (after.code, after.rank, after.issued_at, after.valid_until) == (
            before.code,
            before.rank,
            before.issued_at,
            before.valid_until,
        )

    async def test_tells_the_buyer_and_both_histories(self, sold, returning):
        await returning(sold)

        event = await RedemptionEvent.filter(redemption_id=sold.id).order_by("-at", "-id").first()
        told = await VoucherEvent.filter(voucher_id=sold.voucher_id).order_by("-at", "-id").first()
        notice = await Notice.get(kind="refunded")
        assert (event.what, event.subsidy_fen, event.note) == (
            RedemptionAct.REFUNDED,
            0,
            f"退货：{BECAUSE}",
        )
        assert told.note == "冰箱已退货，补贴 520 元退回，累计额度恢复；券已恢复，最高减 1000 元"
        assert notice.about == "冰箱已退货，补贴 520 元退回；券已恢复，最高减 1000 元"
        assert notice.resident_id == (await sold.voucher).resident_id

    async def test_is_the_last_that_happened_though_its_clock_was_behind(
        self, sold, returning, clerk, noon, library, database
    ):
        ahead = noon + timedelta(milliseconds=5)
        await correct_price(sold.id, Price(400_000, 400_000), BECAUSE, clerk, library, at=ahead)

        refunded = await returning(sold)

        assert refunded.refunded_at == ahead + MOMENT
        assert await differences(database, library) == []

    async def test_is_on_record(self, sold, returning, clerk):
        await returning(sold)

        event = await AuditEvent.get(action="redemption.refunded")
        assert (event.actor, event.subject, event.reason) == (
            f"clerk:{clerk.id}",
            f"redemption:{sold.id}",
            BECAUSE,
        )
        assert json.loads(event.after)["returned_fen"] == SUBSIDY

    async def test_a_voucher_that_returned_can_be_used_and_returned_again(
        self, sold, returning, clerk, noon, library, database
    ):
        await returning(sold)
        again = await a_redemption(noon, library, voucher=await sold.voucher, clerk=clerk, price_fen=900_000)

        await returning(again)

        assert await the_books() == {POOL: FUND - FACE, RESERVED: FACE}
        assert await differences(database, library) == []

    async def test_the_same_piece_can_be_sold_again(self, sold, returning, clerk, noon, library):
        await returning(sold)
        same = a_sale(serial_number=sold.serial_number)

        again = await a_redemption(noon, library, clerk=clerk, sale=same)

        assert again.flags == ["serial_seen_before"]


class TestAfterSettlement:
    async def test_the_shop_owes_what_it_was_paid(self, sold, returning, noon, database, library):
        await a_settlement(noon, sold)

        await returning(sold)

        redemption = await Redemption.get(id=sold.id)
        assert (redemption.state, redemption.owed_fen) == (RedemptionState.REFUNDED, SUBSIDY)
        assert await the_books() == {POOL: FUND - FACE - SUBSIDY, RESERVED: FACE, CLAWBACK: SUBSIDY}
        assert await differences(database, library) == []

    async def test_the_voucher_gets_only_what_the_pool_can_give(
        self, sold, returning, noon, database, library
    ):
        await a_settlement(noon, sold)
        await given_back(FUND - SUBSIDY - 30_000, noon)

        await returning(sold)

        voucher = await Voucher.get(id=sold.voucher_id)
        assert (voucher.state, voucher.max_fen, voucher.reserved_fen) == (VoucherState.ISSUED, 30_000, 30_000)
        assert await the_books() == {RESERVED: 30_000, CLAWBACK: SUBSIDY}
        assert await differences(database, library) == []

    async def test_an_empty_pool_leaves_no_voucher(self, sold, returning, noon, database, library):
        await a_settlement(noon, sold)
        await given_back(FUND - SUBSIDY, noon)

        await returning(sold)

        voucher = await Voucher.get(id=sold.voucher_id)
        assert (voucher.state, voucher.max_fen, voucher.subsidy_fen) == (VoucherState.VOID, FACE, 0)
        assert await differences(database, library) == []

    async def test_before_it_an_empty_pool_still_has_what_came_back(self, sold, returning, noon):
        await given_back(FUND - SUBSIDY, noon)

        await returning(sold)

        assert (await Voucher.get(id=sold.voucher_id)).max_fen == SUBSIDY


class TestTheLedgerSumsToNoChange:
    """Whatever happened between: when the goods are back and all is over, the pool is whole again."""

    @pytest.mark.parametrize("settled", [False, True])
    @pytest.mark.parametrize("corrected", [False, True])
    @pytest.mark.parametrize("late", [timedelta(), timedelta(days=8), timedelta(days=60)])
    async def test_at_the_end(
        self, sold, returning, clerk, noon, library, database, keys, settled, corrected, late
    ):
        if corrected:
            lower = Price(400_000, 400_000)
            await correct_price(sold.id, lower, BECAUSE, clerk, library, at=noon)
        if settled:
            await a_settlement(noon, sold)

        refunded = await returning(sold, noon + late)
        if settled:
            await recover(sold.id, "商户已转账退回", await a_payer(noon), keys, at=noon + late)

        reserved = (await Voucher.get(id=sold.voucher_id)).reserved_fen
        assert refunded.subsidy_fen == (40_000 if corrected else SUBSIDY)
        assert reserved == (0 if late else FACE)
        assert {POOL: FUND - reserved, RESERVED: reserved} == {POOL: 0, RESERVED: 0} | await the_books()
        assert await differences(database, library) == []


class TestTheVoucherStaysAway:
    @pytest.mark.parametrize(
        "late", [datetime(2024, 9, 9, tzinfo=SHANGHAI), datetime(2024, 11, 20, tzinfo=SHANGHAI)]
    )
    async def test_when_its_time_is_over_but_the_money_returns(
        self, sold, returning, late, database, library
    ):
        await returning(sold, late)

        voucher = await Voucher.get(id=sold.voucher_id)
        assert (voucher.state, voucher.max_fen) == (VoucherState.EXPIRED, FACE)
        assert await the_books() == {POOL: FUND}
        assert await differences(database, library) == []

    async def test_when_the_programme_lets_none_return(
        self, sold, returning, noon, library, database, monkeypatch
    ):
        yangling = library.packs["yangling"].rules
        strict = replace(yangling.counter(noon.date()), quota_used_up=True)
        monkeypatch.setattr(yangling, "counters", (strict,))

        await returning(sold)

        assert (await Voucher.get(id=sold.voucher_id)).state is VoucherState.VOID
        assert await the_books() == {POOL: FUND}
        assert await differences(database, library) == []

    async def test_when_its_owner_has_left_who_finds_the_room_free_later(
        self, sold, returning, noon, database, library
    ):
        voucher = await sold.voucher
        await leave(voucher.resident_id, at=noon)

        await returning(sold)

        assert (await Voucher.get(id=voucher.id)).state is VoucherState.VOID
        assert await Notice.filter(resident_id=voucher.resident_id).count() == 0
        assert await used_by(voucher.person_id, (await Programme.get()).id) == 0
        assert await the_books() == {POOL: FUND}
        assert await differences(database, library) == []


class TestPersonalRoom:
    async def test_the_voucher_takes_what_is_left_of_it(self, sold, returning, noon, library, database):
        owner = await Resident.get(id=(await sold.voucher).resident_id)
        for drop in await more_drops(3, noon):
            await claim(drop.id, owner, library, at=noon)

        await returning(sold)

        reserves = (
            await Voucher.filter(person_id=owner.person_id)
            .order_by("id")
            .values_list("reserved_fen", flat=True)
        )
        assert reserves == [SUBSIDY, 100_000, 100_000, 48_000]
        assert await differences(database, library) == []

    async def test_is_not_taken_up_by_what_has_lapsed_and_no_job_has_seen(
        self, sold, returning, clerk, noon, library, keys, database
    ):
        owner = await Resident.get(id=(await sold.voucher).resident_id)
        programme = await (await Drop.first()).programme
        earlier = [await a_drop(programme, noon - timedelta(days=5, minutes=n)) for n in (0, 1)]
        for drop in (*earlier, *await more_drops(1, noon)):  # 1000 and 1000, and the 480 that are left
            await claim(drop.id, owner, library, at=noon)
        later = noon + timedelta(days=3)

        await refunding.prepare(sold.id, BECAUSE, clerk, keys, at=later)
        await returning(sold, later)

        assert (await Voucher.get(id=sold.voucher_id)).reserved_fen == FACE
        assert await used_by(owner.person_id, (await Programme.get()).id) == FACE + 48_000
        assert await differences(database, library) == []

    async def test_follows_the_person_to_another_account(self, sold, returning, noon, library, database):
        source, target = (await sold.voucher).resident_id, await a_resident(noon, verified=False)
        async with in_transaction():
            owner = await Resident.get(id=source)
            await move_identity(owner, target)
            await move_all(owner.person_id, source, target.id)

        await returning(sold)

        voucher = await Voucher.get(id=sold.voucher_id)
        assert (voucher.state, voucher.resident_id) == (VoucherState.ISSUED, target.id)
        assert (await Notice.get(kind="refunded")).resident_id == target.id
        assert await differences(database, library) == []

    async def test_a_voucher_that_is_just_moving_is_left_alone(
        self, sold, returning, noon, library, database
    ):
        source, target = (await sold.voucher).resident_id, await a_resident(noon, verified=False)
        begun = asyncio.Event()
        waiting = asyncio.create_task(once(begun, returning(sold)))

        async with in_transaction():
            await Resident.filter(id=source).select_for_update(no_key=True)
            begun.set()
            await asyncio.sleep(0.3)  # it has seen whose voucher it is, and waits for the owner
            await move_all((await sold.voucher).person_id, source, target.id)

        with pytest.raises(VoucherMoved):
            await waiting
        assert (await Redemption.get(id=sold.id)).state is RedemptionState.REDEEMED


class TestRefusals:
    async def test_goods_come_back_once(self, sold, returning, database, library):
        await returning(sold)

        with pytest.raises(AlreadyRefunded):
            await returning(sold)
        assert await the_books() == {POOL: FUND - FACE, RESERVED: FACE}

    async def test_of_many_clicks_one_wins(self, sold, returning, database, library):
        outcomes = await asyncio.gather(*(returning(sold) for _ in range(8)), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {Redemption: 1, AlreadyRefunded: 7}
        assert await differences(database, library) == []

    async def test_only_the_shop_that_sold_takes_back(self, sold, returning, noon, clerk, library):
        elsewhere, colleague = await a_clerk(noon), await a_clerk(noon, clerk.merchant)

        with pytest.raises(NoSuchRedemption):
            await returning(sold, by=elsewhere)
        with pytest.raises(NoSuchRedemption):
            await refund(new_id(), BECAUSE, clerk, library, at=noon)
        assert (await returning(sold, by=colleague)).state is RedemptionState.REFUNDED

    async def test_too_late_only_where_the_programme_says_so(
        self, sold, returning, noon, library, monkeypatch
    ):
        yangling = library.packs["yangling"].rules
        strict = replace(yangling.counter(noon.date()), refund_days=7)
        monkeypatch.setattr(yangling, "counters", (strict,))
        over = datetime(2024, 9, 9, tzinfo=SHANGHAI)

        with pytest.raises(RefundTooLate, match="09月09日 00:00") as refused:
            await returning(sold, over)
        assert [one.clause for one in refused.value.citations] == ["细则三"]
        assert (await returning(sold, over - timedelta(seconds=1))).state is RedemptionState.REFUNDED


class TestReasons:
    async def test_naming_the_buyer_are_refused_and_on_record(self, sold, clerk, noon, keys):
        with pytest.raises(ReasonPersonal):
            await afterwards.fit_reason(sold.id, "王小明说不要了", clerk, keys, at=noon)

        event = await AuditEvent.get(action="reason.refused")
        assert (event.actor, json.loads(event.after)) == (f"clerk:{clerk.id}", {"role": "clerk"})

    async def test_keep_no_number_of_anybody(self, sold, clerk, noon, keys):
        kept = await afterwards.fit_reason(sold.id, "请联系 139-8765-4321", clerk, keys, at=noon)

        assert kept == "请联系 ***"

    async def test_are_nothing_to_other_shops(self, sold, noon, keys):
        with pytest.raises(NoSuchRedemption):
            await afterwards.fit_reason(sold.id, BECAUSE, await a_clerk(noon), keys, at=noon)
