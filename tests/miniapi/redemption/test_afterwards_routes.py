from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.redemption.models import Redemption, RedemptionState
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.counter import a_clerk, a_redemption, a_voucher
from tests.factories.settlement import a_settlement

EXCHANGED = {"brand": "示例牌", "model": "BCD-501", "serial_number": "ｓｎ 77", "reason": "异响"}


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
async def sold(clerk, noon, library):
    """A fridge of 5200 yuan."""
    return await a_redemption(noon, library, clerk=clerk)


@pytest.fixture
def saying(web, clerk, sold):
    """What a clerk says of the sale after it."""

    async def say(what, by=clerk, **facts):
        facts = {"reason": "门开不了"} | facts
        return await web.post(f"/merchant/redemptions/{sold.id}/{what}", by=by.account, **facts)

    return say


class TestRefund:
    async def test_shows_what_became_of_the_sale_and_of_the_voucher(self, saying, sold):
        answer = await saying("refund")

        assert answer.status == 200
        assert (answer.json["id"], answer.json["state"]) == (str(sold.id), "refunded")
        assert answer.json["voucher"] == {
            "id": str(sold.voucher_id),
            "state": "issued",
            "valid_until": "2024-09-08T23:59:59+08:00",
        }
        assert [one["what"] for one in answer.json["history"]] == ["redeemed", "refunded"]
        assert answer.json["history"][-1]["note"] == "退货：门开不了"

    async def test_shows_the_owner_each_step(self, web, saying, sold):
        await saying("refund")

        owner = await (await sold.voucher).resident
        history = (await web.get(f"/vouchers/{sold.voucher_id}", by=owner)).json["history"]
        assert [one["state"] for one in history] == ["issued", "redeemed", "issued"]
        assert "补贴 520 元退回" in history[-1]["note"]

    async def test_what_has_lapsed_is_expired_before_it(self, saying, noon, library):
        lapsed = await a_voucher(noon, library)
        await Voucher.filter(id=lapsed.id).update(
            issued_at=noon - timedelta(hours=1), valid_until=noon - timedelta(seconds=1)
        )

        answer = await saying("refund")

        assert answer.status == 200
        assert (await Voucher.get(id=lapsed.id)).state is VoucherState.EXPIRED

    async def test_a_shop_that_was_paid_owes(self, saying, sold, noon):
        await a_settlement(noon, sold)

        answer = await saying("refund")

        assert (answer.json["state"], answer.json["owed_fen"]) == ("refunded", 52_000)

    async def test_twice_is_refused_and_with_the_same_key_is_the_same(self, web, clerk, saying, sold):
        path, key = f"/merchant/redemptions/{sold.id}/refund", {"Idempotency-Key": "k"}
        first = await web.post(path, by=clerk.account, headers=key, reason="门开不了")
        again = await web.post(path, by=clerk.account, headers=key, reason="门开不了")

        twice = await saying("refund")

        assert (first.status, again.status) == (200, 200)
        assert first.json == again.json
        assert (twice.status, twice.json["code"]) == (409, "already_refunded")

    async def test_of_what_another_shop_sold_or_nobody_is_not_found(self, web, saying, noon, clerk):
        elsewhere = await saying("refund", by=await a_clerk(noon))
        unknown = await web.post(f"/merchant/redemptions/{new_id()}/refund", by=clerk.account, reason="无")

        assert (elsewhere.status, elsewhere.json["code"]) == (404, "not_found")
        assert (unknown.status, unknown.json["code"]) == (404, "not_found")

    async def test_naming_the_buyer_is_refused_and_stays_on_record(self, web, clerk, sold):
        answer = await web.post(
            f"/merchant/redemptions/{sold.id}/refund",
            by=clerk.account,
            headers={"Idempotency-Key": "k"},
            reason="王小明不要了",
        )

        assert (answer.status, answer.json["code"]) == (422, "reason_personal")
        assert await AuditEvent.filter(action="reason.refused", actor=clerk.actor).count() == 1
        assert (await Redemption.get(id=sold.id)).state is RedemptionState.REDEEMED

    @pytest.mark.parametrize("reason", ["", "  ", "长" * 101])
    async def test_says_why_and_not_too_much(self, saying, reason):
        answer = await saying("refund", reason=reason)

        assert (answer.status, answer.json["code"]) == (422, "invalid_request")


class TestCorrection:
    async def test_shows_the_new_sums(self, saying):
        answer = await saying("correction", price_fen=500_000, invoice_fen=500_000)

        assert answer.status == 200
        sums = {name: answer.json[name] for name in ("price_fen", "subsidy_fen", "payable_fen", "flags")}
        assert sums == {"price_fen": 500_000, "subsidy_fen": 50_000, "payable_fen": 450_000, "flags": []}

    @pytest.mark.parametrize(
        ("price", "status", "code"),
        [(520_000, 409, "price_only_down"), (9, 422, "price_too_low"), (0, 422, "invalid_request")],
    )
    async def test_to_a_price_that_cannot_be_is_refused(self, saying, price, status, code):
        answer = await saying("correction", price_fen=price, invoice_fen=0)

        assert (answer.status, answer.json["code"]) == (status, code)

    async def test_after_the_settlement_is_refused(self, saying, sold, noon):
        await a_settlement(noon, sold)

        answer = await saying("correction", price_fen=500_000, invoice_fen=500_000)

        assert (answer.status, answer.json["code"]) == (409, "already_settled")


class TestExchange:
    async def test_shows_the_new_piece(self, saying):
        answer = await saying("exchange", **EXCHANGED)

        assert answer.status == 200
        assert (answer.json["model"], answer.json["serial_number"]) == ("BCD-501", "SN77")
        assert (answer.json["state"], answer.json["subsidy_fen"]) == ("redeemed", 52_000)

    async def test_for_a_piece_that_was_sold_is_refused(self, saying, noon, library):
        other = await a_redemption(noon, library)

        answer = await saying("exchange", **(EXCHANGED | {"serial_number": other.serial_number}))

        assert (answer.status, answer.json["code"]) == (409, "serial_taken")
