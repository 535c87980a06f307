from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.ids import new_id
from miniapi.redemption.models import Redemption
from tests.factories.counter import a_clerk, a_redemption, a_voucher
from tests.factories.people import a_resident

SALE = {
    "brand": "示例牌",
    "model": "BCD-500",
    "serial_number": "ｓｎ 0042",
    "invoice_number": "24312000000000000001",
    "invoice_fen": 520_000,
    "trade_in": {"declared": True, "category": "沙发"},
}
FRIDGE = {"category": "冰箱", "price_fen": 520_000, "energy_grade": 1}


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
def quoted(web, voucher, clerk):
    """The answer to a quote for the voucher, which its owner holds out."""

    async def quote(by=clerk, *, key="payload", **facts):
        presented = await web.post(f"/vouchers/{voucher.id}/presentation", by=await voucher.resident)
        assert presented.status == 200
        shown = {key: presented.json[key]}
        return await web.post("/merchant/redemptions/quote", by=by.account, **shown, **(FRIDGE | facts))

    return quote


class TestQuote:
    async def test_shows_sums_steps_and_how_long_it_holds(self, quoted, voucher, noon):
        answer = await quoted()

        assert answer.status == 200
        assert answer.json == {
            "quote": answer.json["quote"],
            "expires_at": "2024-09-01T12:10:00+08:00",
            "voucher": {"id": str(voucher.id), "valid_until": "2024-09-08T23:59:59+08:00"},
            "subsidy_fen": 52_000,
            "payable_fen": 468_000,
            "steps": answer.json["steps"],
        }

    async def test_shows_the_steps_of_the_public_quote(self, web, quoted):
        public = await web.post("/quotes", region="yangling", items=[FRIDGE])

        answer = await quoted()

        assert answer.json["steps"] == public.json["items"][0]["steps"]

    async def test_never_holds_longer_than_the_voucher_says(self, quoted, voucher):
        clock.stand_still(voucher.valid_until - timedelta(seconds=119))

        assert (await quoted()).json["expires_at"] == "2024-09-08T23:59:59+08:00"

    async def test_typed_digits_do_as_well(self, quoted):
        assert (await quoted(key="code")).status == 200

    async def test_a_rules_refusal_names_its_clause(self, quoted):
        answer = await quoted(energy_grade=3)

        assert (answer.status, answer.json["code"]) == (409, "not_subsidised")
        assert [cited["clause"] for cited in answer.json["citations"]] == ["细则三"]

    async def test_what_cannot_be_is_refused(self, web, clerk):
        async def refusal(**body):
            answer = await web.post("/merchant/redemptions/quote", by=clerk.account, **(FRIDGE | body))
            return answer.status, answer.json["code"]

        assert await refusal() == (422, "invalid_request")
        assert await refusal(code="12345678", payload="HX1.x") == (422, "invalid_request")
        assert await refusal(code="1234567") == (422, "invalid_request")
        assert await refusal(code="12345678", category="火箭") == (422, "category_unknown")
        assert await refusal(code="12345678", price_fen=0) == (422, "invalid_request")
        assert await refusal(code="12345678") == (404, "not_found")
        assert await refusal(payload="HX1.x") == (422, "presentation_forged")

    async def test_digits_are_not_to_be_guessed(self, web, clerk):
        guesses = [
            await web.post("/merchant/redemptions/quote", by=clerk.account, code=f"{guess:08d}", **FRIDGE)
            for guess in range(62)
        ]

        statuses = [answer.status for answer in guesses]
        assert statuses[:60] == [404] * 60
        assert 429 in statuses[60:]

    async def test_repeated_with_its_key_it_is_the_same_quote(self, web, voucher, clerk):
        presented = await web.post(f"/vouchers/{voucher.id}/presentation", by=await voucher.resident)
        body = {"payload": presented.json["payload"], **FRIDGE}

        first, again = [
            await web.post(
                "/merchant/redemptions/quote", by=clerk.account, headers={"Idempotency-Key": "k"}, **body
            )
            for _ in range(2)
        ]

        assert (first.status, again.json) == (200, first.json)

    async def test_given_back_it_is_gone(self, web, quoted, clerk):
        quote = (await quoted()).json["quote"]

        assert (await web.delete(f"/merchant/redemptions/quote/{quote}", by=clerk.account)).status == 204
        sold = await web.post("/merchant/redemptions", by=clerk.account, quote=quote, **SALE)
        assert (sold.status, sold.json["code"]) == (409, "quote_expired")


class TestRedeem:
    async def test_shows_what_was_sold(self, web, quoted, voucher, clerk):
        quote = (await quoted()).json["quote"]

        answer = await web.post("/merchant/redemptions", by=clerk.account, quote=quote, **SALE)

        note = f"在{clerk.merchant.name}核销，立减 520 元"
        kept = await Redemption.get()
        assert answer.status == 201
        assert answer.json == {
            "id": str(kept.id),
            "state": "redeemed",
            "category": "fridge",
            "category_name": "冰箱",
            "energy_grade": 1,
            "brand": "示例牌",
            "model": "BCD-500",
            "serial_number": "SN0042",
            "invoice_number": "24312000000000000001",
            "invoice_fen": 520_000,
            "price_fen": 520_000,
            "subsidy_fen": 52_000,
            "payable_fen": 468_000,
            "owed_fen": 0,
            "trade_in": {"declared": True, "category": "sofa", "pickup": None},
            "voucher": {
                "id": str(voucher.id),
                "state": "redeemed",
                "valid_until": "2024-09-08T23:59:59+08:00",
            },
            "redeemed_at": "2024-09-01T12:00:00+08:00",
            "settled_at": None,
            "rejected_at": None,
            "refunded_at": None,
            "flags": [],
            "history": [
                {"what": "redeemed", "at": "2024-09-01T12:00:00+08:00", "subsidy_fen": 52_000, "note": note}
            ],
        }

    async def test_the_owner_sees_where_it_was_used(self, web, quoted, voucher, clerk):
        quote = (await quoted()).json["quote"]
        await web.post("/merchant/redemptions", by=clerk.account, quote=quote, **SALE)

        shown = await web.get(f"/vouchers/{voucher.id}", by=await voucher.resident)

        assert shown.json["state"] == "redeemed"
        assert shown.json["history"][-1]["note"] == f"在{clerk.merchant.name}核销，立减 520 元"

    async def test_repeated_with_its_key_it_happens_once(self, web, quoted, clerk):
        body = {"quote": (await quoted()).json["quote"], **SALE}

        first, again, other = [
            await web.post(
                "/merchant/redemptions", by=clerk.account, headers={"Idempotency-Key": key}, **body
            )
            for key in ("k", "k", "another")
        ]

        assert (first.status, again.status, again.json) == (201, 201, first.json)
        assert (other.status, other.json["code"]) == (409, "quote_used")
        assert await Redemption.all().count() == 1

    async def test_without_the_old_unit_nothing_is_sold(self, web, quoted, clerk):
        body = {"quote": (await quoted()).json["quote"], **SALE, "trade_in": {"declared": False}}

        answer = await web.post("/merchant/redemptions", by=clerk.account, **body)

        assert (answer.status, answer.json["code"]) == (409, "trade_in_required")
        assert [cited["clause"] for cited in answer.json["citations"]] == ["细则三"]

    async def test_what_cannot_be_is_refused(self, web, clerk):
        async def refusal(**body):
            whole = {"quote": str(new_id()), **SALE, **body}
            answer = await web.post("/merchant/redemptions", by=clerk.account, **whole)
            return answer.status, answer.json["code"]

        assert await refusal() == (404, "not_found")
        assert await refusal(serial_number="\u3000 ") == (422, "invalid_request")
        assert await refusal(serial_number="序列号") == (422, "invalid_request")
        assert await refusal(invoice_number="1" * 65) == (422, "invalid_request")
        assert await refusal(trade_in={}) == (422, "invalid_request")
        assert await refusal(trade_in={"declared": True, "category": "火箭"}) == (422, "category_unknown")


class TestOwnCounter:
    async def test_shows_what_the_shop_sold_newest_first(self, web, noon, library, clerk):
        sold = [
            str((await a_redemption(noon + timedelta(minutes=n), library, clerk=clerk)).id) for n in range(3)
        ]
        await a_redemption(noon, library)

        first = (await web.get("/merchant/redemptions?limit=2", by=clerk.account)).json
        rest = (
            await web.get(f"/merchant/redemptions?limit=2&cursor={first['next_cursor']}", by=clerk.account)
        ).json
        one = await web.get(f"/merchant/redemptions/{sold[0]}", by=clerk.account)

        assert [one["id"] for one in first["items"] + rest["items"]] == sold[::-1]
        assert rest["next_cursor"] is None
        assert one.json == rest["items"][0]

    async def test_is_nobody_elses(self, web, noon, library, clerk):
        redemption = await a_redemption(noon, library, clerk=clerk)
        elsewhere, resident = await a_clerk(noon), await a_resident(noon)

        assert (await web.get(f"/merchant/redemptions/{redemption.id}", by=elsewhere.account)).status == 404
        assert (await web.get("/merchant/redemptions", by=elsewhere.account)).json["items"] == []
        assert (await web.get("/merchant/redemptions", by=resident)).status == 403


class TestPresentation:
    async def test_is_shown_to_the_owner_alone(self, web, voucher, noon):
        path = f"/vouchers/{voucher.id}/presentation"

        answer = await web.post(path, by=await voucher.resident)

        assert (answer.status, set(answer.json)) == (200, {"payload", "code", "expires_at"})
        assert answer.json["expires_at"] == "2024-09-01T12:01:00+08:00"
        assert (await web.post(path, by=await a_resident(noon))).status == 404

    async def test_of_a_lapsed_voucher_is_refused_with_the_clause(self, web, voucher):
        clock.stand_still(voucher.valid_until + timedelta(seconds=1))

        answer = await web.post(f"/vouchers/{voucher.id}/presentation", by=await voucher.resident)

        assert (answer.status, answer.json["code"]) == (409, "voucher_expired")
        assert [cited["clause"] for cited in answer.json["citations"]] == ["细则四（一）"]
