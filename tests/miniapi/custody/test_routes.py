"""From the door to the certificate over HTTP: as station, dismantler, owner, staff and strangers see it."""

from datetime import date

import pytest

from miniapi.clock import SHANGHAI
from miniapi.ids import new_id
from miniapi.pickup.models import Pickup
from miniapi.redemption.models import Redemption, RedemptionState
from miniapi.staff.models import StaffRole
from tests.factories.counter import a_redemption
from tests.factories.custody import (
    WEIGHT,
    a_collected,
    a_dismantled,
    a_dismantler,
    a_received,
    a_station,
)
from tests.factories.licences import a_licence
from tests.factories.people import a_resident
from tests.factories.pickups import STREET
from tests.factories.staff import a_staff


def an_action(at, **more):
    return {"action": str(new_id()), "done_at": at.isoformat(), "weight_grams": WEIGHT, **more}


async def owner_of(pickup):
    return (await Pickup.get(id=pickup.id).select_related("resident")).resident


class TestAStation:
    async def test_sees_what_is_to_come_in_and_nothing_of_whose_it_was(self, web, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)

        answer = await web.get("/station/pickups", by=worker.account)

        assert answer.json["items"] == [
            {
                "id": str(pickup.id),
                "number": pickup.number,
                "state": "collected",
                "items": [{"category": "fridge", "category_name": "冰箱"}],
                "merchant": "示例回收公司",
                "weight_grams": WEIGHT,
                "handed_over_at": noon.astimezone(SHANGHAI).isoformat(),
            }
        ]
        assert STREET not in answer.raw.decode()
        assert str(pickup.resident_id) not in answer.raw.decode()

    async def test_finds_one_by_the_number_that_is_read_out(self, web, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)

        found = await web.get(f"/station/pickups?number={pickup.number}", by=worker.account)
        other = await web.get("/station/pickups?number=0000000000", by=worker.account)

        assert [one["id"] for one in found.json["items"]] == [str(pickup.id)]
        assert other.json["items"] == []

    async def test_takes_it_in_once_however_often_the_phone_says_so(self, web, noon):
        pickup, worker, act = await a_collected(noon), await a_station(noon), an_action(noon)
        path = f"/station/pickups/{pickup.id}/receive"

        first = await web.post(path, by=worker.account, **act)
        again = await web.post(path, by=worker.account, **act)
        another = await web.post(path, by=worker.account, **an_action(noon))

        assert (first.status, first.json["hand"], first.json["weight_off"]) == (200, "station", False)
        assert (again.status, again.json) == (200, first.json)
        assert (another.status, another.json["code"]) == (409, "pickup_state")

    async def test_with_an_expired_licence_takes_nothing_in(self, web, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)
        await a_licence(worker.merchant, date(2024, 8, 31), added_at=noon)

        answer = await web.post(f"/station/pickups/{pickup.id}/receive", by=worker.account, **an_action(noon))

        assert (answer.status, answer.json["code"]) == (409, "licence_expired")
        assert (answer.json["merchant"], answer.json["since"]) == (
            "示例回收公司",
            "2024-09-01T00:00:00+08:00",
        )
        assert (await web.get("/station/pickups", by=worker.account)).json["items"] != []


async def test_a_dismantler_takes_over_what_lies_at_a_station(web, noon):
    pickup, worker = await a_received(noon), await a_dismantler(noon)

    waiting = await web.get("/dismantler/pickups", by=worker.account)
    done = await web.post(f"/dismantler/pickups/{pickup.id}/dismantle", by=worker.account, **an_action(noon))

    assert [one["number"] for one in waiting.json["items"]] == [pickup.number]
    assert (done.status, done.json["hand"]) == (200, "dismantler")
    assert (await web.get("/dismantler/pickups", by=worker.account)).json["items"] == []


async def test_the_staff_see_whose_weights_differ(web, noon):
    pickup, worker = await a_collected(noon), await a_station(noon)
    path = f"/station/pickups/{pickup.id}/receive"
    taken = await web.post(path, by=worker.account, **an_action(noon, weight_grams=WEIGHT // 2))
    bureau = await a_staff(noon, StaffRole.BUREAU)

    answer = await web.get("/staff/handovers?region=yangling&weight_off=true", by=bureau)

    assert taken.json["weight_off"] is True
    assert [(one["number"], one["hand"]) for one in answer.json["items"]] == [(pickup.number, "station")]


class TestTheOwner:
    async def test_sees_the_steps_before_there_is_a_certificate(self, web, noon):
        pickup = await a_collected(noon)

        answer = await web.get(f"/pickups/{pickup.id}/certificate", by=await owner_of(pickup))

        assert [step["step"] for step in answer.json["steps"]] == ["上门回收"]
        assert answer.json["to_come"] == ["station", "dismantler"]
        assert (answer.json["certificate"], answer.json["purchase"]) == (None, None)

    async def test_has_no_paper_before_it_is_dismantled(self, web, noon):
        pickup = await a_received(noon)

        answer = await web.get(f"/pickups/{pickup.id}/certificate.pdf", by=await owner_of(pickup))

        assert (answer.status, answer.json["code"]) == (409, "certificate_not_issued")

    async def test_gets_the_paper_and_nobody_else_does(self, web, noon):
        pickup = await a_dismantled(noon)
        path = f"/pickups/{pickup.id}/certificate.pdf"

        own = await web.get(path, by=await owner_of(pickup))
        other = await web.get(path, by=await a_resident(noon))

        assert (own.status, own.headers["Content-Type"]) == (200, "application/pdf")
        assert own.headers["Cache-Control"] == "private, no-store"
        assert own.raw.startswith(b"%PDF-")
        assert other.status == 404


class TestAnybody:
    @pytest.fixture
    async def bought(self, database, noon, library):
        """A fridge bought with a voucher, and the old one of the same person dismantled."""
        redemption = await a_redemption(noon, library)
        voucher = await redemption.voucher
        pickup = await a_dismantled(noon, await voucher.resident)
        await Redemption.filter(id=redemption.id).update(pickup_id=pickup.id)
        return pickup, redemption, voucher

    async def code_of(self, web, pickup):
        chain = await web.get(f"/pickups/{pickup.id}/certificate", by=await owner_of(pickup))
        return chain.json["certificate"]["code"]

    async def test_may_ask_whether_a_certificate_is_genuine(self, web, bought):
        pickup, _, voucher = bought
        code = await self.code_of(web, pickup)

        answer = await web.get(f"/certificates/{code}")

        assert (answer.status, answer.json["genuine"]) == (200, True)
        assert [(step["step"], step["merchant"]) for step in answer.json["steps"]] == [
            ("上门回收", "示例回收公司"),
            ("回收站接收", "示例回收公司"),
            ("拆解处理", "示例拆解公司"),
        ]
        assert all(step["licence"]["number"].startswith("示例许可") for step in answer.json["steps"])
        purchase = answer.json["purchase"]
        assert (purchase["category"], purchase["voucher"][-4:]) == ("fridge", voucher.code[-4:])
        assert set(purchase["voucher"][:-4]) == {"*"}

    async def test_learns_nothing_of_whose_it_was(self, web, bought):
        pickup, redemption, voucher = bought
        code = await self.code_of(web, pickup)

        told = (await web.get(f"/certificates/{code}")).raw.decode()

        for secret in (STREET, pickup.number, voucher.code, pickup.id, pickup.resident_id, redemption.id):
            assert str(secret) not in told

    async def test_may_write_the_code_as_it_is_read_out(self, web, bought):
        code = await self.code_of(web, bought[0])
        spoken = " - ".join(code[begin : begin + 4] for begin in range(0, 26, 4)).lower()

        assert (await web.get(f"/certificates/{spoken}")).json["code"] == code

    async def test_reads_the_same_where_the_qr_code_leads(self, web, bought):
        code = await self.code_of(web, bought[0])

        answer = await web.get(f"/c/{code}")

        told = answer.raw.decode()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert told.startswith("核验通过")
        assert "拆解处理，示例拆解公司" in told

    @pytest.mark.parametrize("code", ["A" * 26, "A" * 27, "x", "'; DROP TABLE certificate", "证明", "%00"])
    async def test_is_told_of_a_code_that_nobody_gave(self, web, code):
        for path in ("certificates", "c"):
            answer = await web.get(f"/{path}/{code}")

            assert (answer.status, answer.json["code"]) == (404, "certificate_unknown")

    @pytest.mark.parametrize("state", [RedemptionState.REFUNDED, RedemptionState.REJECTED])
    async def test_hears_nothing_of_a_purchase_that_no_voucher_paid_for_in_the_end(
        self, web, bought, noon, state
    ):
        pickup, redemption, _ = bought
        code = await self.code_of(web, pickup)
        await Redemption.filter(id=redemption.id).update(state=state, **{f"{state}_at": noon})

        assert (await web.get(f"/certificates/{code}")).json["purchase"] is None
