"""Decisions about tickets."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from faq.packs import Clause, Pack
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import TicketAct, TicketEvent, TicketKind, TicketState

LONGEST = 1000  # characters of one message
MOST_OPEN = 5  # that wait for the staff before a resident may open one more, or a closed one again
MOST_WRITTEN = 50  # messages of the resident in one ticket, the first one included
REOPENS_WITHIN = timedelta(days=30)  # of its closing, by its resident
DESKS: Mapping[TicketKind, StaffRole] = {
    TicketKind.COMPLAINT: StaffRole.BUREAU,
    TicketKind.POLICY: StaffRole.BUREAU,
    TicketKind.HELP: StaffRole.SUPPORT,
    TicketKind.IDENTITY: StaffRole.SUPPORT,
}
MOVES: Mapping[TicketAct, Mapping[TicketState, TicketState]] = {
    TicketAct.ANSWERED: {TicketState.OPEN: TicketState.ANSWERED},
    TicketAct.REPLIED: {TicketState.OPEN: TicketState.OPEN, TicketState.ANSWERED: TicketState.OPEN},
    TicketAct.FORWARDED: {TicketState.OPEN: TicketState.OPEN},
    TicketAct.CLOSED: {TicketState.OPEN: TicketState.CLOSED, TicketState.ANSWERED: TicketState.CLOSED},
    TicketAct.REOPENED: {TicketState.ANSWERED: TicketState.OPEN, TicketState.CLOSED: TicketState.OPEN},
}
CALLED: Mapping[TicketState, str] = {
    TicketState.OPEN: "在等答复",
    TicketState.ANSWERED: "已答复",
    TicketState.CLOSED: "已关闭",
}
ORGANISATION = "组织领导"  # the clause in which a document says who leads it


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody brings to the staff: `pack` is of the region it is about, `clause` a key in there.

    A clause that is not in there (the talk was of another region) is as good as none.
    """

    kind: TicketKind
    text: str
    pack: Pack | None = None
    clause: str | None = None
    session: str | None = None


def may_open_another(waiting: int) -> bool:
    """Whether somebody with this many tickets waiting may open one more, or a closed one again.

    Answering the staff is not asked here: who answers five questions has five more waiting, and may.
    """
    return waiting < MOST_OPEN


def may_write_another(written: int) -> bool:
    """Whether a resident who wrote this many messages in a ticket may write one more."""
    return written < MOST_WRITTEN


def may_be_reopened(closed_at: datetime, at: datetime) -> bool:
    """Whether a word of its resident opens a closed ticket again."""
    return at < closed_at + REOPENS_WITHIN


def clause_named(matter: Matter) -> str | None:
    """The clause as it is kept: `region#clause`."""
    clause = _clause_of(matter)
    return f"{matter.pack.region}#{clause.key}" if matter.pack and clause else None


def unit_of(matter: Matter) -> str | None:
    """Who leads (牵头单位): the clause that was named, else the document a policy question is about."""
    if clause := _clause_of(matter):
        leading = clause.lead
    elif matter.pack is not None and matter.kind is TicketKind.POLICY:
        clauses = matter.pack.clauses.values()
        leading = next((one.lead for one in clauses if ORGANISATION in one.heading), ())
    else:
        leading = ()
    return "、".join(leading) or None


def desks(roles: Collection[str]) -> list[StaffRole]:
    """Whose tickets somebody with these roles sees."""
    return [StaffRole(role) for role in roles]


def in_order(events: Iterable[TicketEvent]) -> list[TicketEvent]:
    """The history of a ticket."""
    return sorted(events, key=lambda event: (event.at, event.id))


def written_by_resident(events: Iterable[TicketEvent]) -> int:
    """How many messages the resident wrote, the first one included."""
    theirs = (TicketAct.OPENED, TicketAct.REPLIED, TicketAct.REOPENED)
    return sum(event.staff_id is None and event.what in theirs for event in events)


def is_for_residents(event: TicketEvent) -> bool:
    """Whether a resident may read the words: what one desk tells another is not for them."""
    return event.what != TicketAct.FORWARDED


def last_word_of_staff(events: Iterable[TicketEvent]) -> TicketEvent | None:
    """The latest answer or closing with words in it."""
    said = [event for event in in_order(events) if event.staff_id is not None and event.text_sealed]
    return next((event for event in reversed(said) if is_for_residents(event)), None)


def _clause_of(matter: Matter) -> Clause | None:
    if matter.pack is None or matter.clause is None:
        return None
    return matter.pack.clauses.get(matter.clause)
