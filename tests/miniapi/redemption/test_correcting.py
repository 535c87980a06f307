import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balance
from miniapi.merchants.callers import Clerk
from miniapi.redemption.correcting import Goods, Price, correct_price, exchange
from miniapi.redemption.errors import (
    AlreadyRefunded,
    AlreadySettled,
    InvoiceMismatch,
    NoSuchRedemption,
    PriceOnlyDown,
    PriceTooLow,
    SerialTaken,
)
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent
from miniapi.redemption.refunding import refund
from miniapi.reports.audit import differences
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState
from tests.factories.counter import a_clerk, a_redemption, a_sale
from tests.factories.settlement import a_settlement

POOL, PAYABLE = AccountName.POOL, AccountName.PAYABLE
BECAUSE = "开票时少减了活动价"
OTHER = Goods("示例牌", "BCD-501", "SN-NEW")


@pytest.fixture
async def clerk(database, noon) -> Clerk:
    return await a_clerk(noon)


@pytest.fixture
async def sold(clerk, noon, library) -> Redemption:
    """A fridge of 5200 yuan."""
    return await a_redemption(noon, library, clerk=clerk)


@pytest.fixture
def correcting(clerk, noon, library):
    """The price turns out to be another one."""

    async def correct(redemption, price_fen, invoice_fen=None, by=None):
        price = Price(price_fen, price_fen if invoice_fen is None else invoice_fen)
        return await correct_price(redemption.id, price, BECAUSE, by or clerk, library, at=noon)

    return correct


@pytest.fixture
def exchanging(clerk, noon, library):
    """Another piece is handed out."""

    async def hand_out(redemption, goods=OTHER, by=None):
        return await exchange(redemption.id, goods, "压缩机有异响", by or clerk, library, at=noon)

    return hand_out


async def last(events):
    return await events.order_by("-at", "-id").first()


class TestALowerPrice:
    async def test_takes_the_subsidy_down_with_it(self, sold, correcting, database, library):
        pool = await balance("test", POOL)

        await correcting(sold, 499_999)

        redemption, voucher = await Redemption.get(id=sold.id), await Voucher.get(id=sold.voucher_id)
        assert (redemption.price_fen, redemption.subsidy_fen, redemption.payable_fen) == (
            499_999,
            49_999,
            450_000,
        )
        assert (voucher.state, voucher.subsidy_fen) == (VoucherState.REDEEMED, 49_999)
        assert (await balance("test", POOL), await balance("test", PAYABLE)) == (pool + 2_001, 49_999)
        assert await differences(database, library) == []

    async def test_can_come_down_again(self, sold, correcting, database, library):
        await correcting(sold, 400_000)
        await correcting(sold, 300_000)

        assert await balance("test", PAYABLE) == 30_000
        assert await differences(database, library) == []

    async def test_above_the_cap_changes_no_subsidy(self, clerk, noon, library, correcting, database):
        dear = await a_redemption(noon, library, clerk=clerk, price_fen=2_000_000)

        await correcting(dear, 1_500_000)

        assert (await Redemption.get(id=dear.id)).subsidy_fen == 100_000
        assert await differences(database, library) == []

    async def test_is_told_to_the_buyer_and_goes_on_record(self, sold, correcting, clerk):
        await correcting(sold, 500_000)

        event = await last(RedemptionEvent.filter(redemption_id=sold.id))
        told = await last(VoucherEvent.filter(voucher_id=sold.voucher_id))
        recorded = await AuditEvent.get(action="redemption.corrected")
        assert (event.what, event.subsidy_fen) == (RedemptionAct.CORRECTED, 50_000)
        assert event.note == f"成交价由 5200 元更正为 5000 元：{BECAUSE}"
        assert (told.state, told.note) == (
            VoucherState.REDEEMED,
            "成交价由 5200 元更正为 5000 元，补贴由 520 元改为 500 元",
        )
        assert (recorded.actor, recorded.reason) == (f"clerk:{clerk.id}", BECAUSE)
        assert json.loads(recorded.before)["price_fen"] == 520_000
        assert json.loads(recorded.after)["subsidy_fen"] == 50_000

    async def test_raises_a_doubt_about_the_invoice_and_never_takes_one_away(self, sold, correcting):
        flagged = await correcting(sold, 500_000, 520_000)
        again = await correcting(sold, 480_000)

        assert flagged.flags == again.flags == ["invoice_mismatch"]

    async def test_keeps_the_other_flags(self, clerk, noon, library, correcting):
        first = await a_redemption(noon, library, clerk=clerk)
        await refund(first.id, BECAUSE, clerk, library, at=noon)
        same = a_sale(serial_number=first.serial_number)
        again = await a_redemption(noon, library, clerk=clerk, sale=same)

        corrected = await correcting(again, 500_000)

        assert corrected.flags == ["serial_seen_before"]

    @pytest.mark.parametrize("price", [520_000, 520_001])
    async def test_is_never_a_higher_one(self, sold, correcting, price):
        with pytest.raises(PriceOnlyDown, match="5200"):
            await correcting(sold, price)

    async def test_that_leaves_no_subsidy_is_a_refund(self, sold, correcting):
        with pytest.raises(PriceTooLow):
            await correcting(sold, 9)

    async def test_comes_before_the_settlement(self, sold, correcting, noon):
        await a_settlement(noon, sold)

        with pytest.raises(AlreadySettled):
            await correcting(sold, 500_000)

    async def test_comes_before_the_refund(self, sold, correcting, clerk, library, noon):
        await refund(sold.id, BECAUSE, clerk, library, at=noon)

        with pytest.raises(AlreadyRefunded):
            await correcting(sold, 500_000)

    async def test_is_the_business_of_the_shop_that_sold(self, sold, correcting, noon):
        with pytest.raises(NoSuchRedemption):
            await correcting(sold, 500_000, by=await a_clerk(noon))

    async def test_needs_a_fitting_invoice_where_the_programme_says_so(
        self, sold, correcting, noon, library, monkeypatch
    ):
        yangling = library.packs["yangling"].rules
        strict = replace(yangling.counter(noon.date()), invoice_mismatch="refuse")
        monkeypatch.setattr(yangling, "counters", (strict,))

        with pytest.raises(InvoiceMismatch):
            await correcting(sold, 500_000, 520_000)

    async def test_corrected_many_times_at_once_ends_at_one_price(self, sold, correcting, database, library):
        outcomes = await asyncio.gather(
            *(correcting(sold, price) for price in (500_000, 500_000, 400_000, 400_000)),
            return_exceptions=True,
        )

        assert set(map(type, outcomes)) == {Redemption, PriceOnlyDown}
        assert (await Redemption.get(id=sold.id)).subsidy_fen == 40_000
        assert await differences(database, library) == []

    async def test_corrected_and_settled_at_once_is_paid_what_it_is_worth(
        self, clerk, noon, library, correcting, database
    ):
        sales = [await a_redemption(noon, library, clerk=clerk) for _ in range(4)]

        await asyncio.gather(
            *(correcting(one, 400_000) for one in sales), a_settlement(noon, *sales), return_exceptions=True
        )

        paid = await Redemption.filter(settled_at__isnull=False)
        assert len(paid) == 4
        assert await balance("test", AccountName.PAID) == sum(one.subsidy_fen for one in paid)
        assert await differences(database, library) == []


class TestAnotherPiece:
    async def test_changes_the_number_and_no_money(self, sold, exchanging, database, library):
        await exchanging(sold)

        redemption = await Redemption.get(id=sold.id)
        assert (redemption.model, redemption.serial_number) == ("BCD-501", "SN-NEW")
        assert (redemption.state, redemption.subsidy_fen) == (sold.state, sold.subsidy_fen)
        assert await balance("test", PAYABLE) == sold.subsidy_fen
        assert await differences(database, library) == []

    async def test_is_told_and_goes_on_record(self, sold, exchanging):
        await exchanging(sold)

        event = await last(RedemptionEvent.filter(redemption_id=sold.id))
        told = await last(VoucherEvent.filter(voucher_id=sold.voucher_id))
        recorded = await AuditEvent.get(action="redemption.exchanged")
        assert (event.what, event.note) == (
            RedemptionAct.EXCHANGED,
            "换货，新序列号 SN-NEW：压缩机有异响",
        )
        assert (told.state, told.note) == (VoucherState.REDEEMED, "已换货，补贴不变")
        assert json.loads(recorded.before)["serial_number"] == sold.serial_number
        assert json.loads(recorded.after)["serial_number"] == "SN-NEW"

    async def test_can_be_handed_out_after_the_settlement(self, sold, exchanging, noon):
        await a_settlement(noon, sold)

        assert (await exchanging(sold)).serial_number == "SN-NEW"

    async def test_frees_the_old_number_and_remembers_it(self, sold, exchanging, clerk, noon, library):
        await exchanging(sold)

        resold = await a_redemption(noon, library, clerk=clerk, sale=a_sale(serial_number=sold.serial_number))

        assert resold.flags == ["serial_seen_before"]

    async def test_that_somebody_has_is_not_handed_out(self, sold, exchanging, clerk, noon, library):
        other = await a_redemption(noon, library, clerk=clerk)

        for taken in (other.serial_number, sold.serial_number):
            with pytest.raises(SerialTaken):
                await exchanging(sold, Goods("示例牌", "BCD-501", taken))

    async def test_that_came_back_once_is_looked_at(self, sold, exchanging, clerk, noon, library):
        returned = await a_redemption(noon, library, clerk=clerk)
        await refund(returned.id, BECAUSE, clerk, library, at=noon)

        exchanged = await exchanging(sold, Goods("示例牌", "BCD-501", returned.serial_number))

        assert exchanged.flags == ["serial_seen_before"]

    async def test_is_none_for_goods_that_came_back(self, sold, exchanging, clerk, noon, library):
        await refund(sold.id, BECAUSE, clerk, library, at=noon)

        with pytest.raises(AlreadyRefunded):
            await exchanging(sold)

    async def test_is_the_business_of_the_shop_that_sold(self, sold, exchanging, noon):
        with pytest.raises(NoSuchRedemption):
            await exchanging(sold, by=await a_clerk(noon))

    async def test_is_handed_out_once_when_two_want_it(self, sold, exchanging, clerk, noon, library):
        other = await a_redemption(noon, library, clerk=clerk)

        outcomes = await asyncio.gather(exchanging(sold), exchanging(other), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {Redemption: 1, SerialTaken: 1}
