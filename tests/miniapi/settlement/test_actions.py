import asyncio
import json
from collections import Counter
from datetime import date, timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balances
from miniapi.merchants.callers import Clerk
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.errors import NoSuchRedemption
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.redemption.refunding import refund
from miniapi.reports.audit import differences
from miniapi.settlement.actions import Settled, recover, settle
from miniapi.settlement.errors import AlreadyRecovered, NoSuchMerchant, NothingOwed, NothingToSettle
from miniapi.settlement.models import Settlement, SettlementLine
from miniapi.staff.errors import ReasonPersonal
from tests.factories.counter import a_clerk, a_redemption, a_sale, a_shop, a_voucher
from tests.factories.settlement import a_payer, a_settlement

POOL, RESERVED, PAYABLE = AccountName.POOL, AccountName.RESERVED, AccountName.PAYABLE
PAID, CLAWBACK = AccountName.PAID, AccountName.CLAWBACK
BECAUSE, GIVEN_BACK = "门开不了，退货", "商户已转账退回"


@pytest.fixture
async def clerk(database, noon) -> Clerk:
    return await a_clerk(noon)


@pytest.fixture
async def payer(database, noon):
    return await a_payer(noon)


@pytest.fixture
async def sales(clerk, noon, library) -> list[Redemption]:
    """Two fridges of one shop, 5200 yuan each."""
    return [await a_redemption(noon, library, clerk=clerk) for _ in range(2)]


async def the_books():
    """What the accounts hold beside the pool."""
    return {
        name: fen for name, fen in (await balances("test")).items() if fen and name not in ("fund", "pool")
    }


class TestSettle:
    async def test_pays_what_a_shop_advanced(self, sales, clerk, payer, noon, database, library):
        ids = [one.id for one in sales]

        settled = await settle("yangling", clerk.merchant.id, ids, payer, at=noon)

        assert (settled.settlement.amount_fen, settled.left_out) == (104_000, [])
        assert {line.redemption_id: line.amount_fen for line in settled.settlement.lines} == dict.fromkeys(
            ids, 52_000
        )
        assert await the_books() == {PAID: 104_000}
        for one in await Redemption.filter(id__in=ids):
            assert (one.state, one.settled_at) == (RedemptionState.SETTLED, noon)
        assert await differences(database, library) == []

    async def test_is_told_by_each_redemption_and_on_record_once(self, sales, clerk, payer, noon):
        settled = await settle("yangling", clerk.merchant.id, [one.id for one in sales], payer, at=noon)

        events = await RedemptionEvent.filter(what=RedemptionAct.SETTLED).order_by("redemption_id")
        recorded = await AuditEvent.get(action="settlement.paid")
        assert [(one.redemption_id, one.subsidy_fen) for one in events] == [(one.id, 52_000) for one in sales]
        assert (recorded.actor, recorded.subject) == (
            f"staff:{payer.id}",
            f"settlement:{settled.settlement.id}",
        )
        assert json.loads(recorded.after)["amount_fen"] == 104_000

    async def test_any_day_can_be_named(self, sales, clerk, payer, noon):
        with pytest.raises(NothingToSettle):
            await settle("yangling", clerk.merchant.id, date.min, payer, at=noon)

        settled = await settle("yangling", clerk.merchant.id, date.max, payer, at=noon)

        assert settled.settlement.amount_fen == 104_000

    async def test_up_to_a_day_and_on_it(self, sales, clerk, payer, noon, library):
        tomorrow = noon.replace(day=2, hour=0)
        await a_redemption(tomorrow, library, clerk=clerk)
        await a_redemption(noon, library)  # another shop's

        settled = await settle("yangling", clerk.merchant.id, date(2024, 9, 1), payer, at=tomorrow)

        paid = {line.redemption_id for line in settled.settlement.lines}
        assert paid == {one.id for one in sales}

    async def test_of_a_corrected_price_pays_what_it_is_now(self, sales, clerk, payer, noon, library):
        await correct_price(sales[0].id, Price(400_000, 400_000), BECAUSE, clerk, library, at=noon)

        settled = await a_settlement(noon, *sales)

        assert settled.settlement.amount_fen == 92_000

    async def test_leaves_out_what_must_be_looked_at_first(
        self, sales, clerk, payer, noon, library, database
    ):
        doubtful = await a_redemption(noon, library, clerk=clerk, sale=a_sale(invoice_fen=1))
        paid_before = await a_redemption(noon, library, clerk=clerk)
        returned = await a_redemption(noon, library, clerk=clerk)
        await a_settlement(noon, paid_before)
        await refund(returned.id, BECAUSE, clerk, library, at=noon)

        settled = await a_settlement(noon, *sales, doubtful, paid_before, returned)

        assert settled.settlement.amount_fen == 104_000
        assert {one.redemption.id: one.because for one in settled.left_out} == {
            doubtful.id: "flagged",
            paid_before.id: "settled",
            returned.id: "refunded",
        }
        assert await differences(database, library) == []

    async def test_of_nothing_is_refused(self, clerk, payer, noon, library):
        doubtful = await a_redemption(noon, library, clerk=clerk, sale=a_sale(invoice_fen=1))

        for wanted in ([doubtful.id], date(2024, 9, 1), date(2024, 8, 31)):
            with pytest.raises(NothingToSettle):
                await settle("yangling", clerk.merchant.id, wanted, payer, at=noon)
        assert await Settlement.all().count() == 0

    async def test_pays_a_shop_for_its_own_sales_only(self, sales, clerk, payer, noon, library):
        elsewhere = await a_redemption(noon, library)

        for wanted in ([sales[0].id, elsewhere.id], [new_id()]):
            with pytest.raises(NoSuchRedemption):
                await settle("yangling", clerk.merchant.id, wanted, payer, at=noon)
        assert await the_books() == {PAYABLE: 156_000}

    async def test_knows_the_shops_of_a_region(self, sales, clerk, payer, noon):
        in_jining = await a_shop(region="jining")

        for region, shop in (("jining", clerk.merchant), ("yangling", in_jining)):
            with pytest.raises(NoSuchMerchant):
                await settle(region, shop.id, [one.id for one in sales], payer, at=noon)

    async def test_pays_once_however_often_it_is_asked(self, sales, noon, database, library):
        outcomes = await asyncio.gather(
            *(a_settlement(noon, *sales) for _ in range(6)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Settled: 1, NothingToSettle: 5}
        assert await SettlementLine.all().count() == 2
        assert await differences(database, library) == []

    async def test_of_overlapping_lists_never_waits_in_a_circle(self, clerk, noon, library, database):
        sales = [await a_redemption(noon, library, clerk=clerk) for _ in range(6)]

        await asyncio.gather(
            *(a_settlement(noon, *sales[n:], *sales[:n]) for n in range(6)), return_exceptions=True
        )

        assert await the_books() == {PAID: 6 * 52_000}
        assert await differences(database, library) == []


class TestRecover:
    @pytest.fixture
    async def owed(self, clerk, noon, library) -> Redemption:
        """Goods that came back after their shop was paid, when no voucher returns any more."""
        sold = await a_redemption(noon, library, voucher=await a_voucher(noon, library), clerk=clerk)
        await a_settlement(noon, sold)
        return await refund(sold.id, BECAUSE, clerk, library, at=noon + timedelta(days=60))

    async def test_gives_the_pool_what_the_shop_owed(self, owed, payer, noon, keys, database, library):
        at = noon + timedelta(days=61)

        recovered = await recover(owed.id, GIVEN_BACK, payer, keys, at=at)

        assert (recovered.recovered_at, recovered.owed_fen) == (at, 52_000)
        assert await the_books() == {}
        assert (await balances("test"))[POOL] == 47_500_000
        assert await differences(database, library) == []

    async def test_is_told_and_on_record(self, owed, payer, noon, keys):
        await recover(owed.id, GIVEN_BACK, payer, keys, at=noon + timedelta(days=61))

        event = await RedemptionEvent.get(what=RedemptionAct.RECOVERED)
        recorded = await AuditEvent.get(action="redemption.recovered")
        assert event.note == f"商户退回补贴 520 元：{GIVEN_BACK}"
        assert (recorded.actor, recorded.subject, recorded.reason) == (
            f"staff:{payer.id}",
            f"redemption:{owed.id}",
            GIVEN_BACK,
        )

    async def test_happens_once(self, owed, payer, noon, keys, database, library):
        outcomes = await asyncio.gather(
            *(recover(owed.id, GIVEN_BACK, payer, keys, at=noon) for _ in range(5)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Redemption: 1, AlreadyRecovered: 4}
        assert await the_books() == {}
        assert await differences(database, library) == []

    async def test_needs_something_that_is_owed(self, sales, clerk, payer, noon, keys, library):
        await a_settlement(noon, sales[0])
        await refund(sales[1].id, BECAUSE, clerk, library, at=noon)

        for one in sales:
            with pytest.raises(NothingOwed):
                await recover(one.id, GIVEN_BACK, payer, keys, at=noon)
        with pytest.raises(NoSuchRedemption):
            await recover(new_id(), GIVEN_BACK, payer, keys, at=noon)

    async def test_never_names_the_buyer(self, owed, payer, noon, keys):
        with pytest.raises(ReasonPersonal):
            await recover(owed.id, "王小明的冰箱，商户已退", payer, keys, at=noon)
