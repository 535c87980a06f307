import asyncio
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.pickup import actions, closing, places, queries
from miniapi.pickup.closing import Closing
from miniapi.pickup.errors import NoSuchClosure, NoSuchCrew
from miniapi.pickup.models import CrewHours, Pickup, PickupState, Slot
from miniapi.pickup.moves import Move
from miniapi.reminders import actions as reminders
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, moved
from tests.factories.slots import a_crew, a_crew_member, a_slot
from tests.factories.staff import a_staff


@pytest.fixture
async def officer(database, noon):
    return Bureau(await a_staff(noon), "")


@pytest.fixture
def close(officer, noon):
    """Close the next day and a half, everywhere unless told otherwise."""

    async def do(**where):
        wanted = Closing("yangling", noon, noon + timedelta(hours=36), **where)
        return await closing.close(wanted, "暴雨停收", officer, KEYS, at=noon)

    return do


class TestClosing:
    async def test_moves_everybody_to_the_next_free_place_and_tells_them(
        self, close, noon, library, database
    ):
        slot, full = await a_slot(noon), await a_slot(noon, hours_ahead=48, capacity=1)
        await a_pickup(noon, full)
        later = await a_slot(noon, hours_ahead=50)
        booked = [await a_pickup(noon, slot) for _ in range(2)]

        closure = await close()

        assert (closure.moved, closure.cancelled) == (2, 0)
        assert {(await Pickup.get(id=one.id)).slot_id for one in booked} == {later.id}
        told = await Notice.filter(resident_id=booked[0].resident_id).values_list("about", flat=True)
        assert told == [f"预约 {booked[0].number} 因暴雨停收改到 09月03日 14:00，不方便请改约或取消"]
        assert (await Slot.get(id=slot.id)).capacity == 0
        assert await differences(database, library) == []

    async def test_what_was_asked_for_goes_along_to_the_new_time(self, close, noon):
        booked = await a_pickup(noon, await a_slot(noon))
        later = await a_slot(noon, hours_ahead=48)
        asked = await queries.occasion(booked.id, booked.resident_id, noon)
        await reminders.ask(booked.resident_id, asked, minutes_before=60, at=noon)

        await close()

        (owed,) = await Notice.filter(asked_for=True, state=NoticeState.OWED)
        assert owed.due_at == later.starts_at - timedelta(hours=1)
        assert owed.fields_json["time2"] == "2024年09月03日 12:00"

    async def test_the_crew_hears_why_and_of_which_time(self, close, noon):
        slot, member = await a_slot(noon), await a_crew_member(noon)
        booked = [await moved(await a_pickup(noon, slot), member, Move.ACCEPT, at=noon) for _ in range(2)]
        await a_slot(noon, hours_ahead=48, capacity=1)

        await close()

        told = await Notice.filter(resident_id=member.id).order_by("id")
        assert [(one.about, one.fields_json["time2"]) for one in told] == [
            (f"预约 {booked[0].number} 因暴雨停收改到别的时间，不用去了", "2024年09月02日 12:00"),
            (f"预约 {booked[1].number} 因暴雨停收取消，不用去了", "2024年09月02日 12:00"),
        ]

    async def test_cancels_where_no_place_is_left(self, close, noon, library, database):
        slot = await a_slot(noon)
        first, second = await a_pickup(noon, slot), await a_pickup(noon, slot)
        later = await a_slot(noon, hours_ahead=48, capacity=1)

        closure = await close()

        assert (closure.moved, closure.cancelled) == (1, 1)
        assert (await Pickup.get(id=first.id)).slot_id == later.id
        assert (await Pickup.get(id=second.id)).state is PickupState.CANCELLED
        assert await differences(database, library) == []

    async def test_of_one_crew_only_those_without_a_place_go(self, close, noon, library, database):
        ill, well = await a_crew("一组"), await a_crew("二组")
        slot = await a_slot(noon, capacity=2, crew=ill)
        await a_slot(noon, capacity=1, crew=well)
        await a_slot(noon, hours_ahead=48, crew=well)
        member, other = await a_crew_member(noon, ill), await a_crew_member(noon, well)
        first, _, third = [await a_pickup(noon, slot) for _ in range(3)]
        await moved(first, member, Move.ACCEPT, at=noon)
        await moved(third, other, Move.ACCEPT, at=noon)

        closure = await close(crew_id=ill.id)

        assert (closure.moved, closure.cancelled) == (2, 0)
        kept = await Pickup.get(id=third.id)
        assert (kept.slot_id, kept.crew_id) == (slot.id, well.id)
        assert (await Pickup.get(id=first.id)).state is PickupState.BOOKED
        assert await Notice.filter(resident_id=member.id, about__contains="不用去了").count() == 1
        assert await differences(database, library) == []

    async def test_whoever_stays_waits_for_another_crew(self, close, noon, library, database):
        ill, well = await a_crew("一组"), await a_crew("二组")
        slot = await a_slot(noon, capacity=1, crew=ill)
        await a_slot(noon, capacity=1, crew=well)
        booked = await a_pickup(noon, slot)
        await moved(booked, await a_crew_member(noon, ill), Move.ACCEPT, at=noon)

        closure = await close(crew_id=ill.id)

        kept = await Pickup.get(id=booked.id)
        assert (closure.moved, kept.state, kept.crew_id, kept.slot_id) == (
            0,
            PickupState.BOOKED,
            None,
            slot.id,
        )
        assert await differences(database, library) == []

    async def test_ends_holds_and_leaves_other_districts_and_what_begins_at_once(
        self, close, noon, library, database
    ):
        slot = await a_slot(noon)
        at_once, elsewhere = await a_slot(noon, hours_ahead=2), await a_slot(noon, district="别的区")
        await places.hold(slot.id, (await a_resident(noon)).id, at=noon)
        kept = [await a_pickup(noon, one) for one in (at_once, elsewhere)]

        closure = await close(district="杨陵区")

        assert (closure.moved, closure.cancelled) == (0, 0)
        assert [(await Pickup.get(id=one.id)).slot_id for one in kept] == [at_once.id, elsewhere.id]
        assert await differences(database, library) == []

    async def test_nobody_is_moved_to_where_they_have_booked_already(self, close, noon, library, database):
        slots = [await a_slot(noon, hours_ahead=hours) for hours in (24, 48, 72)]
        somebody = await a_resident(noon)
        first = await a_pickup(noon, slots[0], somebody)
        await a_pickup(noon, slots[1], somebody)

        await close()

        assert (await Pickup.get(id=first.id)).slot_id == slots[2].id
        assert await differences(database, library) == []

    async def test_is_written_down(self, close, officer, noon):
        await a_pickup(noon, await a_slot(noon))

        closure = await close()

        event = await AuditEvent.get()
        assert (event.actor, event.action) == (officer.actor, "pickups.closed")
        assert (event.subject, event.reason) == (f"closure:{closure.id}", "暴雨停收")

    async def test_an_unknown_crew_is_said(self, close):
        with pytest.raises(NoSuchCrew):
            await close(crew_id=new_id())

    async def test_races_with_bookings_changes_and_cancellations(self, close, noon, library, database):
        slots = [await a_slot(noon, hours_ahead=hours, capacity=4) for hours in (24, 26, 48, 50)]
        people = [await a_resident(noon) for _ in range(8)]
        booked = [await a_pickup(noon, slots[n % 2], one) for n, one in enumerate(people)]

        outcomes = await asyncio.gather(
            close(),
            *(a_pickup(noon, slots[n % 4]) for n in range(6)),
            *(actions.cancel(booked[n].id, people[n].id, None, KEYS, at=noon) for n in (0, 1)),
            *(actions.reschedule(booked[n].id, people[n].id, slots[n % 4].id, at=noon) for n in (2, 3, 4)),
            return_exceptions=True,
        )

        assert not [one for one in outcomes if type(one).__module__.startswith("tortoise")], outcomes
        assert await differences(database, library) == []


class TestLifting:
    async def test_gives_the_places_back_once(self, close, officer, noon, library, database):
        crew = await a_crew()
        for weekday in range(7):
            await CrewHours.create(
                crew=crew, district="杨陵区", weekday=weekday, begins=9, ends=11, capacity=3
            )
        await places.lay_out_slots(at=noon)
        closure = await close()
        closed = await Slot.filter(capacity=0).count()

        for _ in range(2):
            lifted = await closing.lift(closure.id, officer, at=noon)

        assert (closed, lifted.lifted_at) == (1, noon)
        assert await Slot.filter(capacity=0).count() == 0
        assert await AuditEvent.filter(action="pickups.reopened").count() == 1
        assert await differences(database, library) == []

    async def test_gives_what_begins_soon_all_its_places_back(self, officer, noon, library, database):
        crew, now = await a_crew(), noon - timedelta(minutes=30)
        for weekday in range(7):
            await CrewHours.create(
                crew=crew, district="杨陵区", weekday=weekday, begins=13, ends=15, capacity=3
            )
        await places.lay_out_slots(at=now)
        soon = await Slot.get(starts_at=noon + timedelta(hours=1))
        await a_pickup(now, soon)
        wanted = Closing("yangling", now, now + timedelta(hours=6))
        closure = await closing.close(wanted, "暴雨停收", officer, KEYS, at=now)
        kept = (await Slot.get(id=soon.id)).capacity

        await closing.lift(closure.id, officer, at=now)

        assert (kept, (await Slot.get(id=soon.id)).capacity) == (1, 3)
        assert (await a_pickup(now, soon)).state is PickupState.BOOKED
        assert await differences(database, library) == []

    async def test_an_unknown_one_is_not_found(self, officer, noon):
        with pytest.raises(NoSuchClosure):
            await closing.lift(new_id(), officer, at=noon)
