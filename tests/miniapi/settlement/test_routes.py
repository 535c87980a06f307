from datetime import datetime, timedelta

import pytest

from miniapi import clock
from miniapi.ids import new_id
from miniapi.redemption.refunding import refund
from miniapi.staff.models import StaffRole
from tests.factories.counter import a_clerk, a_redemption, a_sale
from tests.factories.settlement import a_settlement
from tests.factories.staff import a_staff

GIVEN_BACK = "商户已转账退回"


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
async def sold(clerk, noon, library):
    """A fridge of 5200 yuan."""
    return await a_redemption(noon, library, clerk=clerk)


@pytest.fixture
async def finance(database, noon):
    return await a_staff(noon, StaffRole.FINANCE)


@pytest.fixture
def settling(web, finance, clerk):
    """Finance pays the shop."""

    async def settle(**wanted):
        shop = {"region": "yangling", "merchant": str(clerk.merchant.id)}
        return await web.post("/staff/settlements", by=finance, **(shop | wanted))

    return settle


class TestSettle:
    async def test_shows_what_was_paid_and_what_was_not(self, settling, sold, clerk, finance, noon, library):
        doubtful = await a_redemption(noon, library, clerk=clerk, sale=a_sale(invoice_fen=1))

        answer = await settling(redemptions=[str(sold.id), str(doubtful.id)])

        assert answer.status == 201
        assert answer.json == {
            "id": answer.json["id"],
            "region": "yangling",
            "merchant": str(clerk.merchant.id),
            "merchant_name": clerk.merchant.name,
            "amount_fen": 52_000,
            "settled_at": "2024-09-01T12:00:00+08:00",
            "staff": str(finance.id),
            "lines": [{"redemption": str(sold.id), "amount_fen": 52_000}],
            "left_out": [
                {"redemption": str(doubtful.id), "because": "flagged", "flags": ["invoice_mismatch"]}
            ],
        }

    async def test_pays_all_up_to_a_day(self, settling, sold):
        answer = await settling(until="2024-09-01")

        assert [one["redemption"] for one in answer.json["lines"]] == [str(sold.id)]

    async def test_twice_says_what_was_paid_before(self, settling, sold):
        await settling(redemptions=[str(sold.id)])

        again = await settling(redemptions=[str(sold.id)])

        assert (again.status, again.json["code"]) == (409, "nothing_to_settle")
        assert again.json["left_out"] == {str(sold.id): "settled"}

    @pytest.mark.parametrize(
        ("facts", "status", "code"),
        [
            ({"region": "atlantis", "until": "2024-09-01"}, 422, "region_unknown"),
            ({"region": "jining", "until": "2024-09-01"}, 404, "not_found"),
            ({"merchant": str(new_id()), "until": "2024-09-01"}, 404, "not_found"),
            ({"redemptions": [str(new_id())]}, 404, "not_found"),
            ({"redemptions": []}, 422, "invalid_request"),
            ({"redemptions": [str(new_id())], "until": "2024-09-01"}, 422, "invalid_request"),
            ({}, 422, "invalid_request"),
        ],
    )
    async def test_asks_for_a_shop_and_what_is_meant(self, settling, facts, status, code):
        answer = await settling(**facts)

        assert (answer.status, answer.json["code"]) == (status, code)


class TestLook:
    async def test_the_list_shows_the_newest_first_by_region_and_shop(self, web, sold, clerk, noon, library):
        auditor = await a_staff(noon, StaffRole.AUDITOR)
        first = (await a_settlement(noon, sold)).settlement
        later = noon + timedelta(hours=1)
        second = (await a_settlement(later, await a_redemption(later, library))).settlement

        for asked, wanted in (
            ("", [second, first]),
            ("?region=yangling", [second, first]),
            (f"?merchant={clerk.merchant.id}", [first]),
            ("?region=jining", []),
        ):
            listed = await web.get(f"/staff/settlements{asked}", by=auditor)
            assert [one["id"] for one in listed.json["items"]] == [str(one.id) for one in wanted], asked
        assert (await web.get("/staff/settlements?region=atlantis", by=auditor)).status == 422

    async def test_one_shows_its_lines(self, web, sold, noon):
        bureau = await a_staff(noon, StaffRole.BUREAU)
        settled = (await a_settlement(noon, sold)).settlement

        shown = await web.get(f"/staff/settlements/{settled.id}", by=bureau)
        unknown = await web.get(f"/staff/settlements/{new_id()}", by=bureau)

        assert shown.json["lines"] == [{"redemption": str(sold.id), "amount_fen": 52_000}]
        assert (unknown.status, unknown.json["code"]) == (404, "not_found")


class TestUnspent:
    async def test_shows_what_went_back_to_whom_once(self, web, finance, sold):
        clock.stand_still(datetime(2024, 10, 16, tzinfo=clock.SHANGHAI))
        path = "/staff/programmes/yangling/unspent"

        answer = await web.post(path, by=finance, reason="审计结束，结余退回")
        again = await web.post(path, by=finance, reason="审计结束，结余退回")

        assert answer.status == 200
        assert answer.json["returned_fen"] == 47_448_000
        assert answer.json["returned"] == {
            "province_fen": 0,
            "zone_fen": 0,
            "district_fen": 0,
            "unattributed_fen": 47_448_000,
        }
        assert (again.status, again.json["code"]) == (409, "nothing_unspent")

    @pytest.mark.parametrize(
        ("region", "status", "code"),
        [
            ("yangling", 409, "programme_not_over"),
            ("jining", 404, "not_found"),
            ("atlantis", 404, "region_unknown"),
        ],
    )
    async def test_only_where_a_programme_is_over(self, web, finance, sold, region, status, code):
        answer = await web.post(
            f"/staff/programmes/{region}/unspent", by=finance, reason="审计结束，结余退回"
        )

        assert (answer.status, answer.json["code"]) == (status, code)


class TestRecovery:
    async def test_takes_in_what_the_shop_owed_once(self, web, finance, sold, clerk, noon, library):
        await a_settlement(noon, sold)
        path = f"/staff/redemptions/{sold.id}/recovery"

        early = await web.post(path, by=finance, reason=GIVEN_BACK)
        await refund(sold.id, "门开不了", clerk, library, at=noon)
        recovered = await web.post(path, by=finance, reason=GIVEN_BACK)
        again = await web.post(path, by=finance, reason=GIVEN_BACK)

        assert (early.status, early.json["code"]) == (409, "nothing_owed")
        assert recovered.status == 200
        assert recovered.json == {
            "id": str(sold.id),
            "state": "refunded",
            "recovered_fen": 52_000,
            "recovered_at": "2024-09-01T12:00:00+08:00",
        }
        assert (again.status, again.json["code"]) == (409, "already_recovered")

    async def test_the_longest_reason_fits_into_the_history(self, web, finance, sold, clerk, noon, library):
        await a_settlement(noon, sold)
        await refund(sold.id, "门开不了", clerk, library, at=noon)
        path, longest = f"/staff/redemptions/{sold.id}/recovery", "退" * 120

        too_long = await web.post(path, by=finance, reason=longest + "回")
        fits = await web.post(path, by=finance, reason=longest)

        assert (too_long.status, fits.status) == (422, 200)

    async def test_of_nothing_is_not_found(self, web, finance):
        answer = await web.post(f"/staff/redemptions/{new_id()}/recovery", by=finance, reason=GIVEN_BACK)

        assert (answer.status, answer.json["code"]) == (404, "not_found")
