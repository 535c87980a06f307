import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.pickup import closing, crews, hours, places
from miniapi.pickup.closing import Closing
from miniapi.pickup.errors import CrewClosed, HoursOverlap, NoSuchCrewOfYours, SlotFull
from miniapi.pickup.hours import Span
from miniapi.pickup.models import CrewHours, Pickup, PickupState, Shift, Slot
from miniapi.pickup.moves import Move
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, moved
from tests.factories.prices import a_recycler
from tests.factories.slots import a_crew, a_crew_member, a_manager
from tests.factories.staff import a_staff

MONDAY = 0  # noon is on a Sunday


def every_day(*, begins=9, ends=13, capacity=2, district="杨陵区"):
    return [Span(district, weekday, begins, ends, capacity) for weekday in range(7)]


@pytest.fixture
async def crew(database):
    return await a_crew()


@pytest.fixture
async def put(crew, noon):
    """Put the week of the crew."""
    manager = await a_manager(noon, crew)

    async def do(week, *, at=noon, of=crew):
        return await hours.put(of.id, week, manager, KEYS, at=at)

    return do


async def slots_of(day):
    """The hours in China at which slots of a day begin, and their places."""
    found = Slot.filter(starts_at__gte=day, starts_at__lt=day + timedelta(days=1), capacity__gt=0)
    return {slot.starts_at.astimezone(day.tzinfo).hour: slot.capacity for slot in await found}


class TestPuttingAWeek:
    async def test_lays_out_its_slots_and_nothing_else(self, put, noon):
        monday = noon.replace(hour=0) + timedelta(days=1)

        await put([Span("杨陵区", MONDAY, 9, 13, 2)])

        assert await slots_of(monday) == {9: 2, 11: 2}
        assert await slots_of(monday + timedelta(days=1)) == {}
        assert await slots_of(monday + timedelta(days=7)) == {9: 2, 11: 2}

    async def test_follows_the_week_before(self, put, noon, library, database):
        monday = noon.replace(hour=0) + timedelta(days=1)
        await put(every_day(capacity=2))

        await put([Span("杨陵区", MONDAY, 9, 11, 5), Span("杨陵区", MONDAY, 14, 18, 1)])

        assert await slots_of(monday) == {9: 5, 14: 1, 16: 1}
        assert await slots_of(monday + timedelta(days=1)) == {}
        assert await CrewHours.all().count() == 2
        assert await Shift.filter(slot__starts_at__gt=noon + timedelta(hours=2)).count() == 2 * (1 + 2)
        assert await differences(database, library) == []

    async def test_more_places_can_be_booked_as_late_as_any(self, put, noon):
        now = noon - timedelta(minutes=30)
        await put(every_day(begins=13, ends=15, capacity=1), at=now)
        soon = await Slot.get(starts_at=noon + timedelta(hours=1))
        await a_pickup(now, soon)

        await put(every_day(begins=13, ends=15, capacity=2), at=now)

        assert (await a_pickup(now, soon)).state is PickupState.BOOKED

    async def test_whoever_is_moved_hears_that_it_is_for_the_hours(self, put, crew, noon):
        member = await a_crew_member(noon, crew)
        await put(every_day(begins=9, ends=11))
        booked = await a_pickup(noon, await Slot.filter(capacity__gt=0, starts_at__gt=noon).first())
        await moved(booked, member, Move.ACCEPT, at=noon)

        await put(every_day(begins=14, ends=16))

        told = [one.about for one in await Notice.filter(about__contains="因").order_by("resident_id")]
        assert len(told) == 2
        assert all(f"预约 {booked.number} 因上门时间调整改到" in one for one in told)

    async def test_leaves_other_crews_as_they_are(self, put, crew, noon):
        other, tuesday = await a_crew("二组"), noon.replace(hour=0) + timedelta(days=2)
        await put(every_day(capacity=2))
        await put(every_day(capacity=3), of=other)

        await put([])

        assert await slots_of(tuesday) == {9: 3, 11: 3}
        assert await CrewHours.filter(crew=crew).count() == 0

    async def test_leaves_out_what_is_closed(self, put, noon):
        tomorrow = noon.replace(hour=0) + timedelta(days=1)
        closed = Closing("yangling", tomorrow, tomorrow + timedelta(days=1))
        await closing.close(closed, "暴雨停收", Bureau(await a_staff(noon), ""), KEYS, at=noon)

        await put(every_day())

        assert await slots_of(tomorrow) == {}
        assert await slots_of(tomorrow + timedelta(days=1)) == {9: 2, 11: 2}

    async def test_is_what_the_clock_lays_out_later(self, put, noon):
        await put(every_day(capacity=2))
        await put(every_day(capacity=1))

        await places.lay_out_slots(at=noon + timedelta(days=3))

        ahead = Slot.filter(capacity__gt=0, starts_at__gt=noon)
        assert set(await ahead.values_list("capacity", flat=True)) == {1}

    async def test_is_on_record(self, put, crew):
        await put([Span("杨陵区", MONDAY, 9, 11, 2)])

        event = await AuditEvent.get(action="crew.hours_changed")
        span = {"district": "杨陵区", "weekday": 0, "begins": 9, "ends": 11, "capacity": 2}
        assert event.subject == f"crew:{crew.id}"
        assert json.loads(event.after) == {"hours": [span], "moved": 0, "cancelled": 0}


class TestWhoHasBooked:
    async def test_beyond_a_smaller_capacity_is_moved_and_told(self, put, noon, library, database):
        await put(every_day(capacity=2))
        first = await Slot.filter(starts_at__gt=noon).order_by("starts_at").first()
        kept, late = await a_pickup(noon, first), await a_pickup(noon, first)

        relaid = await put(every_day(capacity=1))

        now = await Pickup.get(id=late.id).select_related("slot")
        assert (relaid.moved, relaid.cancelled) == (1, 0)
        assert (await Pickup.get(id=kept.id)).slot_id == first.id
        assert now.slot.starts_at == first.starts_at + timedelta(hours=2)
        told = await Notice.filter(resident_id=late.resident_id).values_list("about", flat=True)
        assert told == [f"预约 {late.number} 因上门时间调整改到 09月02日 11:00，不方便请改约或取消"]
        assert await differences(database, library) == []

    async def test_is_cancelled_where_nobody_comes_any_more(self, put, noon, library, database):
        await put(every_day())
        slot = await Slot.filter(starts_at__gt=noon).order_by("starts_at").first()
        booked = await a_pickup(noon, slot)

        relaid = await put([])

        assert (relaid.moved, relaid.cancelled) == (0, 1)
        assert (await Pickup.get(id=booked.id)).state is PickupState.CANCELLED
        assert await differences(database, library) == []

    async def test_keeps_the_crew_as_far_as_it_has_places(self, put, crew, noon, library, database):
        await put(every_day(capacity=2))
        slot = await Slot.filter(starts_at__gt=noon).order_by("starts_at").first()
        member = await a_crew_member(noon, crew)
        first, second = [await a_pickup(noon, slot) for _ in range(2)]
        for one in (second, first):
            await moved(one, member, Move.ACCEPT, at=noon)

        relaid = await put(every_day(capacity=1))

        kept, gone = await Pickup.get(id=first.id), await Pickup.get(id=second.id)
        assert (relaid.moved, kept.crew_id, gone.crew_id) == (1, crew.id, None)
        assert (await Shift.get(slot=slot)).taken == 1
        assert await Notice.filter(resident_id=member.id, about__contains="不用去了").count() == 1
        assert await differences(database, library) == []

    async def test_waits_for_another_crew_that_still_has_a_place(self, put, crew, noon, library, database):
        await put(every_day(capacity=1))
        await put(every_day(capacity=1), of=await a_crew("二组"))
        slot = await Slot.filter(starts_at__gt=noon).order_by("starts_at").first()
        booked = await a_pickup(noon, slot)
        await moved(booked, await a_crew_member(noon, crew), Move.ACCEPT, at=noon)

        relaid = await put([])

        now = await Pickup.get(id=booked.id)
        assert (relaid.moved, now.state, now.slot_id) == (0, PickupState.BOOKED, slot.id)
        assert await Notice.filter(resident_id=booked.resident_id, about__contains="另派师傅").count() == 1
        assert await differences(database, library) == []

    async def test_stays_where_the_crew_may_be_on_its_way(self, put, noon, library, database):
        await put(every_day(begins=8, ends=20))
        soon = await Slot.get(starts_at=noon + timedelta(hours=2))
        booked = await a_pickup(noon, soon)

        relaid = await put([])

        assert (relaid.moved, relaid.cancelled) == (0, 0)
        assert (await Pickup.get(id=booked.id)).slot_id == soon.id
        assert await differences(database, library) == []

    async def test_meets_whoever_books_meanwhile_without_a_place_too_many(self, put, noon, library, database):
        await put(every_day(capacity=5))
        slot = await Slot.filter(starts_at__gt=noon).order_by("starts_at").first()
        people = [await a_resident(noon) for _ in range(8)]

        outcomes = await asyncio.gather(
            *(a_pickup(noon, slot, somebody) for somebody in people),
            *(put(every_day(capacity=capacity)) for capacity in (3, 1, 4)),
            return_exceptions=True,
        )

        now = await Slot.get(id=slot.id)
        assert set(Counter(map(type, outcomes))) <= {Pickup, SlotFull, hours.Relaid}
        assert now.taken <= now.capacity
        assert await differences(database, library) == []


class TestRefusing:
    async def test_hours_that_overlap(self, put):
        with pytest.raises(HoursOverlap, match="杨陵区周一的时间有重叠"):
            await put([Span("杨陵区", MONDAY, 9, 13, 1), Span("杨陵区", MONDAY, 11, 15, 1)])

        assert await CrewHours.all().count() == 0

    async def test_takes_hours_that_meet_and_other_districts(self, put):
        spans = [Span("杨陵区", MONDAY, 9, 11, 1), Span("杨陵区", MONDAY, 11, 13, 2)]

        relaid = await put([*spans, Span("别的区", MONDAY, 9, 13, 1)])

        assert len(relaid.hours) == 3

    async def test_another_recyclers_crew(self, crew, noon):
        stranger = await a_recycler(noon)

        with pytest.raises(NoSuchCrewOfYours):
            await hours.put(crew.id, [], stranger, KEYS, at=noon)

    async def test_a_closed_crew(self, crew, put, noon):
        await crews.close(crew.id, await a_manager(noon, crew), KEYS, at=noon)

        with pytest.raises(CrewClosed):
            await put(every_day())
