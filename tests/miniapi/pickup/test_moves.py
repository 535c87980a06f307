"""The whole table of moves: every move of every state by every actor, allowed or refused."""

from itertools import product

import pytest

from miniapi.errors import NotAllowed
from miniapi.pickup.errors import NotBooked, NotNow
from miniapi.pickup.models import Pickup, PickupEvent
from miniapi.pickup.models import PickupState as State
from miniapi.pickup.moves import CALLED, MOVES, Actor, Move, is_allowed
from miniapi.pickup.moving import Mover, make
from tests.factories.pickups import a_pickup
from tests.factories.slots import a_crew, a_slot

# move: by whom, from where, to where
TABLE = """
accept:        crew             | booked                                          | assigned
give_back:     crew system      | assigned on_the_way arrived                     | booked
set_out:       crew             | assigned missed_by_crew                         | on_the_way
arrive:        crew             | on_the_way                                      | arrived
collect:       crew             | arrived                                         | collected
receive:       station          | collected                                       | received
dismantle:     dismantler       | received                                        | dismantled
reschedule:    resident system  | booked assigned missed_by_crew                  | booked
cancel:        resident staff system | booked assigned on_the_way arrived missed_by_crew disputed | cancelled
miss_resident: crew             | arrived                                         | missed_by_resident
miss_crew:     system           | booked assigned on_the_way arrived              | missed_by_crew
dispute:       resident         | arrived                                         | disputed
resolve:       staff            | disputed                                        | collected cancelled
"""


def written():
    rows = {}
    for line in TABLE.strip().splitlines():
        move, _, rest = line.partition(":")
        rows[Move(move)] = [set(part.split()) for part in rest.split("|")]
    return rows


def test_the_table_is_as_it_is_written_here():
    assert {
        move: [set(map(str, side)) for side in (step.by, step.before, step.after)]
        for move, step in MOVES.items()
    } == written()


def test_every_state_can_be_said():
    assert set(CALLED) == set(State)


async def test_every_other_move_is_refused_for_everybody(database, noon):
    crew, pickup = await a_crew(), await a_pickup(noon, await a_slot(noon))
    weighed = {"weight_grams": 1, "price_fen": 0}

    async def outcome(move, state, actor):
        await Pickup.filter(id=pickup.id).update(
            state=state, crew_id=None if state is State.BOOKED else crew.id, **weighed
        )
        pickup.state = state
        to = min(MOVES[move].after)
        crew_id = None if to is State.BOOKED else crew.id
        try:
            await make(pickup, move, Mover(actor), at=noon, to=to, crew_id=crew_id)
        except (NotAllowed, NotBooked, NotNow) as refusal:
            return type(refusal)
        return (await Pickup.get(id=pickup.id)).state

    for move, state, actor in product(Move, State, Actor):
        by, before, after = written()[move]
        if actor not in by:
            expected = NotAllowed
        elif state in before:
            expected = State(min(after))
        else:
            expected = NotBooked if state is State.CANCELLED else NotNow

        assert await outcome(move, state, actor) == expected, (move, state, actor)
        assert is_allowed(move, state, actor) == isinstance(expected, State)

    made = sum(len(by) * len(before) for by, before, _ in written().values())
    assert await PickupEvent.all().count() == made + 1  # and the booking itself


async def test_a_move_of_somebody_who_was_slower_is_refused(database, noon):
    pickup = await a_pickup(noon, await a_slot(noon))
    seen = await Pickup.get(id=pickup.id)
    await make(pickup, Move.CANCEL, Mover(Actor.SYSTEM), at=noon)

    with pytest.raises(NotNow):
        await make(seen, Move.MISS_CREW, Mover(Actor.SYSTEM), at=noon)
