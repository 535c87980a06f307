import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.http.errors import InvalidRequest
from miniapi.ids import new_id
from miniapi.pickup import crewing, queries
from miniapi.pickup.errors import (
    ActionUsed,
    CodeLocked,
    CodeWrong,
    CrewFull,
    NoSuchPickup,
    NotNow,
    PriceNotAgreed,
    TooEarly,
    TooLateNow,
)
from miniapi.pickup.models import OfferState, Pickup, PickupEvent, PickupOffer, PickupState, Shift
from miniapi.pickup.moves import Move
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, agreed_to, all_right, an_act, moved
from tests.factories.slots import a_crew, a_crew_member, a_slot

TO_THE_DOOR = (Move.ACCEPT, Move.SET_OUT, Move.ARRIVE)
WRONG = "000000"


async def agreed(pickup, member, at, price_fen=5000):
    """A crew at the door, and a price its resident has agreed to."""
    pickup = await moved(pickup, member, *TO_THE_DOOR, at=at)
    await crewing.offer(pickup.id, price_fen, member, an_act(at), KEYS, at=at)
    return await agreed_to(pickup, at=at)


class TestMoving:
    async def test_a_visit_goes_from_the_list_to_the_old_fridge(
        self, booked, member, noon, library, database
    ):
        ready = await agreed(booked, member, noon)

        done = await crewing.collect(ready.id, all_right(ready), member, an_act(noon), KEYS, at=noon)

        assert (done.state, done.price_fen, done.weight_grams) == (PickupState.COLLECTED, 5000, 30_000)
        told = await Notice.filter(resident_id=booked.resident_id).order_by("id")
        assert [one.about.removeprefix(f"预约 {booked.number} ")[:4] for one in told] == [
            "已派单，",
            "的师傅出",
            "的师傅到",
            "有新的报",
            "已回收完",
        ]
        what = [(event.what, event.actor) for event in await PickupEvent.all().order_by("id")]
        assert what == [
            ("booked", "resident"),
            ("accepted", "crew"),
            ("set_out", "crew"),
            ("arrived", "crew"),
            ("offered", "crew"),
            ("agreed", "resident"),
            ("collected", "crew"),
        ]
        assert await differences(database, library) == []

    async def test_the_same_action_counts_once_however_often_it_comes(self, booked, member, noon):
        act = an_act(noon)

        answers = await asyncio.gather(
            *(crewing.move(booked.id, Move.ACCEPT, member, act, KEYS, at=noon) for _ in range(5))
        )
        later = await crewing.move(booked.id, Move.ACCEPT, member, act, KEYS, at=noon + timedelta(hours=3))

        assert {one.state for one in (*answers, later)} == {PickupState.ASSIGNED}
        assert (await Shift.get()).taken == 1
        assert await PickupEvent.filter(what="accepted").count() == 1

    async def test_an_action_is_of_one_booking_and_one_move(self, booked, member, slot, noon):
        act, other = an_act(noon), await a_pickup(noon - timedelta(hours=5), slot)
        await crewing.move(booked.id, Move.ACCEPT, member, act, KEYS, at=noon)

        for pickup, move in ((other, Move.ACCEPT), (booked, Move.SET_OUT)):
            with pytest.raises(ActionUsed):
                await crewing.move(pickup.id, move, member, act, KEYS, at=noon)

    async def test_of_two_crews_one_gets_the_booking(self, slot, booked, member, noon, library, database):
        await a_slot(noon - timedelta(hours=6), hours_ahead=7, crew=await a_crew("二组"))
        other = await a_crew_member(noon, await a_crew("二组"))

        outcomes = await asyncio.gather(
            *(
                crewing.move(booked.id, Move.ACCEPT, who, an_act(noon), KEYS, at=noon)
                for who in (member, other)
            ),
            return_exceptions=True,
        )

        assert Counter(map(type, outcomes)) in ({Pickup: 1, NoSuchPickup: 1}, {Pickup: 1, NotNow: 1})
        assert await differences(database, library) == []

    async def test_a_crew_takes_on_what_it_can_do(self, slot, member, noon):
        pickups = [await a_pickup(noon - timedelta(hours=5), slot) for _ in range(2)]
        await Shift.all().update(capacity=1)
        await moved(pickups[0], member, Move.ACCEPT, at=noon)

        with pytest.raises(CrewFull):
            await moved(pickups[1], member, Move.ACCEPT, at=noon)

    async def test_what_is_given_back_another_crew_may_take(self, booked, member, noon, library, database):
        accepted = await moved(booked, member, Move.ACCEPT, at=noon)

        act = an_act(noon, reason="车坏了")
        back = await crewing.move(accepted.id, Move.GIVE_BACK, member, act, KEYS, at=noon)

        assert (back.state, back.crew_id) == (PickupState.BOOKED, None)
        event = await PickupEvent.get(what="given_back")
        assert "车坏了" not in event.reason_sealed
        assert KEYS.unseal(event.reason_sealed) == "车坏了"
        assert await differences(database, library) == []
        await moved(back, member, Move.ACCEPT, at=noon)

    async def test_another_crew_finds_nothing(self, booked, member, noon):
        stranger = await a_crew_member(noon, await a_crew("别的组"))
        await moved(booked, member, Move.ACCEPT, at=noon)

        for move in (Move.SET_OUT, Move.GIVE_BACK, Move.ACCEPT):
            with pytest.raises(NoSuchPickup):
                await moved(booked, stranger, move, at=noon)

    async def test_nobody_sets_out_while_the_booking_can_be_changed(self, member, noon, database):
        pickup = await a_pickup(noon, await a_slot(noon))
        await moved(pickup, member, Move.ACCEPT, at=noon)
        two_hours_before = pickup.slot.starts_at - timedelta(hours=2)

        with pytest.raises(TooEarly):
            await moved(pickup, member, Move.SET_OUT, at=two_hours_before - timedelta(seconds=1))
        assert (
            await moved(pickup, member, Move.SET_OUT, at=two_hours_before)
        ).state is PickupState.ON_THE_WAY

    async def test_nobody_was_there_is_said_after_a_quarter_of_an_hour(self, booked, member, noon):
        pickup = await moved(booked, member, *TO_THE_DOOR, at=noon)
        waited = pickup.slot.starts_at + timedelta(minutes=15)

        with pytest.raises(TooEarly):
            await moved(pickup, member, Move.MISS_RESIDENT, at=waited - timedelta(seconds=1))
        missed = await moved(pickup, member, Move.MISS_RESIDENT, at=waited)
        assert missed.state is PickupState.MISSED_BY_RESIDENT

    async def test_a_slot_that_is_over_is_not_accepted(self, booked, member, slot):
        with pytest.raises(TooLateNow):
            await moved(booked, member, Move.ACCEPT, at=slot.ends_at)

    async def test_the_time_of_a_phone_is_of_the_last_day(self, booked, member, noon):
        for wrong in (noon + timedelta(minutes=5, seconds=1), noon - timedelta(hours=24, seconds=1)):
            with pytest.raises(InvalidRequest):
                await crewing.move(booked.id, Move.ACCEPT, member, an_act(wrong), KEYS, at=noon)


class TestCollecting:
    async def test_a_price_nobody_agreed_to_is_not_paid(self, booked, member, noon):
        ready = await moved(booked, member, *TO_THE_DOOR, at=noon)

        with pytest.raises(PriceNotAgreed):
            await crewing.collect(ready.id, all_right(ready), member, an_act(noon), KEYS, at=noon)
        await crewing.offer(ready.id, 5000, member, an_act(noon), KEYS, at=noon)
        await agreed_to(ready, at=noon)
        with pytest.raises(PriceNotAgreed):
            await crewing.collect(
                ready.id, all_right(ready, price_fen=4999), member, an_act(noon), KEYS, at=noon
            )

    async def test_the_code_is_of_this_booking_and_locks_after_five_wrong_ones(self, booked, member, noon):
        ready = await agreed(booked, member, noon)
        assert KEYS.pickup_code(ready.id.bytes) != WRONG
        attempt = replace(all_right(ready), code=WRONG)

        for left in (4, 3, 2, 1, 0):
            with pytest.raises(CodeWrong) as refused:
                await crewing.collect(ready.id, attempt, member, an_act(noon), KEYS, at=noon)
            assert refused.value.facts == {"left": left}

        with pytest.raises(CodeLocked):
            await crewing.collect(ready.id, all_right(ready), member, an_act(noon), KEYS, at=noon)

    async def test_another_offer_replaces_the_one_that_waits(self, booked, member, noon):
        ready = await moved(booked, member, *TO_THE_DOOR, at=noon)
        await crewing.offer(ready.id, 5000, member, an_act(noon), KEYS, at=noon)

        await crewing.offer(ready.id, 6000, member, an_act(noon), KEYS, at=noon)

        offers = await PickupOffer.all().order_by("id")
        assert [(one.price_fen, one.state) for one in offers] == [
            (5000, OfferState.WITHDRAWN),
            (6000, OfferState.OPEN),
        ]


class TestLooking:
    @pytest.fixture
    async def accepted(self, booked, member, noon):
        return await moved(booked, member, Move.ACCEPT, at=noon)

    async def test_a_door_that_is_opened_is_written_down(self, accepted, member, noon):
        await crewing.look_at(accepted.id, member, at=noon)

        event = await AuditEvent.get(action="pickup.opened")
        assert (event.actor, event.subject) == (member.actor, f"resident:{accepted.resident_id}")
        assert '"fields":["street","phone"]' in event.after

    async def test_nothing_is_written_down_where_nothing_is_shown(self, booked, accepted, member, slot, noon):
        waiting = await a_pickup(noon - timedelta(hours=5), slot)

        await crewing.look_at(waiting.id, member, at=noon)
        await crewing.look_at(accepted.id, member, at=slot.ends_at + timedelta(hours=1))

        assert await AuditEvent.all().count() == 0

    async def test_another_crews_booking_is_not_there(self, accepted, noon):
        stranger = await a_crew_member(noon, await a_crew("别的组"))

        with pytest.raises(NoSuchPickup):
            await crewing.look_at(accepted.id, stranger, at=noon)
        with pytest.raises(NoSuchPickup):
            await crewing.look_at(new_id(), stranger, at=noon)

    async def test_the_list_has_today_and_tomorrow_by_district_and_slot(self, member, accepted, noon):
        ahead = {hours: await a_slot(noon, hours_ahead=hours) for hours in (3, 20, 36)}
        elsewhere = await a_slot(noon, hours_ahead=3, crew=await a_crew("别的组"), district="别的区")
        waiting = {hours: await a_pickup(noon, slot) for hours, slot in ahead.items()}
        await a_pickup(noon, elsewhere, await a_resident(noon))

        found = await queries.crews_pickups(member.crew.id, at=noon)

        assert [one.id for one in found] == [accepted.id, waiting[3].id, waiting[20].id]
