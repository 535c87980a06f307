"""The last two moves of the table over their real routes, in every state: by who makes them and by others."""

from itertools import product

import pytest

from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import MOVES, Actor, Move
from tests.factories.custody import a_dismantler, a_received, a_station
from tests.factories.slots import a_crew_member
from tests.miniapi.custody.test_routes import an_action

PATHS = {
    Move.RECEIVE: "/station/pickups/{}/receive",
    Move.DISMANTLE: "/dismantler/pickups/{}/dismantle",
}


@pytest.fixture
async def pickup(database, noon):
    return await a_received(noon)


@pytest.fixture
async def actors(database, noon, pickup):
    """Everybody who makes a move by HTTP, but the staff, who are refused everywhere but under /staff."""
    member, station, dismantler = await a_crew_member(noon), await a_station(noon), await a_dismantler(noon)
    return {
        Actor.RESIDENT: (await Pickup.get(id=pickup.id).select_related("resident")).resident,
        Actor.CREW: member.account,
        Actor.STATION: station.account,
        Actor.DISMANTLER: dismantler.account,
    }


async def test_every_state_but_the_tables_refuses_them(web, pickup, actors, noon):
    for (move, path), state in product(PATHS.items(), PickupState):
        if state in MOVES[move].before:
            continue
        crew_id = None if state is PickupState.BOOKED else pickup.crew_id
        await Pickup.filter(id=pickup.id).update(state=state, crew_id=crew_id)
        (actor,) = MOVES[move].by

        answer = await web.post(path.format(pickup.id), by=actors[actor], **an_action(noon))

        expected = "pickup_not_booked" if state is PickupState.CANCELLED else "pickup_state"
        assert (answer.status, answer.json["code"]) == (409, expected), (move, state)


async def test_nobody_else_makes_them(web, pickup, actors, noon):
    for (move, path), actor in product(PATHS.items(), actors):
        if actor in MOVES[move].by:
            continue

        answer = await web.post(path.format(pickup.id), by=actors[actor], **an_action(noon))

        assert (answer.status, answer.json["code"]) == (403, "not_allowed"), (move, actor)
    assert (await Pickup.get(id=pickup.id)).state is PickupState.RECEIVED
