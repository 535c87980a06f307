"""Whatever people, crews, the bureau and the clock do, in turn or at once: every count is exact."""

import asyncio
import secrets
from collections import Counter
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from miniapi import clock
from miniapi.database import embedded
from miniapi.database.connection import connected
from miniapi.errors import Refusal
from miniapi.pickup import actions, by_the_clock, closing, crewing, hours, places
from miniapi.pickup.closing import Closing
from miniapi.pickup.hours import Span
from miniapi.pickup.models import Closure, CrewHours, Hold, Pickup, PickupState, Shift, Slot
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, an_act
from tests.factories.slots import a_crew, a_crew_member, a_manager
from tests.factories.staff import a_staff

NOON = datetime(2024, 9, 1, 12, tzinfo=clock.SHANGHAI)
PEOPLE, SLOTS = 6, 5  # few, so that they meet
AT_LEAST = 250  # steps
DAYS = bounded(max_examples=12, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))

numbers = st.integers(0, 30)
step = st.tuples(
    st.sampled_from(
        ["book"] * 4
        + ["hold", "reschedule", "accept", "accept", "set_out"] * 2
        + [
            "cancel",
            "give_back",
            "close",
            "lift",
            "change_hours",
            "wait",
            "give_back_holds",
            "end_missed",
            "leave",
        ]
    ),
    numbers,
    numbers,
)
plans = st.lists(st.lists(step, min_size=2, max_size=5), min_size=12, max_size=16)


class City:
    """Two crews with few places, few people, and a clock of its own."""

    def __init__(self, played: Counter) -> None:
        self.at, self.played = NOON, played

    async def open(self) -> None:
        crews = [await a_crew("一组"), await a_crew("二组")]
        for crew, capacity in zip(crews, (2, 1), strict=True):
            for weekday in range(7):
                await CrewHours.create(
                    crew=crew, district="杨陵区", weekday=weekday, begins=9, ends=13, capacity=capacity
                )
        await places.lay_out_slots(at=self.at)
        self.members = [await a_crew_member(self.at, crew) for crew in crews]
        self.people = [await a_resident(self.at) for _ in range(PEOPLE)]
        self.manager = await a_manager(self.at, crews[0])
        self.bureau = Bureau(await a_staff(self.at), "")

    async def play(self, kind: str, one: int, other: int) -> None:
        """One step; a refusal is fine, and whatever else goes wrong is not."""
        try:
            await getattr(self, f"_{kind}")(one, other)
        except Refusal as refusal:
            self.played[f"{kind}: {refusal.code}"] += 1
        else:
            self.played[kind] += 1

    async def _slot(self, number: int) -> Slot:
        to_come = Slot.filter(starts_at__gt=self.at, capacity__gt=0).order_by("starts_at").limit(SLOTS)
        slots = await to_come
        return slots[number % len(slots)]

    async def _pickup(self, number: int) -> Pickup:
        going_on = await Pickup.exclude(state=PickupState.CANCELLED).order_by("-id").limit(8)
        return going_on[number % len(going_on)] if going_on else await self._book(number, number)

    async def _book(self, one: int, other: int) -> Pickup:
        return await a_pickup(self.at, await self._slot(other), self.people[one % PEOPLE])

    async def _hold(self, one: int, other: int) -> None:
        slot = await self._slot(other)
        await places.hold(slot.id, self.people[one % PEOPLE].id, at=self.at)

    async def _reschedule(self, one: int, other: int) -> None:
        pickup, slot = await self._pickup(one), await self._slot(other)
        await actions.reschedule(pickup.id, pickup.resident_id, slot.id, at=self.at)

    async def _cancel(self, one: int, other: int) -> None:
        pickup = await self._pickup(one)
        await actions.cancel(pickup.id, pickup.resident_id, None, KEYS, at=self.at)

    async def _accept(self, one: int, other: int) -> None:
        await self._crew_does(Move.ACCEPT, one, other)

    async def _give_back(self, one: int, other: int) -> None:
        await self._crew_does(Move.GIVE_BACK, one, other)

    async def _set_out(self, one: int, other: int) -> None:
        await self._crew_does(Move.SET_OUT, one, other)

    async def _crew_does(self, move: Move, one: int, other: int) -> None:
        pickup, member = await self._pickup(one), self.members[other % 2]
        await crewing.move(pickup.id, move, member, an_act(self.at), KEYS, at=self.at)

    async def _close(self, one: int, other: int) -> None:
        slot, crew = await self._slot(other), self.members[one % 2].crew if one % 3 else None
        wanted = Closing("yangling", slot.starts_at, slot.ends_at, None, crew.id if crew else None)
        await closing.close(wanted, "暴雨停收", self.bureau, KEYS, at=self.at)

    async def _change_hours(self, one: int, other: int) -> None:
        begins, capacity = (9, 11)[one % 2], 1 + other % 3
        week = [Span("杨陵区", weekday, begins, 13, capacity) for weekday in range(7) if weekday != one % 8]
        crew = self.members[other % 2].crew
        await hours.put(crew.id, week, self.manager, KEYS, at=self.at)

    async def _lift(self, one: int, other: int) -> None:
        if closure := await Closure.filter(lifted_at=None).first():
            await closing.lift(closure.id, self.bureau, at=self.at)

    async def _wait(self, one: int, other: int) -> None:
        self.at += timedelta(minutes=20 * (one + 1))
        await places.lay_out_slots(at=self.at)

    async def _give_back_holds(self, one: int, other: int) -> None:
        await places.give_back_expired(at=self.at)

    async def _end_missed(self, one: int, other: int) -> None:
        await by_the_clock.end_missed(at=self.at)

    async def _leave(self, one: int, other: int) -> None:
        gone = self.people[one % PEOPLE]
        self.people[one % PEOPLE] = await a_resident(self.at)
        await leave(gone.id, at=self.at)

    async def assert_exact(self) -> None:
        """Counted anew from the rows, every slot and every shift is as it says."""
        places_taken = Counter(hold.slot_id for hold in await Hold.all())
        accepted: Counter = Counter()
        for pickup in await Pickup.exclude(state=PickupState.CANCELLED):
            places_taken[pickup.slot_id] += 1
            accepted[pickup.slot_id, pickup.crew_id] += pickup.crew_id is not None
        offered: Counter = Counter()
        for shift in await Shift.all():
            offered[shift.slot_id] += shift.capacity
            assert shift.taken == accepted.pop((shift.slot_id, shift.crew_id), 0)
        assert not any(accepted.values())
        for slot in await Slot.all():
            assert (slot.taken, slot.capacity) == (places_taken[slot.id], offered[slot.id])


@asynccontextmanager
async def a_database(server):
    """A database of one example."""
    name = f"places_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE}")
    try:
        async with connected(server.url(name)):
            yield server.url(name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
def played():
    """How often each step was played, done or refused."""
    counted: Counter = Counter()
    yield counted
    assert counted.total() >= AT_LEAST, counted
    assert {"book", "hold", "reschedule", "cancel", "accept", "close", "lift", "change_hours"} <= set(
        counted
    ), counted


@DAYS
@given(plan=plans)
async def test_every_count_is_exact_after_whatever_happens_at_once(server, library, played, plan):
    async with a_database(server) as database:
        city = City(played)
        await city.open()
        for steps in plan:
            await asyncio.gather(*(city.play(*one) for one in steps))
            await city.assert_exact()
        assert await differences(database, library) == []
