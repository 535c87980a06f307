from datetime import timedelta

from miniapi import clock
from miniapi.ids import new_id
from miniapi.pickup.models import Slot
from tests.factories.people import a_resident
from tests.factories.slots import a_slot

NOT_SAID = dict.fromkeys(("note", "brand", "size", "age_years", "works"))


def a_booking(place, **more):
    return {
        "slot": str(place.id),
        "items": [{"category": "冰箱", "note": "双开门"}, {"category": "tv"}],
        "address": {"district": place.district, "street": "示例路 8 号"},
        **more,
    }


async def booked(web, resident, slot):
    answer = await web.post("/pickups", by=resident, **a_booking(slot))
    assert answer.status == 201, answer.json
    return answer.json


class TestSlots:
    async def test_come_in_their_order_with_what_is_left(self, web, noon):
        later, sooner = await a_slot(noon, hours_ahead=48), await a_slot(noon, capacity=2)
        await a_slot(noon, hours_ahead=24, district="别的区")
        await Slot.filter(id=sooner.id).update(taken=2)

        everything = await web.get("/pickups/slots?region=yangling")
        here = await web.get("/pickups/slots?region=yangling&district=杨陵区")
        that_day = await web.get("/pickups/slots?region=yangling&date=2024-09-03")

        assert len(everything.json["items"]) == 3
        assert [one["id"] for one in here.json["items"]] == [str(sooner.id), str(later.id)]
        assert here.json["items"][0] == {
            "id": str(sooner.id),
            "starts_at": "2024-09-02T12:00:00+08:00",
            "ends_at": "2024-09-02T14:00:00+08:00",
            "district": "杨陵区",
            "left": 0,
        }
        assert [one["id"] for one in that_day.json["items"]] == [str(later.id)]

    async def test_a_day_is_a_day_in_beijing(self, web, noon):
        for hours in (11, 12, 35, 36):
            await a_slot(noon, hours_ahead=hours)

        day = await web.get("/pickups/slots?region=yangling&date=2024-09-02")

        assert [one["starts_at"][:16] for one in day.json["items"]] == [
            "2024-09-02T00:00",
            "2024-09-02T23:00",
        ]

    async def test_leave_the_list_an_hour_before(self, web, noon):
        slot = await a_slot(noon)

        async def listed(at):
            clock.stand_still(at)
            return len((await web.get("/pickups/slots?region=yangling")).json["items"])

        assert await listed(slot.starts_at - timedelta(hours=1, microseconds=1)) == 1
        assert await listed(slot.starts_at - timedelta(hours=1)) == 0

    async def test_an_unknown_region_is_said(self, web):
        answer = await web.get("/pickups/slots?region=atlantis")

        assert (answer.status, answer.json["code"]) == (422, "region_unknown")


class TestBook:
    async def test_answers_with_the_booking(self, web, noon):
        slot, resident = await a_slot(noon), await a_resident(noon)
        contact = {"name": "张三丰", "phone": "13812345678"}

        answer = await web.post("/pickups", by=resident, **a_booking(slot, contact=contact))

        assert answer.status == 201
        assert answer.json == {
            "id": answer.json["id"],
            "number": answer.json["number"],
            "state": "booked",
            "slot": {
                "id": str(slot.id),
                "starts_at": "2024-09-02T12:00:00+08:00",
                "ends_at": "2024-09-02T14:00:00+08:00",
                "district": "杨陵区",
                "left": 2,
            },
            "items": [
                {"category": "fridge", "category_name": "冰箱", **NOT_SAID, "note": "双开门"},
                {"category": "tv", "category_name": "电视机", **NOT_SAID},
            ],
            "address": {"district": "杨陵区", "street": "示例路 8 号", "floor": None, "lift": None},
            "contact": {"name": "张**", "phone": "138****5678"},
            "call_first": False,
            "booked_at": "2024-09-01T12:00:00+08:00",
            "change_until": "2024-09-02T10:00:00+08:00",
            "changes_left": 3,
        }
        assert (await web.get(f"/pickups/{answer.json['id']}", by=resident)).json == answer.json
        assert (await web.get("/pickups", by=resident)).json["items"] == [answer.json]

    async def test_refusals_have_their_statuses(self, web, noon):
        resident, slot, full = await a_resident(noon), await a_slot(noon), await a_slot(noon, hours_ahead=48)
        await Slot.filter(id=full.id).update(taken=3)

        async def refusal(body):
            answer = await web.post("/pickups", by=resident, **body)
            return answer.status, answer.json["code"]

        assert await refusal(a_booking(Slot(id=new_id(), district="杨陵区"))) == (404, "not_found")
        assert await refusal(a_booking(full)) == (409, "slot_full")
        elsewhere = {"district": "别的区", "street": "示例路 8 号"}
        assert await refusal(a_booking(slot, address=elsewhere)) == (422, "slot_of_other_district")
        assert await refusal(a_booking(slot, items=[{"category": "火箭"}])) == (422, "category_unknown")
        for wrong in ({"items": []}, {"items": [{"category": "tv"}] * 11}, {"slot": "x"}, {"address": {}}):
            assert await refusal(a_booking(slot, **wrong)) == (422, "invalid_request")
        await booked(web, resident, slot)
        assert await refusal(a_booking(slot)) == (409, "already_booked")
        clock.stand_still(slot.starts_at - timedelta(hours=1))
        assert await refusal(a_booking(slot)) == (409, "slot_closed")


class TestChange:
    async def test_moves_to_another_slot(self, web, noon):
        resident, old, new = await a_resident(noon), await a_slot(noon), await a_slot(noon, hours_ahead=48)
        pickup = await booked(web, resident, old)

        answer = await web.post(f"/pickups/{pickup['id']}/reschedule", by=resident, slot=str(new.id))

        assert (answer.status, answer.json["number"]) == (200, pickup["number"])
        assert (answer.json["slot"]["id"], answer.json["slot"]["left"]) == (str(new.id), 2)
        assert answer.json["change_until"] == "2024-09-03T10:00:00+08:00"

    async def test_cancels_with_or_without_a_reason(self, web, noon):
        resident, slot = await a_resident(noon), await a_slot(noon)
        first, second = await booked(web, resident, slot), None

        answer = await web.post(f"/pickups/{first['id']}/cancel", by=resident, reason="不用了")
        second = await booked(web, resident, slot)
        silent = await web.post(f"/pickups/{second['id']}/cancel", by=resident)

        assert [(one.status, one.json["state"]) for one in (answer, silent)] == [(200, "cancelled")] * 2
        assert silent.json["slot"]["left"] == 3
        states = [one["state"] for one in (await web.get("/pickups", by=resident)).json["items"]]
        assert states == ["cancelled", "cancelled"]

    async def test_refusals_have_their_statuses(self, web, noon):
        resident, slot, new = await a_resident(noon), await a_slot(noon), await a_slot(noon, hours_ahead=48)
        pickup = await booked(web, resident, slot)
        full = await a_slot(noon, hours_ahead=72)
        await Slot.filter(id=full.id).update(taken=3)

        async def refusal(what, **body):
            answer = await web.post(f"/pickups/{pickup['id']}/{what}", by=resident, **body)
            return answer.status, answer.json["code"]

        assert await refusal("reschedule", slot=str(new_id())) == (404, "not_found")
        assert await refusal("reschedule", slot=str(full.id)) == (409, "slot_full")
        assert await refusal("reschedule") == (422, "invalid_request")
        clock.stand_still(slot.starts_at - timedelta(hours=2))
        assert await refusal("reschedule", slot=str(new.id)) == (409, "too_late_to_change")
        assert await refusal("cancel") == (409, "too_late_to_change")
        clock.stand_still(noon)
        await web.post(f"/pickups/{pickup['id']}/cancel", by=resident)
        assert await refusal("cancel") == (409, "pickup_not_booked")

    async def test_somebody_elses_booking_is_not_found(self, web, noon):
        pickup = await booked(web, await a_resident(noon), await a_slot(noon))
        stranger, path = await a_resident(noon), f"/pickups/{pickup['id']}"

        answers = [
            await web.get(path, by=stranger),
            await web.post(f"{path}/cancel", by=stranger),
            await web.post(f"{path}/reschedule", by=stranger, slot=pickup["slot"]["id"]),
        ]

        assert [(one.status, one.json["code"]) for one in answers] == [(404, "not_found")] * 3
        assert (await web.get("/pickups", by=stranger)).json["items"] == []
