"""The table of moves: which move leads a booking from where to where, and who may make it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from miniapi.pickup.models import PickupState as State


class Actor(StrEnum):
    """Who moves a booking; `system` is the clock, or what the bureau decided for many at once."""

    RESIDENT = "resident"
    CREW = "crew"
    STATION = "station"
    DISMANTLER = "dismantler"
    STAFF = "staff"
    SYSTEM = "system"


class Move(StrEnum):
    """What can be done with a booking."""

    ACCEPT = "accept"
    GIVE_BACK = "give_back"
    SET_OUT = "set_out"
    ARRIVE = "arrive"
    COLLECT = "collect"
    RECEIVE = "receive"
    DISMANTLE = "dismantle"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    MISS_RESIDENT = "miss_resident"
    MISS_CREW = "miss_crew"
    DISPUTE = "dispute"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Step:
    """From which states a move leads to which, who makes it, and what its event is called."""

    before: frozenset[State]
    after: frozenset[State]
    by: frozenset[Actor]
    event: str


def _step(before: set[State], after: set[State], by: set[Actor], event: str) -> Step:
    return Step(frozenset(before), frozenset(after), frozenset(by), event)


GOING_ON = frozenset({State.BOOKED, State.ASSIGNED, State.ON_THE_WAY, State.ARRIVED})
WITH_A_CREW = frozenset({State.ASSIGNED, State.ON_THE_WAY, State.ARRIVED})
HANDED_IN = frozenset({State.COLLECTED, State.RECEIVED, State.DISMANTLED})
FAILED = frozenset({State.MISSED_BY_RESIDENT, State.MISSED_BY_CREW, State.DISPUTED})
UNSETTLED = frozenset({State.MISSED_BY_CREW, State.DISPUTED})  # failed, and may still be collected
ENDED = frozenset(State) - GOING_ON - {State.DISPUTED}

MOVES: Mapping[Move, Step] = {
    Move.ACCEPT: _step({State.BOOKED}, {State.ASSIGNED}, {Actor.CREW}, "accepted"),
    Move.GIVE_BACK: _step(
        {State.ASSIGNED, State.ON_THE_WAY, State.ARRIVED},
        {State.BOOKED},
        {Actor.CREW, Actor.SYSTEM},
        "given_back",
    ),
    # a phone that was offline tells late that its crew was not late
    Move.SET_OUT: _step({State.ASSIGNED, State.MISSED_BY_CREW}, {State.ON_THE_WAY}, {Actor.CREW}, "set_out"),
    Move.ARRIVE: _step({State.ON_THE_WAY}, {State.ARRIVED}, {Actor.CREW}, "arrived"),
    Move.COLLECT: _step({State.ARRIVED}, {State.COLLECTED}, {Actor.CREW}, "collected"),
    Move.RECEIVE: _step({State.COLLECTED}, {State.RECEIVED}, {Actor.STATION}, "received"),
    Move.DISMANTLE: _step({State.RECEIVED}, {State.DISMANTLED}, {Actor.DISMANTLER}, "dismantled"),
    Move.RESCHEDULE: _step(
        {State.BOOKED, State.ASSIGNED, State.MISSED_BY_CREW},
        {State.BOOKED},
        {Actor.RESIDENT, Actor.SYSTEM},
        "rescheduled",
    ),
    Move.CANCEL: _step(
        {*GOING_ON, State.MISSED_BY_CREW, State.DISPUTED},
        {State.CANCELLED},
        {Actor.RESIDENT, Actor.STAFF, Actor.SYSTEM},
        "cancelled",
    ),
    Move.MISS_RESIDENT: _step({State.ARRIVED}, {State.MISSED_BY_RESIDENT}, {Actor.CREW}, "missed_resident"),
    Move.MISS_CREW: _step({*GOING_ON}, {State.MISSED_BY_CREW}, {Actor.SYSTEM}, "missed_crew"),
    Move.DISPUTE: _step({State.ARRIVED}, {State.DISPUTED}, {Actor.RESIDENT}, "disputed"),
    Move.RESOLVE: _step({State.DISPUTED}, {State.COLLECTED, State.CANCELLED}, {Actor.STAFF}, "resolved"),
}
CALLED: Mapping[State, str] = {
    State.BOOKED: "还在等派单",
    State.ASSIGNED: "已派单",
    State.ON_THE_WAY: "的师傅在路上",
    State.ARRIVED: "的师傅已到",
    State.COLLECTED: "已回收",
    State.RECEIVED: "的旧物已到回收站",
    State.DISMANTLED: "的旧物已拆解",
    State.CANCELLED: "已取消",
    State.MISSED_BY_RESIDENT: "上门时没有人",
    State.MISSED_BY_CREW: "没有人上门",
    State.DISPUTED: "的价格有争议，工作人员在处理",
}


def is_allowed(move: Move, state: State, actor: Actor) -> bool:
    """Whether the table lets somebody make a move of a booking in this state."""
    return state in MOVES[move].before and actor in MOVES[move].by
