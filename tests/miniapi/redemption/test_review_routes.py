from datetime import timedelta

import pytest

from miniapi.ids import new_id
from miniapi.staff.models import StaffRole
from tests.factories.counter import a_clerk, a_redemption, a_sale
from tests.factories.settlement import a_settlement
from tests.factories.staff import a_staff

BECAUSE = "发票已向商户核实"


@pytest.fixture
async def clerk(database, noon):
    return await a_clerk(noon)


@pytest.fixture
async def reviewer(database, noon):
    return await a_staff(noon, StaffRole.REVIEWER)


@pytest.fixture
async def doubtful(clerk, noon, library):
    """A fridge of 5200 yuan whose invoice says 5000."""
    return await a_redemption(noon, library, clerk=clerk, sale=a_sale(invoice_fen=500_000))


class TestTheList:
    async def test_shows_what_waits_for_a_review(self, web, reviewer, doubtful, clerk, noon, library):
        await a_redemption(noon, library, clerk=clerk)

        listed = await web.get("/staff/redemptions?flagged=true", by=reviewer)

        (shown,) = listed.json["items"]
        assert (shown["id"], shown["voucher"]) == (str(doubtful.id), str(doubtful.voucher_id))
        assert (shown["merchant_name"], shown["region"]) == (clerk.merchant.name, "yangling")
        assert (shown["flags"], shown["invoice_fen"], shown["price_fen"]) == (
            ["invoice_mismatch"],
            500_000,
            520_000,
        )
        assert [one["what"] for one in shown["history"]] == ["redeemed"]

    async def test_finds_by_region_shop_state_and_flags_the_newest_first(
        self, web, reviewer, doubtful, clerk, noon, library
    ):
        later = noon + timedelta(hours=1)
        plain = await a_redemption(later, library)
        await a_settlement(later, plain)

        for asked, wanted in (
            ("", [plain, doubtful]),
            ("?flagged=false", [plain]),
            ("?region=yangling&state=settled", [plain]),
            (f"?merchant={clerk.merchant.id}", [doubtful]),
            ("?region=jining", []),
        ):
            listed = await web.get(f"/staff/redemptions{asked}", by=reviewer)
            assert [one["id"] for one in listed.json["items"]] == [str(one.id) for one in wanted], asked
        assert (await web.get("/staff/redemptions?region=atlantis", by=reviewer)).status == 422


class TestReview:
    async def test_of_what_is_accepted_no_flag_is_left(self, web, reviewer, doubtful):
        answer = await web.post(
            f"/staff/redemptions/{doubtful.id}/review", by=reviewer, accepted=True, reason=BECAUSE
        )

        assert answer.status == 200
        assert (answer.json["state"], answer.json["flags"]) == ("redeemed", [])
        assert [one["what"] for one in answer.json["history"]] == ["redeemed", "accepted"]

    async def test_the_shop_reads_why_it_gets_nothing(self, web, reviewer, doubtful, clerk):
        answer = await web.post(
            f"/staff/redemptions/{doubtful.id}/review", by=reviewer, accepted=False, reason=BECAUSE
        )

        seen = (await web.get(f"/merchant/redemptions/{doubtful.id}", by=clerk.account)).json
        assert (answer.json["state"], answer.json["rejected_at"]) == (
            "rejected",
            "2024-09-01T12:00:00+08:00",
        )
        assert (seen["state"], seen["rejected_at"]) == ("rejected", "2024-09-01T12:00:00+08:00")
        assert seen["history"][-1]["note"] == f"复核未通过，补贴 520 元不予结算：{BECAUSE}"

    async def test_the_trail_shows_who_reviewed_and_what_moved(self, web, reviewer, doubtful):
        await web.post(
            f"/staff/redemptions/{doubtful.id}/review", by=reviewer, accepted=False, reason=BECAUSE
        )

        trail = (await web.get(f"/staff/vouchers/{doubtful.voucher_id}/trail", by=reviewer)).json
        moved = trail["transfers"][-1]
        assert (moved["reason"], moved["actor"]) == ("rejection", f"staff:{reviewer.id}")
        assert [one["account"] for one in moved["entries"]] == ["payable", "pool"]
        assert trail["redemptions"][0]["events"][-1]["what"] == "rejected"

    async def test_twice_is_refused(self, web, reviewer, doubtful):
        path = f"/staff/redemptions/{doubtful.id}/review"
        await web.post(path, by=reviewer, accepted=False, reason=BECAUSE)

        again = await web.post(path, by=reviewer, accepted=False, reason=BECAUSE)

        assert (again.status, again.json["code"]) == (409, "already_rejected")

    async def test_the_longest_reason_fits_into_the_history(self, web, reviewer, doubtful):
        path, longest = f"/staff/redemptions/{doubtful.id}/review", "核" * 120

        fits = await web.post(path, by=reviewer, accepted=False, reason=longest)
        too_long = await web.post(path, by=reviewer, accepted=False, reason=longest + "实")

        assert (fits.status, too_long.status) == (200, 422)

    async def test_of_nothing_is_not_found(self, web, reviewer):
        answer = await web.post(
            f"/staff/redemptions/{new_id()}/review", by=reviewer, accepted=True, reason=BECAUSE
        )

        assert (answer.status, answer.json["code"]) == (404, "not_found")
