"""Somebody leaves while their crew is told of a booking: neither waits for the other for ever."""

import asyncio

import asyncpg
import pytest

from miniapi.errors import NotSignedIn
from miniapi.pickup import actions, crewing, places
from miniapi.pickup.errors import NotBooked
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, agreed_to, an_act, moved
from tests.factories.slots import a_slot

WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database()
"""
WITHIN = 30  # seconds


@pytest.fixture
async def in_the_way(database):
    """A connection that can lock a booking, so that others meet there."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def own(member, noon):
    """A booking of somebody of a crew that this very crew has accepted."""
    return await moved(await a_pickup(noon, await a_slot(noon), member.account), member, Move.ACCEPT, at=noon)


async def until_waiting(connection, many):
    async with asyncio.timeout(WITHIN):
        while await connection.fetchval(WAITING) < many:
            await asyncio.sleep(0.02)
            await connection.execute("SELECT pg_stat_clear_snapshot()")


async def meeting(connection, pickup, *acts):
    """What becomes of acts that all wait for this booking, one behind the other, and are let go at once."""
    waiting = []
    async with connection.transaction():
        await connection.execute("SELECT FROM pickup WHERE id = $1 FOR UPDATE", pickup.id)
        for many, act in enumerate(acts, start=1):
            waiting.append(asyncio.ensure_future(act))
            await until_waiting(connection, many)
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_whoever_cancels_their_own_crews_visit_may_leave_meanwhile(
    own, member, in_the_way, noon, library, database
):
    cancelling, leaving = actions.cancel(own.id, member.id, None, KEYS, at=noon), leave(member.id, at=noon)

    outcomes = await meeting(in_the_way, own, cancelling, leaving)

    assert [type(one) for one in outcomes] == [Pickup, type(None)]
    assert (await Pickup.get(id=own.id)).state is PickupState.CANCELLED
    assert not await Notice.filter(resident_id=member.id).exists()
    assert await differences(database, library) == []


async def test_leaving_first_is_as_good(own, member, in_the_way, noon, library, database):
    leaving, cancelling = leave(member.id, at=noon), actions.cancel(own.id, member.id, None, KEYS, at=noon)

    outcomes = await meeting(in_the_way, own, leaving, cancelling)

    assert [type(one) for one in outcomes] == [type(None), NotBooked]
    assert not await Notice.filter(resident_id=member.id).exists()
    assert await differences(database, library) == []


async def test_so_may_who_answers_an_offer_of_their_own_crew(member, in_the_way, noon, library, database):
    slot = await a_slot(noon, hours_ahead=2)
    own = await moved(
        await a_pickup(noon, slot, member.account), member, Move.ACCEPT, Move.SET_OUT, Move.ARRIVE, at=noon
    )
    await crewing.offer(own.id, 5000, member, an_act(noon), KEYS, at=noon)

    outcomes = await meeting(in_the_way, own, agreed_to(own, at=noon), leave(member.id, at=noon))

    assert [type(one) for one in outcomes] == [Pickup, type(None)]
    assert not await Notice.filter(resident_id=member.id).exists()
    assert await differences(database, library) == []


async def test_so_may_who_moves_a_booking_to_a_place_they_kept(
    own, member, in_the_way, noon, library, database
):
    kept = await a_slot(noon, hours_ahead=30)
    await places.hold(kept.id, member.id, at=noon)

    async with in_the_way.transaction():
        await in_the_way.execute("SELECT FROM hold FOR UPDATE")
        leaving = asyncio.ensure_future(leave(member.id, at=noon))
        await until_waiting(in_the_way, 1)
        moving = asyncio.ensure_future(actions.reschedule(own.id, member.id, kept.id, at=noon))
        await until_waiting(in_the_way, 2)
    outcomes = await asyncio.gather(leaving, moving, return_exceptions=True)

    assert [type(one) for one in outcomes] == [type(None), NotSignedIn]
    assert await differences(database, library) == []
