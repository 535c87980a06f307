import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.errors import NotSignedIn
from miniapi.pickup import places
from miniapi.pickup.errors import NoSuchSlot, SlotClosed, SlotFull
from miniapi.pickup.models import Closure, CrewHours, Hold, Pickup, Shift, Slot
from miniapi.privacy.actions import leave
from miniapi.reports.audit import differences
from tests.factories.people import a_resident
from tests.factories.pickups import a_pickup
from tests.factories.slots import a_crew, a_slot
from tests.factories.staff import a_staff

HELD = timedelta(minutes=15)


async def daily(crew, begins, ends, capacity=2, district="杨陵区"):
    for weekday in range(7):
        await CrewHours.create(
            crew=crew, district=district, weekday=weekday, begins=begins, ends=ends, capacity=capacity
        )


class TestLayingOut:
    async def test_hours_are_cut_into_slots_for_two_weeks_once(self, database, noon):
        await daily(await a_crew(), 9, 14)

        first = await places.lay_out_slots(at=noon)
        again = await places.lay_out_slots(at=noon)
        a_day_later = await places.lay_out_slots(at=noon + timedelta(days=1))

        assert (first, again, a_day_later) == (30, 0, 2)
        today = await Slot.filter(starts_at__lt=noon + timedelta(hours=12)).order_by("starts_at")
        assert [(one.starts_at.astimezone(noon.tzinfo).hour, one.capacity) for one in today] == [
            (9, 2),
            (11, 2),
        ]

    async def test_crews_of_one_time_share_its_slot(self, database, noon, library):
        await daily(await a_crew("一组"), 9, 11, capacity=2)
        await daily(await a_crew("二组"), 9, 11, capacity=1)

        await asyncio.gather(*(places.lay_out_slots(at=noon) for _ in range(4)))

        assert {slot.capacity for slot in await Slot.all()} == {3}
        assert await Shift.all().count() == 30
        assert await differences(database, library) == []

    async def test_a_crew_that_comes_later_adds_its_places(self, database, noon, library):
        await daily(await a_crew("一组"), 9, 11)
        await places.lay_out_slots(at=noon)
        await a_pickup(noon, await Slot.filter(starts_at__gt=noon).order_by("starts_at").first())
        await daily(await a_crew("二组"), 9, 11)

        await places.lay_out_slots(at=noon)

        assert {slot.capacity for slot in await Slot.all()} == {4}
        assert await differences(database, library) == []

    async def test_nobody_comes_while_it_is_closed(self, database, noon):
        one, other = await a_crew("一组"), await a_crew("二组")
        await daily(one, 9, 11)
        await daily(other, 9, 11, district="别的区")
        closed = {"region": "yangling", "reason": "节假日", "staff": await a_staff(noon), "closed_at": noon}
        midnight = noon.replace(hour=0)
        day = {"starts_at": midnight + timedelta(days=1), "ends_at": midnight + timedelta(days=2)}
        await Closure.create(**closed, **day, district="别的区")
        await Closure.create(
            **closed, starts_at=day["ends_at"], ends_at=midnight + timedelta(days=3), crew=one
        )
        await Closure.create(**closed, **day, lifted_at=noon, district="杨陵区")

        await places.lay_out_slots(at=noon)

        days = Counter(
            (slot.district, slot.starts_at.astimezone(noon.tzinfo).day) for slot in await Slot.all()
        )
        assert (days["杨陵区", 2], days["杨陵区", 3], days["杨陵区", 4]) == (1, 0, 1)
        assert (days["别的区", 2], days["别的区", 3]) == (0, 1)


class TestHolding:
    async def test_keeps_the_last_place_for_whoever_fills_in_the_form(self, database, noon, library):
        slot, somebody = await a_slot(noon, capacity=1), await a_resident(noon)

        kept = await places.hold(slot.id, somebody.id, at=noon)

        assert kept.expires_at == noon + HELD
        with pytest.raises(SlotFull):
            await a_pickup(noon, slot)
        assert await differences(database, library) == []
        await a_pickup(noon + HELD, slot, somebody)
        assert (await Slot.get(id=slot.id)).taken == 1
        assert await Hold.all().count() == 0
        assert await differences(database, library) == []

    async def test_the_same_again_is_not_kept_longer(self, database, noon):
        slot, somebody = await a_slot(noon), await a_resident(noon)
        first = await places.hold(slot.id, somebody.id, at=noon)

        again = await places.hold(slot.id, somebody.id, at=noon + timedelta(minutes=5))

        assert (again.id, again.expires_at) == (first.id, first.expires_at)
        assert (await Slot.get(id=slot.id)).taken == 1

    async def test_somebody_holds_one_place(self, database, noon, library):
        slots, somebody = [await a_slot(noon, hours_ahead=h) for h in (24, 48)], await a_resident(noon)
        await places.hold(slots[0].id, somebody.id, at=noon)

        await places.hold(slots[1].id, somebody.id, at=noon)

        assert [(await Slot.get(id=one.id)).taken for one in slots] == [0, 1]
        assert await differences(database, library) == []

    async def test_what_was_held_too_long_goes_to_the_next_at_once(self, database, noon, library):
        slot = await a_slot(noon, capacity=1)
        await places.hold(slot.id, (await a_resident(noon)).id, at=noon)

        await a_pickup(noon + HELD, slot)

        assert (await Slot.get(id=slot.id)).taken == 1
        assert await differences(database, library) == []

    async def test_what_was_held_too_long_is_given_back_by_the_clock(self, database, noon):
        slots = [await a_slot(noon, hours_ahead=h) for h in (24, 24.5, 48)]
        for slot in (*slots, slots[0]):
            await places.hold(slot.id, (await a_resident(noon)).id, at=noon)

        early = await places.give_back_expired(at=noon + HELD - timedelta(seconds=1))
        given_back = await asyncio.gather(*(places.give_back_expired(at=noon + HELD) for _ in range(3)))

        assert (early, sum(given_back)) == (0, 4)
        assert {slot.taken for slot in await Slot.all()} == {0}

    async def test_can_be_let_go(self, database, noon):
        slot, somebody = await a_slot(noon), await a_resident(noon)
        await places.hold(slot.id, somebody.id, at=noon)

        for _ in range(2):
            await places.let_go(slot.id, somebody.id)

        assert (await Slot.get(id=slot.id)).taken == 0

    async def test_says_no_to_what_cannot_be(self, database, noon):
        somebody, slot = await a_resident(noon), await a_slot(noon)

        with pytest.raises(NoSuchSlot):
            await places.hold(somebody.id, somebody.id, at=noon)
        with pytest.raises(SlotClosed):
            await places.hold(slot.id, somebody.id, at=slot.starts_at - timedelta(hours=1))
        await leave(somebody.id, at=noon)
        with pytest.raises(NotSignedIn):
            await places.hold(slot.id, somebody.id, at=noon)

    async def test_whoever_leaves_holds_nothing(self, database, noon, library):
        slot, somebody = await a_slot(noon), await a_resident(noon)
        await places.hold(slot.id, somebody.id, at=noon)

        await leave(somebody.id, at=noon)

        assert (await Slot.get(id=slot.id)).taken == 0
        assert await differences(database, library) == []

    async def test_a_crowd_that_holds_and_books_gets_the_places_there_are(self, database, noon, library):
        slot, late = await a_slot(noon, capacity=5), noon + HELD
        for _ in range(5):
            await places.hold(slot.id, (await a_resident(noon)).id, at=noon)
        crowd = [await a_resident(noon) for _ in range(20)]

        outcomes = await asyncio.gather(
            *(places.hold(slot.id, one.id, at=late) for one in crowd[:10]),
            *(a_pickup(late, slot, one) for one in crowd[10:]),
            return_exceptions=True,
        )

        found = Counter(map(type, outcomes))
        assert set(found) <= {Hold, Pickup, SlotFull}
        assert found[Hold] + found[Pickup] == 5
        assert await differences(database, library) == []
