from datetime import timedelta

import pytest

from miniapi.pickup import queries, rules
from miniapi.pickup.moves import Move
from tests.factories.pickups import a_pickup, moved
from tests.factories.slots import a_crew_member, a_slot


@pytest.fixture
def midnight(noon):
    return noon.replace(hour=0) + timedelta(days=1)


@pytest.fixture
async def late_visit(database, noon, midnight):
    """A booking from ten until midnight, accepted, with somebody of its crew."""
    slot = await a_slot(midnight, hours_ahead=-2)
    member = await a_crew_member(noon)
    return await moved(await a_pickup(noon, slot), member, Move.ACCEPT, at=noon), member


async def seen(pickup, member, at):
    """Whether it is in the crew's list, and whether its door is shown."""
    row = [one for one in await queries.crews_pickups(member.crew.id, at=at) if one.id == pickup.id]
    return bool(row), rules.may_see_door(pickup, member.crew.id, at)


@pytest.mark.parametrize(("minutes", "expected"), [(-1, True), (0, True), (59, True), (60, False)])
async def test_midnight_takes_nothing_from_a_crew_before_the_hour_is_over(
    late_visit, midnight, minutes, expected
):
    assert await seen(*late_visit, midnight + timedelta(minutes=minutes)) == (expected, expected)


async def test_a_visit_under_way_stays_in_the_list_until_it_is_done(late_visit, midnight):
    pickup, member = late_visit
    pickup = await moved(pickup, member, Move.SET_OUT, at=midnight - timedelta(minutes=30))

    assert await seen(pickup, member, midnight + timedelta(hours=3)) == (True, False)


async def test_what_is_done_today_stays_in_the_list_all_day(database, noon, midnight):
    slot = await a_slot(midnight, hours_ahead=-16)
    member = await a_crew_member(noon)
    early = noon - timedelta(hours=10)
    pickup = await moved(await a_pickup(early, slot), member, Move.ACCEPT, at=early)

    assert await seen(pickup, member, midnight - timedelta(minutes=1)) == (True, False)
    assert await seen(pickup, member, midnight) == (False, False)
