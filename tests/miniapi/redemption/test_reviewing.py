import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balances
from miniapi.programmes.models import Programme
from miniapi.redemption.correcting import Goods, Price, correct_price, exchange
from miniapi.redemption.errors import (
    AlreadyRefunded,
    AlreadyRejected,
    NoSuchRedemption,
    NothingToReview,
)
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.redemption.refunding import refund
from miniapi.redemption.reviewing import review
from miniapi.reports.audit import differences
from miniapi.settlement.actions import recover
from miniapi.settlement.errors import NothingToSettle
from miniapi.staff.errors import ReasonPersonal
from miniapi.vouchers.models import Voucher, VoucherState
from miniapi.vouchers.queries import MOMENT, used_by
from tests.factories.counter import a_clerk, a_redemption, a_sale
from tests.factories.people import KEYS
from tests.factories.reviewing import a_reviewer
from tests.factories.settlement import a_payer, a_settlement

POOL, RESERVED, PAYABLE = AccountName.POOL, AccountName.RESERVED, AccountName.PAYABLE
PAID, CLAWBACK = AccountName.PAID, AccountName.CLAWBACK
FUND, SUBSIDY, FACE = 47_500_000, 52_000, 100_000
BECAUSE, RETURNED = "发票已向商户核实", "门开不了，退货"


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
async def reviewer(database, noon):
    return await a_reviewer(noon)


@pytest.fixture
async def doubtful(clerk, noon, library) -> Redemption:
    """A fridge of 5200 yuan whose invoice says 5000."""
    return await a_redemption(noon, library, clerk=clerk, sale=a_sale(invoice_fen=500_000))


@pytest.fixture
async def sold(clerk, noon, library) -> Redemption:
    """A fridge of 5200 yuan about which nothing is strange."""
    return await a_redemption(noon, library, clerk=clerk)


@pytest.fixture
def saying(reviewer, noon):
    """The reviewer says of a sale whether it is in order."""

    async def say(redemption, accepted, at=noon, because=BECAUSE):
        return await review(redemption.id, because, reviewer, KEYS, accepted=accepted, at=at)

    return say


async def the_books():
    """What the accounts hold that are not empty."""
    return {name: fen for name, fen in (await balances("test")).items() if fen and name != "fund"}


class TestAccepted:
    async def test_a_sale_with_flags_can_be_settled(self, doubtful, saying, noon, database, library):
        with pytest.raises(NothingToSettle):
            await a_settlement(noon, doubtful)

        accepted = await saying(doubtful, True)
        settled = await a_settlement(noon, doubtful)

        assert (accepted.state, accepted.flags) == (RedemptionState.REDEEMED, [])
        assert settled.settlement.amount_fen == SUBSIDY
        assert await differences(database, library) == []

    async def test_its_history_and_the_log_keep_what_the_flags_were(self, doubtful, saying, reviewer):
        await saying(doubtful, True)

        event = await RedemptionEvent.get(what=RedemptionAct.ACCEPTED)
        recorded = await AuditEvent.get(action="redemption.accepted")
        assert (event.subsidy_fen, event.note) == (SUBSIDY, f"复核通过：{BECAUSE}")
        assert (recorded.actor, recorded.subject, recorded.reason) == (
            reviewer.actor,
            f"redemption:{doubtful.id}",
            BECAUSE,
        )
        assert json.loads(recorded.before)["flags"] == ["invoice_mismatch"]
        assert json.loads(recorded.after)["flags"] == []

    async def test_a_new_doubt_is_a_new_question(self, doubtful, saying, clerk, noon, library):
        await saying(doubtful, True)
        await correct_price(doubtful.id, Price(400_000, 300_000), RETURNED, clerk, library, at=noon)

        with pytest.raises(NothingToSettle):
            await a_settlement(noon, doubtful)

    async def test_only_where_there_is_a_question(self, sold, saying):
        with pytest.raises(NothingToReview):
            await saying(sold, True)


class TestRejected:
    async def test_the_claim_of_the_shop_is_the_pools_again(
        self, doubtful, saying, reviewer, database, library
    ):
        rejected = await saying(doubtful, False)

        event = await RedemptionEvent.get(what=RedemptionAct.REJECTED)
        recorded = await AuditEvent.get(action="redemption.rejected")
        assert (rejected.state, rejected.owed_fen) == (RedemptionState.REJECTED, 0)
        assert await the_books() == {POOL: FUND}
        assert (event.subsidy_fen, event.note) == (0, f"复核未通过，补贴 520 元不予结算：{BECAUSE}")
        assert (recorded.actor, recorded.reason) == (reviewer.actor, BECAUSE)
        assert await differences(database, library) == []

    async def test_it_is_never_settled(self, doubtful, saying, noon):
        await saying(doubtful, False)

        with pytest.raises(NothingToSettle) as refused:
            await a_settlement(noon, doubtful)
        assert refused.value.facts["left_out"] == {str(doubtful.id): "rejected"}

    async def test_the_buyer_keeps_what_was_taken_off(self, doubtful, saying):
        await saying(doubtful, False)

        voucher = await Voucher.get(id=doubtful.voucher_id)
        assert (voucher.state, voucher.subsidy_fen) == (VoucherState.REDEEMED, SUBSIDY)
        assert await used_by(voucher.person_id, (await Programme.get()).id) == SUBSIDY

    async def test_also_without_a_flag(self, sold, saying):
        assert (await saying(sold, False)).state is RedemptionState.REJECTED

    async def test_after_it_was_settled_the_shop_owes(self, sold, saying, noon, keys, database, library):
        await a_settlement(noon, sold)

        rejected = await saying(sold, False)
        owing = await the_books()
        await recover(sold.id, "商户已转账退回", await a_payer(noon), keys, at=noon)

        assert rejected.owed_fen == SUBSIDY
        assert owing == {POOL: FUND - SUBSIDY, CLAWBACK: SUBSIDY}
        assert await the_books() == {POOL: FUND}
        assert await differences(database, library) == []

    @pytest.mark.parametrize("settled", [False, True])
    async def test_goods_may_come_back_and_no_money_moves_twice(
        self, sold, saying, clerk, noon, database, library, settled
    ):
        if settled:
            await a_settlement(noon, sold)
        await saying(sold, False)

        refunded = await refund(sold.id, RETURNED, clerk, library, at=noon)

        owed = SUBSIDY if settled else 0
        voucher = await Voucher.get(id=sold.voucher_id)
        assert (refunded.state, refunded.owed_fen) == (RedemptionState.REFUNDED, owed)
        assert (voucher.state, voucher.reserved_fen) == (VoucherState.ISSUED, FACE)
        assert {CLAWBACK: 0} | await the_books() == {
            POOL: FUND - FACE - owed,
            RESERVED: FACE,
            CLAWBACK: owed,
        }
        assert await differences(database, library) == []

    async def test_goods_that_come_back_give_an_empty_pool_nothing(
        self, sold, saying, clerk, noon, database, library
    ):
        await saying(sold, False)
        async with in_transaction():
            await ledger.move(
                FUND, POOL, AccountName.FUND, book="test", reason="test", key="test:unspent:test", at=noon
            )

        refunded = await refund(sold.id, RETURNED, clerk, library, at=noon)

        assert refunded.state is RedemptionState.REFUNDED
        assert (await Voucher.get(id=sold.voucher_id)).state is VoucherState.VOID
        assert await the_books() == {}
        assert await differences(database, library) == []

    async def test_nothing_about_it_can_be_set_right(self, doubtful, saying, clerk, noon, library):
        await saying(doubtful, False)

        with pytest.raises(AlreadyRejected):
            await correct_price(doubtful.id, Price(400_000, 400_000), RETURNED, clerk, library, at=noon)
        with pytest.raises(AlreadyRejected):
            await exchange(doubtful.id, Goods("示例牌", "B", "SN77"), RETURNED, clerk, library, at=noon)
        for accepted in (True, False):
            with pytest.raises(AlreadyRejected):
                await saying(doubtful, accepted)


class TestEither:
    async def test_is_the_last_that_happened_though_its_clock_was_behind(
        self, doubtful, saying, clerk, noon, library, database
    ):
        ahead = noon + timedelta(milliseconds=5)
        await correct_price(doubtful.id, Price(400_000, 300_000), RETURNED, clerk, library, at=ahead)

        rejected = await saying(doubtful, False)

        assert rejected.rejected_at == ahead + MOMENT
        assert await differences(database, library) == []

    async def test_not_of_goods_that_came_back(self, doubtful, saying, clerk, noon, library):
        await refund(doubtful.id, RETURNED, clerk, library, at=noon)

        for accepted in (True, False):
            with pytest.raises(AlreadyRefunded):
                await saying(doubtful, accepted)

    async def test_not_of_what_there_is_not(self, reviewer, noon):
        with pytest.raises(NoSuchRedemption):
            await review(new_id(), BECAUSE, reviewer, KEYS, accepted=True, at=noon)

    async def test_never_names_the_buyer(self, doubtful, saying):
        with pytest.raises(ReasonPersonal):
            await saying(doubtful, True, because="王小明的发票已核实")

    async def test_of_many_at_once_one_counts(self, sold, saying, clerk, noon, database, library):
        outcomes = await asyncio.gather(
            *(saying(sold, False) for _ in range(4)),
            a_settlement(noon, sold),
            refund(sold.id, RETURNED, clerk, library, at=noon),
            return_exceptions=True,
        )

        kinds = Counter(map(type, outcomes))
        assert kinds[AlreadyRejected] + kinds[AlreadyRefunded] >= 3
        assert (await Redemption.get(id=sold.id)).state in (
            RedemptionState.REJECTED,
            RedemptionState.REFUNDED,
        )
        assert await differences(database, library) == []
