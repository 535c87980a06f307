"""What begins so soon that nobody is moved any more: who has booked it stays, and nobody else can book it."""

from datetime import timedelta

import pytest

from miniapi.pickup import closing, hours, places, queries
from miniapi.pickup.closing import Closing
from miniapi.pickup.errors import SlotClosed, SlotFull
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.pickup.moves import Move
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, moved
from tests.factories.slots import a_crew, a_crew_member, a_manager, a_slot
from tests.factories.staff import a_staff

SOON = 1.5  # hours: can be booked still, and nobody is moved out of it


@pytest.fixture
def close(database, noon):
    """Close the next day and a half, everywhere or for one crew."""

    async def do(**where):
        officer = Bureau(await a_staff(noon), "")
        wanted = Closing("yangling", noon, noon + timedelta(hours=36), **where)
        return await closing.close(wanted, "暴雨停收", officer, KEYS, at=noon)

    return do


@pytest.fixture
def end_hours(database, noon):
    """Let a crew come at no time any more."""

    async def do(crew):
        return await hours.put(crew.id, [], await a_manager(noon, crew), KEYS, at=noon)

    return do


async def listed(noon):
    return await queries.bookable_slots("yangling", at=noon).count()


async def test_an_empty_one_that_is_closed_can_be_booked_no_more(close, noon, library, database):
    slot = await a_slot(noon, hours_ahead=SOON)

    await close()

    with pytest.raises(SlotClosed):
        await a_pickup(noon, slot)
    assert await listed(noon) == 0
    assert await differences(database, library) == []


async def test_an_empty_one_of_a_crew_without_hours_can_be_booked_no_more(end_hours, noon, library, database):
    crew = await a_crew()
    slot = await a_slot(noon, hours_ahead=SOON, crew=crew)

    await end_hours(crew)

    with pytest.raises(SlotClosed):
        await a_pickup(noon, slot)
    assert await differences(database, library) == []


async def test_who_has_booked_stays_and_can_be_accepted(close, noon, library, database):
    slot = await a_slot(noon, hours_ahead=SOON)
    accepted, waiting = await a_pickup(noon, slot), await a_pickup(noon, slot)
    member = await a_crew_member(noon)
    await moved(accepted, member, Move.ACCEPT, at=noon)

    closure = await close()

    with pytest.raises(SlotFull):
        await a_pickup(noon, slot)
    assert (closure.moved, closure.cancelled) == (0, 0)
    assert (await moved(waiting, member, Move.ACCEPT, at=noon)).state is PickupState.ASSIGNED
    assert (await Pickup.get(id=accepted.id)).state is PickupState.ASSIGNED
    assert await differences(database, library) == []


async def test_who_waits_is_left_to_the_crew_that_still_comes(close, noon, library, database):
    ill, well = await a_crew("一组"), await a_crew("二组")
    slot = await a_slot(noon, hours_ahead=SOON, capacity=3, crew=ill)
    await a_slot(noon, hours_ahead=SOON, capacity=2, crew=well)
    waiting = await a_pickup(noon, slot)

    await close(crew_id=ill.id)

    other = await a_crew_member(noon, well)
    assert (await Slot.get(id=slot.id)).capacity == 2
    assert (await moved(waiting, other, Move.ACCEPT, at=noon)).state is PickupState.ASSIGNED
    await a_pickup(noon, slot)
    with pytest.raises(SlotFull):
        await a_pickup(noon, slot)
    assert await differences(database, library) == []


async def test_for_whom_the_other_crew_has_no_place_the_first_one_keeps_it(close, noon, library, database):
    ill, well = await a_crew("一组"), await a_crew("二组")
    slot = await a_slot(noon, hours_ahead=SOON, capacity=3, crew=ill)
    await a_slot(noon, hours_ahead=SOON, capacity=1, crew=well)
    waiting = [await a_pickup(noon, slot) for _ in range(3)]

    await close(crew_id=ill.id)

    first, second = await a_crew_member(noon, ill), await a_crew_member(noon, well)
    took = [
        await moved(booked, member, Move.ACCEPT, at=noon)
        for booked, member in zip(waiting, (first, first, second), strict=True)
    ]
    assert {one.state for one in took} == {PickupState.ASSIGNED}
    assert (await Slot.get(id=slot.id)).capacity == 3
    assert await differences(database, library) == []


async def test_a_place_that_somebody_held_is_nobodys(close, noon, library, database):
    slot = await a_slot(noon, hours_ahead=SOON)
    somebody = await a_resident(noon)
    await places.hold(slot.id, somebody.id, at=noon)

    await close()

    with pytest.raises(SlotClosed):
        await a_pickup(noon, slot, somebody)
    assert await differences(database, library) == []
