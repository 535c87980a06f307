"""A visit over HTTP, as the crew and the resident see it."""

from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.accounts.actions import bind_phone
from miniapi.ids import new_id
from miniapi.pickup.models import Slot
from miniapi.staff.models import StaffRole
from tests.factories.people import KEYS, a_resident
from tests.factories.slots import a_crew, a_crew_member, a_slot
from tests.factories.staff import a_staff
from tests.miniapi.pickup.test_routes import a_booking, booked

CONTACT = {"name": "张三丰", "phone": "13812345678"}
NOBODY_SAID = {"note": None, "brand": None, "size": None, "age_years": None, "works": None}


def an_action(at, **more):
    return {"action": str(new_id()), "done_at": at.isoformat(), **more}


@pytest.fixture
async def slot(database, noon):
    """From two until four this afternoon."""
    return await a_slot(noon, hours_ahead=2)


@pytest.fixture
async def owner(database, noon):
    return await bind_phone(await a_resident(noon), "13987654321", KEYS, verified=True)


@pytest.fixture
async def pickup(web, owner, slot):
    answer = await web.post("/pickups", by=owner, **a_booking(slot, contact=CONTACT, call_first=True))
    return answer.json


@pytest.fixture
def crew_does(web, member, noon):
    async def do(what, pickup, *, at=noon, **more):
        path = f"/crew/pickups/{pickup['id']}/{what}"
        return await web.post(path, by=member.account, **an_action(at, **more))

    return do


async def at_the_door(crew_does, pickup):
    for move in ("accept", "set_out", "arrive"):
        answer = await crew_does(move, pickup)
        assert answer.status == 200, answer.json


async def the_offer(web, owner, pickup):
    visit = await web.get(f"/pickups/{pickup['id']}/visit", by=owner)
    return {"offer": visit.json["offer"]["id"]}


class TestAVisit:
    async def test_from_the_list_to_the_old_fridge(self, web, pickup, owner, member, crew_does):
        path = f"/pickups/{pickup['id']}"
        waiting = await web.get("/crew/pickups", by=member.account)
        await at_the_door(crew_does, pickup)
        await crew_does("offer", pickup, price_fen=5000)

        visit = await web.get(f"{path}/visit", by=owner)
        agreed = await web.post(f"{path}/offer/accept", by=owner, offer=visit.json["offer"]["id"])
        code = visit.json["code"]
        done = await crew_does("collect", pickup, weight_grams=30_000, price_fen=5000, code=code)
        after = await web.get(f"{path}/visit", by=owner)

        assert [(one["id"], one["mine"]) for one in waiting.json["items"]] == [(pickup["id"], False)]
        assert visit.json["crew"] == {"name": "一组", "merchant": "示例回收公司"}
        assert visit.json["offer"]["price_fen"] == 5000
        assert (agreed.status, agreed.json["agreed_fen"]) == (200, 5000)
        assert (done.status, done.json["state"]) == (200, "collected")
        assert (after.json["code"], after.json["price_fen"], after.json["weight_grams"]) == (
            None,
            5000,
            30_000,
        )
        assert [event["what"] for event in after.json["history"]] == [
            "booked",
            "accepted",
            "set_out",
            "arrived",
            "offered",
            "agreed",
            "collected",
        ]

    async def test_there_is_no_code_before_somebody_comes(self, web, pickup, owner, crew_does):
        path = f"/pickups/{pickup['id']}/visit"
        before = await web.get(path, by=owner)
        await crew_does("accept", pickup)

        after = await web.get(path, by=owner)

        assert (before.json["code"], before.json["crew"]) == (None, None)
        assert len(after.json["code"]) == 6

    async def test_a_refused_price_is_a_ticket(self, web, pickup, owner, crew_does, noon):
        await at_the_door(crew_does, pickup)
        await crew_does("offer", pickup, price_fen=100)

        refused = await web.post(
            f"/pickups/{pickup['id']}/offer/refuse", by=owner, **await the_offer(web, owner, pickup)
        )
        number, bureau = pickup["number"], await a_staff(noon)
        ended = await web.post(
            f"/staff/pickups/{number}/resolve", by=bureau, outcome="cancelled", reason="居民自行处理"
        )

        assert (refused.status, refused.json["state"]) == (200, "disputed")
        ticket = await web.get(f"/tickets/{refused.json['ticket']}", by=owner)
        assert ticket.json["number"] == refused.json["ticket_number"]
        assert (ended.status, ended.json["state"]) == (200, "cancelled")

    async def test_refusals_have_their_statuses(self, web, pickup, crew_does, slot, noon):
        async def refusal(what, **more):
            answer = await crew_does(what, pickup, **more)
            return answer.status, answer.json["code"]

        collected = {"weight_grams": 1, "price_fen": 1, "code": "000000"}
        assert await refusal("set_out") == (409, "pickup_state")
        assert await refusal("accept", at=noon + timedelta(minutes=6)) == (422, "invalid_request")
        await at_the_door(crew_does, pickup)
        assert await refusal("collect", **collected) == (409, "pickup_code_wrong")
        assert await refusal("collect", **{**collected, "weight_grams": 0}) == (422, "invalid_request")
        assert await refusal("miss_resident") == (409, "too_early")
        assert await refusal("fly") == (404, "not_found")


class TestTheDoor:
    async def test_is_shown_to_the_crew_that_comes_and_its_resident_sees_that(
        self, web, pickup, owner, member, crew_does
    ):
        path = f"/crew/pickups/{pickup['id']}"
        before = await web.get(path, by=member.account)
        await crew_does("accept", pickup)

        opened = await web.get(path, by=member.account)
        seen = await web.get("/me/access", by=owner)

        assert (before.json["street"], before.json["contact"]) == (None, None)
        assert before.json["items"][0] == {"category": "fridge", "category_name": "冰箱", **NOBODY_SAID}
        assert (opened.json["street"], opened.json["contact"]) == ("示例路 8 号", CONTACT)
        assert (opened.json["items"][0]["note"], opened.json["call_first"]) == ("双开门", True)
        assert [(one["role"], one["what"], one["fields"]) for one in seen.json["items"]] == [
            ("crew", "pickup.opened", ["street", "phone"])
        ]

    async def test_is_masked_an_hour_after_the_end_and_the_day_after_tomorrow(
        self, web, owner, pickup, member, crew_does, slot, noon
    ):
        later = await booked(web, owner, await a_slot(noon, hours_ahead=48))
        for one in (pickup, later):
            await crew_does("accept", one)

        async def shown(one, at):
            clock.stand_still(at)
            return (await web.get(f"/crew/pickups/{one['id']}", by=member.account)).json["street"]

        assert await shown(later, noon) is None
        assert await shown(pickup, slot.ends_at + timedelta(minutes=59)) == "示例路 8 号"
        assert await shown(pickup, slot.ends_at + timedelta(hours=1)) is None
        assert await shown(later, noon + timedelta(days=1)) == "示例路 8 号"

    async def test_without_a_contact_the_account_is_called(self, web, owner, member, crew_does, slot):
        pickup = await booked(web, owner, slot)
        await crew_does("accept", pickup)

        opened = await web.get(f"/crew/pickups/{pickup['id']}", by=member.account)

        assert opened.json["contact"] == {"name": None, "phone": "13987654321"}

    async def test_the_list_has_no_doors(self, web, pickup, member, crew_does):
        await crew_does("accept", pickup)

        listed = await web.get("/crew/pickups", by=member.account)

        assert "street" not in listed.json["items"][0]
        assert "示例路" not in listed.raw.decode()

    async def test_another_crew_sees_nothing_of_it(self, web, pickup, crew_does, noon):
        stranger = (await a_crew_member(noon, await a_crew("别的组"))).account
        await crew_does("accept", pickup)

        answer = await web.get(f"/crew/pickups/{pickup['id']}", by=stranger)

        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert (await web.get("/crew/pickups", by=stranger)).json["items"] == []


class TestHolding:
    async def test_a_held_place_is_not_left_for_others(self, web, slot, owner, noon):
        held = await web.post(f"/pickups/slots/{slot.id}/hold", by=owner)

        assert held.json == {"slot": str(slot.id), "expires_at": "2024-09-01T12:15:00+08:00"}
        assert (await web.get("/pickups/slots?region=yangling")).json["items"][0]["left"] == 2
        gone = await web.delete(f"/pickups/slots/{slot.id}/hold", by=owner)
        assert (gone.status, (await Slot.get()).taken) == (204, 0)


class TestClosing:
    async def test_moves_bookings_and_is_lifted(self, web, pickup, owner, noon):
        await a_slot(noon, hours_ahead=48)
        tomorrow = await booked(web, owner, await a_slot(noon, hours_ahead=24))
        bureau = await a_staff(noon)
        day = {
            "starts_at": (noon + timedelta(hours=12)).isoformat(),
            "ends_at": (noon + timedelta(hours=36)).isoformat(),
        }

        closed = await web.post(
            "/staff/pickups/closures", by=bureau, region="yangling", reason="暴雨停收", **day
        )
        listed = await web.get("/staff/pickups/closures?region=yangling", by=bureau)
        lifted = await web.delete(f"/staff/pickups/closures/{closed.json['id']}", by=bureau)

        assert (closed.status, closed.json["moved"], closed.json["cancelled"]) == (201, 1, 0)
        assert listed.json["items"] == [closed.json]
        assert lifted.json["lifted_at"] == "2024-09-01T12:00:00+08:00"
        moved = await web.get(f"/pickups/{tomorrow['id']}", by=owner)
        assert moved.json["slot"]["starts_at"] == "2024-09-03T12:00:00+08:00"

    async def test_refusals_have_their_statuses(self, web, noon):
        bureau = await a_staff(noon)
        good = {
            "region": "yangling",
            "starts_at": noon.isoformat(),
            "ends_at": (noon + timedelta(days=1)).isoformat(),
            "reason": "暴雨停收",
        }

        async def refusal(**wrong):
            answer = await web.post("/staff/pickups/closures", by=bureau, **{**good, **wrong})
            return answer.status, answer.json["code"]

        assert await refusal(ends_at=good["starts_at"]) == (422, "invalid_request")
        assert await refusal(region="atlantis") == (422, "region_unknown")
        assert await refusal(crew=str(new_id())) == (422, "crew_unknown")


async def test_a_locked_code_is_unlocked_by_support(web, pickup, owner, crew_does, noon):
    await at_the_door(crew_does, pickup)
    await crew_does("offer", pickup, price_fen=0)
    offer = await the_offer(web, owner, pickup)
    await web.post(f"/pickups/{pickup['id']}/offer/accept", by=owner, **offer)
    wrong = {"weight_grams": 1, "price_fen": 0, "code": "000000"}
    codes = [(await crew_does("collect", pickup, **wrong)).json["code"] for _ in range(6)]
    support = await a_staff(noon, StaffRole.SUPPORT)

    unlocked = await web.post(f"/staff/pickups/{pickup['number']}/code", by=support, reason="居民来电核对")

    assert codes == ["pickup_code_wrong"] * 5 + ["pickup_code_locked"]
    assert (unlocked.status, unlocked.json["state"]) == (200, "arrived")
    assert (await crew_does("collect", pickup, **wrong)).json["code"] == "pickup_code_wrong"
