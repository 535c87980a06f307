import asyncio
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.database import sql
from miniapi.pickup import actions, by_the_clock, crewing
from miniapi.pickup.errors import NoSuchPickup, TooLateNow, TooManyActive
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, an_act, moved
from tests.factories.slots import a_crew_member, a_slot

EVENING, MORNING = timedelta(hours=7), timedelta(hours=20)  # from noon


@pytest.fixture
async def slot(database, noon):
    """Tomorrow from noon until two."""
    return await a_slot(noon)


@pytest.fixture
async def booked(slot, noon):
    return await a_pickup(noon, slot)


async def planned(question, *given):
    """How the database answers this where its tables are large: reading them whole is the last resort."""
    async with in_transaction():
        await sql.rows("SET LOCAL enable_seqscan = off")
        return "\n".join(row["QUERY PLAN"] for row in await sql.rows(f"EXPLAIN {question}", *given))


class TestReminding:
    async def test_the_evening_before_and_in_the_morning_once_each(self, booked, noon):
        times = (EVENING - timedelta(seconds=1), EVENING, EVENING, MORNING, MORNING + timedelta(hours=1))

        owed = [await by_the_clock.remind(at=noon + after) for after in times]

        assert owed == [0, 1, 0, 1, 0]
        assert {one.resident_id for one in await Notice.all()} == {booked.resident_id}
        assert {one.about for one in await Notice.all()} == {
            f"预约 {booked.number} 09月02日 12:00 上门回收，请留好时间"
        }

    async def test_the_crew_is_reminded_too(self, booked, member, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)

        await by_the_clock.remind(at=noon + EVENING)

        assert await Notice.filter(resident_id=member.id).count() == 1

    async def test_at_once_and_by_several_nobody_is_told_twice(self, slot, noon):
        for _ in range(3):
            await a_pickup(noon, slot)

        await asyncio.gather(*(by_the_clock.remind(at=noon + EVENING) for _ in range(4)))

        assert await Notice.all().count() == 3

    async def test_whoever_books_in_the_evening_knows_already(self, slot, noon):
        await a_pickup(noon + EVENING, slot)

        assert await by_the_clock.remind(at=noon + EVENING) == 0
        assert await by_the_clock.remind(at=noon + MORNING) == 1

    async def test_what_begins_as_the_morning_does_is_told_a_moment_later(self, database, noon):
        eight = noon + MORNING
        await a_pickup(noon, await a_slot(eight, hours_ahead=0))

        owed = [await by_the_clock.remind(at=eight + timedelta(seconds=after)) for after in (0.5, 60)]

        assert owed == [1, 0]

    async def test_asks_bookings_for_their_people_and_not_everybody_for_their_bookings(self, database, noon):
        plan = await planned(by_the_clock.TO_REMIND, noon, noon + MORNING, "evening", 200, noon)

        assert "SubPlan" not in plan
        assert "Index Cond: (id = p.resident_id)" in plan or "Index Cond: (id = who.id)" in plan

    async def test_of_a_booking_that_is_off_nobody_is_reminded(self, booked, slot, member, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)
        await by_the_clock.remind(at=noon + EVENING)

        await actions.cancel(booked.id, booked.resident_id, None, KEYS, at=noon + EVENING)

        assert await Notice.filter(about__contains="请留好时间", state="owed").count() == 0
        assert await Notice.filter(resident_id=member.id, about__contains="已取消").count() == 1
        assert await by_the_clock.remind(at=noon + MORNING) == 0


class TestMissing:
    async def test_looks_only_through_what_is_to_come(self, database, noon):
        plan = await planned(by_the_clock.MISSED, noon, noon, 200)

        assert "pickup_to_come" in plan

    async def test_a_booking_nobody_came_for_is_missed_by_the_crew(
        self, booked, slot, noon, library, database
    ):
        over = slot.ends_at + timedelta(hours=2)

        ended = [await by_the_clock.end_missed(at=at) for at in (over - timedelta(seconds=1), over, over)]

        assert ended == [0, 1, 0]
        assert (await Pickup.get()).state is PickupState.MISSED_BY_CREW
        assert await Notice.filter(resident_id=booked.resident_id, about__contains="没有人上门").count() == 1
        assert await differences(database, library) == []

    async def test_its_resident_may_choose_anew_and_it_counts_as_no_change(
        self, booked, slot, noon, library, database
    ):
        over = slot.ends_at + timedelta(hours=2)
        await by_the_clock.end_missed(at=over)
        later = await a_slot(noon, hours_ahead=72)

        again = await actions.reschedule(booked.id, booked.resident_id, later.id, at=over)

        assert (again.state, again.changes, again.slot_id) == (PickupState.BOOKED, 0, later.id)
        assert await differences(database, library) == []

    async def test_a_phone_that_was_offline_may_tell_that_they_were_there(self, booked, slot, member, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)
        over = slot.ends_at + timedelta(hours=2)
        await by_the_clock.end_missed(at=over)

        with pytest.raises(TooLateNow):
            await crewing.move(booked.id, Move.SET_OUT, member, an_act(over), KEYS, at=over)
        there = await crewing.move(booked.id, Move.SET_OUT, member, an_act(slot.starts_at), KEYS, at=over)
        assert there.state is PickupState.ON_THE_WAY

    async def test_but_not_when_it_would_be_missed_again_at_once(self, booked, slot, member, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)
        await by_the_clock.end_missed(at=slot.ends_at + timedelta(hours=2))
        until = slot.ends_at + timedelta(hours=24)
        there = an_act(until - timedelta(hours=23))  # one hour after the slot

        with pytest.raises(TooLateNow) as refused:
            await crewing.move(booked.id, Move.SET_OUT, member, there, KEYS, at=until)
        assert refused.value.facts == {"until": until}
        in_time = until - timedelta(seconds=1)
        await crewing.move(booked.id, Move.SET_OUT, member, there, KEYS, at=in_time)
        assert await by_the_clock.end_missed(at=in_time) == 0

    async def test_what_they_tell_then_is_no_booking_to_come(
        self, booked, slot, member, noon, library, database
    ):
        owner = await booked.resident
        await moved(booked, member, Move.ACCEPT, at=noon)
        over = slot.ends_at + timedelta(hours=2)
        await by_the_clock.end_missed(at=over)
        slots = [await a_slot(noon, hours_ahead=hours) for hours in (48, 50, 52, 54)]
        to_come = [await a_pickup(over, one, owner) for one in slots[:3]]

        there = await crewing.move(booked.id, Move.SET_OUT, member, an_act(slot.starts_at), KEYS, at=over)

        assert there.state is PickupState.ON_THE_WAY
        with pytest.raises(TooManyActive):
            await a_pickup(over, slots[3], owner)
        await actions.cancel(to_come[0].id, owner.id, None, KEYS, at=over)
        assert (await a_pickup(over, slots[3], owner)).state is PickupState.BOOKED
        assert await differences(database, library) == []

    async def test_one_that_nobody_had_accepted_stays_missed(self, booked, slot, member):
        over = slot.ends_at + timedelta(hours=2)
        await by_the_clock.end_missed(at=over)
        assert await by_the_clock.end_missed(at=over) == 0

        with pytest.raises(NoSuchPickup):
            await crewing.move(booked.id, Move.SET_OUT, member, an_act(slot.starts_at), KEYS, at=over)


async def test_whoever_leaves_while_the_crew_is_on_its_way_is_not_waited_for(
    booked, slot, member, noon, library, database
):
    on_the_way = await moved(booked, member, Move.ACCEPT, at=noon)
    on_the_way = await moved(on_the_way, member, Move.SET_OUT, at=slot.starts_at)

    await leave(booked.resident_id, at=slot.starts_at)

    gone = await Pickup.get()
    assert (gone.state, gone.street_sealed, gone.words_sealed) == (PickupState.CANCELLED, None, None)
    assert await Notice.filter(resident_id=member.id, about__contains="不用去了").count() == 1
    assert await differences(database, library) == []


async def test_a_crew_member_who_leaves_is_told_nothing_more(booked, member, noon, library, database):
    await moved(booked, member, Move.ACCEPT, at=noon)
    colleague = await a_crew_member(noon, member.crew)
    await leave(member.id, at=noon)

    await actions.cancel(booked.id, booked.resident_id, None, KEYS, at=noon)

    assert {one.resident_id for one in await Notice.filter(about__contains="不用去了")} == {colleague.id}
    assert await differences(database, library) == []
