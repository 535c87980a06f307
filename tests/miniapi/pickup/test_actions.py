import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.clock import SHANGHAI
from miniapi.ids import new_id
from miniapi.pickup import actions, by_the_clock, queries
from miniapi.pickup.actions import Contact, Door, OldItem
from miniapi.pickup.errors import (
    AlreadyBooked,
    NoSuchPickup,
    NoSuchSlot,
    NotBooked,
    NotNow,
    OtherDistrict,
    SlotClosed,
    SlotFull,
    TooLateToChange,
    TooManyActive,
    TooManyChanges,
)
from miniapi.pickup.models import Pickup, PickupEvent, PickupState, Slot
from miniapi.reminders.actions import ask
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reports.audit import differences
from tests.factories.people import a_resident
from tests.factories.slots import a_slot

DOOR = Door("杨陵区", "示例路 8 号")


@pytest.fixture
def booking(library, keys, noon):
    async def book(resident, slot, *, door=DOOR, at=noon):
        items = [OldItem(library.categories["fridge"])]
        contact = Contact("张三", "13812345678")
        return await actions.book(resident.id, slot.id, items, door, contact, keys, at=at)

    return book


class TestBook:
    async def test_seals_street_and_contact(self, database, noon, keys, booking):
        pickup = await booking(await a_resident(noon), await a_slot(noon))

        kept = await Pickup.get(id=pickup.id)
        assert "示例路" not in kept.street_sealed
        assert keys.unseal(kept.street_sealed) == "示例路 8 号"
        assert "13812345678" not in kept.contact_sealed

    async def test_the_last_place_goes_to_one_of_thirty(self, database, noon, library, booking):
        slot = await a_slot(noon, capacity=1)
        crowd = [await a_resident(noon) for _ in range(30)]

        outcomes = await asyncio.gather(*(booking(one, slot) for one in crowd), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {Pickup: 1, SlotFull: 29}
        assert await differences(database, library) == []

    async def test_a_double_click_books_once(self, database, noon, booking):
        slot, resident = await a_slot(noon), await a_resident(noon)

        outcomes = await asyncio.gather(*(booking(resident, slot) for _ in range(5)), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {Pickup: 1, AlreadyBooked: 4}

    async def test_says_no_to_what_cannot_be(self, database, noon, booking):
        resident, slot = await a_resident(noon), await a_slot(noon)

        with pytest.raises(NoSuchSlot):
            await booking(resident, Slot(id=new_id()))
        with pytest.raises(OtherDistrict):
            await booking(resident, slot, door=Door("别的区", "示例路 8 号"))
        with pytest.raises(SlotClosed):
            await booking(resident, slot, at=slot.starts_at - timedelta(hours=1))


class TestCancel:
    async def test_frees_the_place_once(self, database, noon, keys, booking):
        slot, resident = await a_slot(noon, capacity=1), await a_resident(noon)
        pickup = await booking(resident, slot)

        outcomes = await asyncio.gather(
            *(actions.cancel(pickup.id, resident.id, "不用了", keys, at=noon) for _ in range(5)),
            return_exceptions=True,
        )

        assert Counter(map(type, outcomes)) == {Pickup: 1, NotBooked: 4}
        assert (await Slot.get(id=slot.id)).taken == 0

    async def test_nobody_cancels_for_somebody_else(self, database, noon, keys, booking):
        pickup = await booking(await a_resident(noon), await a_slot(noon))

        with pytest.raises(NoSuchPickup):
            await actions.cancel(pickup.id, (await a_resident(noon)).id, None, keys, at=noon)

    async def test_two_hours_before_it_is_too_late(self, database, noon, keys, booking):
        resident, slot = await a_resident(noon), await a_slot(noon)
        pickup = await booking(resident, slot)

        with pytest.raises(TooLateToChange):
            await actions.cancel(pickup.id, resident.id, None, keys, at=slot.starts_at - timedelta(hours=2))


class TestReschedule:
    async def test_moves_the_place(self, database, noon, booking):
        resident, old, new = await a_resident(noon), await a_slot(noon), await a_slot(noon, hours_ahead=48)
        pickup = await booking(resident, old)

        moved = await actions.reschedule(pickup.id, resident.id, new.id, at=noon)

        assert moved.slot.id == new.id
        assert ((await Slot.get(id=old.id)).taken, (await Slot.get(id=new.id)).taken) == (0, 1)
        assert [event.what for event in await PickupEvent.all().order_by("id")] == ["booked", "rescheduled"]

    async def test_moves_the_reminder_that_was_asked_for(self, database, noon, booking):
        resident, old, new = await a_resident(noon), await a_slot(noon), await a_slot(noon, hours_ahead=48)
        pickup = await booking(resident, old)
        coming = await queries.occasion(pickup.id, resident.id, noon)
        before = await ask(resident.id, coming, minutes_before=60, at=noon)

        await actions.reschedule(pickup.id, resident.id, new.id, at=noon)

        (owed,) = await Notice.filter(asked_for=True, state=NoticeState.OWED)
        assert (await Notice.get(id=before.id)).state is NoticeState.CANCELLED
        assert owed.due_at == new.starts_at - timedelta(hours=1)
        assert owed.fields_json["time2"] == f"{new.starts_at.astimezone(SHANGHAI):%Y年%m月%d日 %H:%M}"

    async def test_a_full_slot_leaves_the_booking_where_it_is(self, database, noon, library, booking):
        resident, old, full = (
            await a_resident(noon),
            await a_slot(noon),
            await a_slot(noon, hours_ahead=48, capacity=1),
        )
        pickup = await booking(resident, old)
        await booking(await a_resident(noon), full)

        with pytest.raises(SlotFull):
            await actions.reschedule(pickup.id, resident.id, full.id, at=noon)

        assert (await Pickup.get(id=pickup.id)).slot_id == old.id
        assert await differences(database, library) == []

    async def test_a_crowd_of_changes_keeps_every_counter(self, database, noon, library, keys, booking):
        slots = [await a_slot(noon, hours_ahead=24 + hours, capacity=4) for hours in (0, 2, 4)]
        people = [await a_resident(noon) for _ in range(9)]
        pickups = [await booking(one, slots[n % 3]) for n, one in enumerate(people)]

        await asyncio.gather(
            *(
                actions.reschedule(pickups[n].id, people[n].id, slots[(n + step) % 3].id, at=noon)
                for step in (1, 2)
                for n in range(9)
            ),
            *(actions.cancel(pickups[n].id, people[n].id, None, keys, at=noon) for n in range(0, 9, 4)),
            return_exceptions=True,
        )

        assert await differences(database, library) == []
        assert await Pickup.filter(state=PickupState.BOOKED).count() == 6

    async def test_three_times_is_enough(self, database, noon, booking):
        resident = await a_resident(noon)
        slots = [await a_slot(noon, hours_ahead=24 + hours) for hours in (0, 2, 4, 6, 8)]
        pickup = await booking(resident, slots[0])
        for slot in slots[1:4]:
            await actions.reschedule(pickup.id, resident.id, slot.id, at=noon)

        with pytest.raises(TooManyChanges):
            await actions.reschedule(pickup.id, resident.id, slots[4].id, at=noon)

        assert (await Pickup.get(id=pickup.id)).slot_id == slots[3].id


async def test_somebody_has_three_bookings_at_a_time(database, noon, keys, booking):
    resident = await a_resident(noon)
    slots = [await a_slot(noon, hours_ahead=24 + hours) for hours in (0, 2, 4, 6)]
    pickups = [await booking(resident, slot) for slot in slots[:3]]

    with pytest.raises(TooManyActive):
        await booking(resident, slots[3])
    await actions.cancel(pickups[0].id, resident.id, None, keys, at=noon)
    assert await booking(resident, slots[3])


class TestWhatTheCrewMissed:
    @pytest.fixture
    async def missed(self, database, noon, booking):
        """A booking for which nobody came this morning."""
        early = noon - timedelta(hours=8)
        pickup = await booking(await a_resident(noon), await a_slot(early, hours_ahead=2), at=early)
        await by_the_clock.end_missed(at=noon)
        return await Pickup.get(id=pickup.id)

    async def test_can_be_put_away(self, missed, noon, library, keys, database):
        put_away = await actions.cancel(missed.id, missed.resident_id, None, keys, at=noon)

        assert (missed.state, put_away.state) == (PickupState.MISSED_BY_CREW, PickupState.CANCELLED)
        assert await differences(database, library) == []

    async def test_is_given_up_once_and_never_what_goes_on(
        self, missed, noon, library, keys, database, booking
    ):
        going_on = await booking(await a_resident(noon), await a_slot(noon))

        given_up = await actions.give_up(missed.id, missed.resident_id, keys, at=noon)

        assert given_up.state is PickupState.CANCELLED
        with pytest.raises(NotBooked):
            await actions.give_up(missed.id, missed.resident_id, keys, at=noon)
        with pytest.raises(NotNow):
            await actions.give_up(going_on.id, going_on.resident_id, keys, at=noon)
        assert await differences(database, library) == []

    async def test_is_one_more_to_come_where_it_is_moved(self, missed, noon, booking):
        resident = await missed.resident
        slots = [await a_slot(noon, hours_ahead=24 + hours) for hours in (0, 2, 4, 6)]
        for slot in slots[:3]:
            await booking(resident, slot)

        with pytest.raises(TooManyActive):
            await actions.reschedule(missed.id, resident.id, slots[3].id, at=noon)

        assert (await Pickup.get(id=missed.id)).state is PickupState.MISSED_BY_CREW


async def test_what_people_write_is_sealed(database, noon, library, keys):
    slot, resident = await a_slot(noon), await a_resident(noon)
    item = OldItem(library.categories["fridge"], "放在三楼", "示例牌", "双开门", 8, False)

    booked = await actions.book(resident.id, slot.id, [item], DOOR, None, keys, at=noon)
    await actions.cancel(booked.id, resident.id, "搬家了", keys, at=noon)

    kept, event = await Pickup.get(), await PickupEvent.get(what="cancelled")
    assert kept.items == [{"category": "fridge", "age_years": 8, "works": False}]
    assert "三楼" in json.loads(keys.unseal(kept.words_sealed))[0]["note"]
    assert (event.reason, keys.unseal(event.reason_sealed)) == (None, "搬家了")
