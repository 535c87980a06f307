"""What a phone tells late, again or with a clock of its own, and what becomes of a visit nobody ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from miniapi.audit.models import AuditEvent
from miniapi.http.errors import InvalidRequest
from miniapi.merchants.models import Merchant
from miniapi.pickup import by_the_clock, crewing, desk
from miniapi.pickup.errors import ActionUsed, CodeWrong, NotBooked, NotNow, TooEarly, TooLateNow
from miniapi.pickup.models import OfferState, Pickup, PickupEvent, PickupOffer, PickupState, Shift, Slot
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.models import StaffRole
from tests.factories.custody import at_the_door
from tests.factories.licences import a_licence
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, all_right, an_act, moved
from tests.factories.slots import a_crew_member
from tests.factories.staff import a_staff
from tests.miniapi.pickup.test_leaving import until_waiting

TO_THE_DOOR = (Move.ACCEPT, Move.SET_OUT, Move.ARRIVE)
WRONG = "000000"


@pytest.fixture
async def support(database, noon):
    return SupportOfficer(await a_staff(noon, StaffRole.SUPPORT), "")


class TestVisitsNobodyEnds:
    @pytest.mark.parametrize("moves", [TO_THE_DOOR[:2], TO_THE_DOOR])
    async def test_a_day_later_its_crew_has_missed_it(
        self, booked, member, slot, moves, noon, library, database
    ):
        await moved(booked, member, *moves, at=noon)
        over = slot.ends_at + timedelta(hours=24)

        ended = [await by_the_clock.end_missed(at=at) for at in (over - timedelta(seconds=1), over)]

        assert ended == [0, 1]
        assert (await Pickup.get()).state is PickupState.MISSED_BY_CREW
        assert await differences(database, library) == []

    async def test_a_crew_at_the_door_may_give_back_and_its_price_with_it(self, noon, library, database):
        pickup, member = await at_the_door(noon)
        await crewing.offer(pickup.id, 6000, member, an_act(noon), KEYS, at=noon)

        back = await moved(pickup, member, Move.GIVE_BACK, at=noon)

        assert (back.state, back.crew_id) == (PickupState.BOOKED, None)
        assert (await Pickup.get()).agreed_fen is None
        assert not await PickupOffer.filter(state=OfferState.OPEN).exists()
        assert await differences(database, library) == []

    async def test_what_is_given_back_after_its_slot_is_missed_at_once(
        self, booked, member, slot, noon, library, database
    ):
        await moved(booked, member, *TO_THE_DOOR[:2], at=noon)

        back = await moved(booked, member, Move.GIVE_BACK, at=slot.ends_at)

        assert back.state is PickupState.MISSED_BY_CREW
        told = await Notice.filter(resident_id=booked.resident_id).order_by("-id").first()
        assert "没有人上门" in told.about
        assert not await Notice.filter(about__contains="另派").exists()
        assert await differences(database, library) == []

    async def test_the_desk_cancels_it_with_a_reason(self, booked, member, support, noon, library, database):
        await moved(booked, member, *TO_THE_DOOR, at=noon)

        done = await desk.cancel(booked.number, "师傅一直没有办结", support, KEYS, at=noon)

        assert done.state is PickupState.CANCELLED
        assert ((await Slot.get()).taken, (await Shift.get()).taken) == (0, 0)
        assert await Notice.filter(resident_id=member.id, about__contains="不用去了").count() == 1
        assert await Notice.filter(resident_id=booked.resident_id, about__contains="取消").count() == 1
        noted = await AuditEvent.get(action="pickup.cancelled")
        assert (noted.subject, noted.reason) == (f"resident:{booked.resident_id}", "师傅一直没有办结")
        assert await differences(database, library) == []
        with pytest.raises(NotBooked):
            await desk.cancel(booked.number, "师傅一直没有办结", support, KEYS, at=noon)

    async def test_the_desk_ends_no_dispute_so(self, booked, member, support, noon):
        await moved(booked, member, *TO_THE_DOOR, at=noon)
        await Pickup.all().update(state=PickupState.DISPUTED)

        with pytest.raises(NotNow):
            await desk.cancel(booked.number, "居民不要了", support, KEYS, at=noon)


class TestNobodyWasThere:
    async def test_a_crew_waits_from_its_arrival_on(self, booked, member, slot, noon):
        arrived = slot.starts_at + timedelta(hours=1)
        await moved(booked, member, *TO_THE_DOOR, at=arrived)

        with pytest.raises(TooEarly):
            await moved(booked, member, Move.MISS_RESIDENT, at=arrived + timedelta(minutes=14))
        missed = await moved(booked, member, Move.MISS_RESIDENT, at=arrived + timedelta(minutes=15))
        assert missed.state is PickupState.MISSED_BY_RESIDENT

    async def test_whoever_came_after_the_slot_does_not_say_so(self, booked, member, slot, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)
        await moved(booked, member, Move.SET_OUT, Move.ARRIVE, at=slot.ends_at)

        with pytest.raises(TooLateNow):
            await moved(booked, member, Move.MISS_RESIDENT, at=slot.ends_at + timedelta(minutes=15))

    async def test_nor_whoever_tells_of_it_when_they_count_as_missing(self, booked, member, slot, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)
        told_at = slot.ends_at + timedelta(hours=2)
        await by_the_clock.end_missed(at=told_at)
        for move in (Move.SET_OUT, Move.ARRIVE):
            await crewing.move(booked.id, move, member, an_act(slot.starts_at), KEYS, at=told_at)

        waited = an_act(slot.starts_at + timedelta(minutes=15))
        with pytest.raises(TooLateNow):
            await crewing.move(booked.id, Move.MISS_RESIDENT, member, waited, KEYS, at=told_at)


class TestTheTimeOfAPhone:
    async def test_a_clock_that_is_a_little_fast_means_now(self, booked, member, noon):
        ahead = an_act(noon + timedelta(minutes=5))

        await crewing.move(booked.id, Move.ACCEPT, member, ahead, KEYS, at=noon)

        assert (await PickupEvent.get(what="accepted")).done_at == noon

    async def test_a_clock_that_is_a_little_slow_means_after_what_happened_last(self, booked, member, noon):
        await moved(booked, member, Move.ACCEPT, at=noon)

        behind = an_act(noon - timedelta(minutes=5))
        await crewing.move(booked.id, Move.SET_OUT, member, behind, KEYS, at=noon)

        assert (await PickupEvent.get(what="set_out")).done_at == noon

    async def test_a_licence_that_has_run_out_is_not_gone_round_by_an_earlier_time(
        self, noon, library, database
    ):
        member = await a_crew_member(noon)
        yesterday = (noon - timedelta(days=1)).date()
        merchant = await Merchant.get(id=member.crew.merchant_id)
        await a_licence(merchant, valid_until=yesterday, added_at=noon)
        pickup, _ = await at_the_door(noon, member=member)

        back = an_act(noon - timedelta(hours=12, seconds=1))
        with pytest.raises(InvalidRequest):
            await crewing.collect(pickup.id, all_right(pickup), member, back, KEYS, at=noon)
        assert await differences(database, library) == []


class TestOneAction:
    async def test_a_wrong_code_sent_again_is_one_try(self, database, noon):
        pickup, member = await at_the_door(noon)
        attempt, act = replace(all_right(pickup), code=WRONG), an_act(noon)

        for _ in range(6):
            with pytest.raises(CodeWrong) as refused:
                await crewing.collect(pickup.id, attempt, member, act, KEYS, at=noon)
            assert refused.value.facts == {"left": 4}

        with pytest.raises(CodeWrong):  # nor are other codes tried under its name
            await crewing.collect(pickup.id, all_right(pickup), member, act, KEYS, at=noon)
        done = await crewing.collect(pickup.id, all_right(pickup), member, an_act(noon), KEYS, at=noon)
        assert done.state is PickupState.COLLECTED

    async def test_what_is_done_stays_done_however_late_it_comes_again(self, booked, member, noon):
        act = an_act(noon)
        await crewing.move(booked.id, Move.ACCEPT, member, act, KEYS, at=noon)

        later = noon + timedelta(hours=24, seconds=1)
        again = await crewing.move(booked.id, Move.ACCEPT, member, act, KEYS, at=later)

        assert again.state is PickupState.ASSIGNED

    async def test_of_two_bookings_at_once_it_counts_for_one(self, booked, slot, member, noon, database):
        other, act = await a_pickup(noon - timedelta(hours=5), slot), an_act(noon)
        connection = await asyncpg.connect(database)

        async with connection.transaction():
            await connection.execute("LOCK TABLE pickup_event IN SHARE MODE")
            both = [
                asyncio.ensure_future(crewing.move(one.id, Move.ACCEPT, member, act, KEYS, at=noon))
                for one in (booked, other)
            ]
            await until_waiting(connection, 2)
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        await connection.close()

        assert sorted(type(one).__name__ for one in outcomes) == [ActionUsed.__name__, Pickup.__name__]
        assert (await Shift.get()).taken == 1


async def test_nobody_sets_out_to_somebody_who_has_left(booked, member, slot, noon, library, database):
    await moved(booked, member, Move.ACCEPT, at=noon)
    over = slot.ends_at + timedelta(hours=2)
    await by_the_clock.end_missed(at=over)
    await leave(booked.resident_id, at=over)

    with pytest.raises(NotBooked):
        await crewing.move(booked.id, Move.SET_OUT, member, an_act(slot.starts_at), KEYS, at=over)

    assert not await Notice.filter(resident_id=booked.resident_id, state="owed").exists()
    assert await differences(database, library) == []
