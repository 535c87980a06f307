"""The JSON of tickets."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from faq.packs import Library, Pack
from miniapi.accounts import rules as people
from miniapi.accounts.models import Resident
from miniapi.http.answers import Id, Time, written
from miniapi.http.errors import invalid_field
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName, pack_of
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.staff.models import StaffRole
from miniapi.tickets import rules
from miniapi.tickets.models import Ticket, TicketAct, TicketEvent, TicketKind, TicketState
from miniapi.tickets.rules import LONGEST, Matter
from miniapi.wechat.client import Verdict

Words = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class OpenTicket(Body):
    """What somebody brings to the staff: which region it is about, which clause, from which conversation."""

    kind: TicketKind
    text: Words
    region: RegionName | None = None
    clause: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None

    def understood(self, library: Library) -> Matter:
        """The matter in our terms. Raises RegionUnknown, and InvalidRequest for an unknown clause."""
        pack = pack_of(library, self.region) if self.region is not None else None
        clause = _clause(pack, self.clause) if self.clause is not None else None
        return Matter(self.kind, self.text, pack, clause, self.session)


class Message(Body):
    """Something more to say."""

    text: Words


class Because(Body):
    """Why; the resident may read it."""

    reason: Words


class Forward(Body):
    """To whose desk, and why; the reason is for that desk only."""

    role: Literal["bureau", "reviewer", "finance", "support"]
    reason: Words


class InState(Page):
    """The tickets in one state, or all."""

    state: TicketState | None = None


class Wanted(InState):
    """Which tickets of one's desks."""

    kind: TicketKind | None = None
    role: StaffRole | None = None
    region: RegionName | None = None


class TicketEventJson(TypedDict):
    """One thing that happened to a ticket, and what was said; of the staff the role, never the name."""

    what: TicketAct
    at: Time
    by: Literal["resident", "staff"]
    role: StaffRole | None
    text: str | None


class StaffTicketEventJson(TicketEventJson):
    """The same as the staff see it: WeChat's verdict on a resident's words, once it was asked."""

    verdict: Verdict | None


class TicketRowJson(TypedDict):
    """A ticket without words. `role` is whose desk it lies on, `unit` who leads the clause."""

    id: Id
    number: str
    kind: TicketKind
    state: TicketState
    role: StaffRole
    region: str | None
    clause: str | None
    unit: str | None
    opened_at: Time
    changed_at: Time


class TicketJson(TicketRowJson):
    """A ticket with what was said. Words are null when their resident has left."""

    session: str | None
    text: str | None
    history: list[TicketEventJson]


class TicketResidentJson(TypedDict):
    """Who opened a ticket, masked."""

    id: Id
    name: str | None
    phone: str | None


class StaffTicketJson(TicketRowJson):
    """A ticket as the staff see it."""

    session: str | None
    text: str | None
    history: list[StaffTicketEventJson]
    resident: TicketResidentJson


def row_json(ticket: Ticket) -> TicketRowJson:
    """A ticket in the list of a desk."""
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "kind": ticket.kind,
        "state": ticket.state,
        "role": ticket.role,
        "region": ticket.region,
        "clause": ticket.clause.partition("#")[2] if ticket.clause else None,
        "unit": ticket.unit,
        "opened_at": written(ticket.opened_at),
        "changed_at": written(ticket.changed_at),
    }


def ticket_json(ticket: Ticket, keys: Keys) -> TicketJson:
    """A ticket as its owner sees it."""
    events = rules.in_order(ticket.events)
    readable = [event for event in events if rules.is_for_residents(event)]
    return _with_words(ticket, events, readable, keys)


def staff_ticket_json(ticket: Ticket, keys: Keys) -> StaffTicketJson:
    """A ticket as the staff see it."""
    events = rules.in_order(ticket.events)
    words = _with_words(ticket, events, events, keys)
    return {
        **words,
        "history": [
            {**said, "verdict": event.verdict} for said, event in zip(words["history"], events, strict=True)
        ],
        "resident": _resident_json(ticket.resident, keys),
    }


def _with_words(
    ticket: Ticket, events: Sequence[TicketEvent], readable: Sequence[TicketEvent], keys: Keys
) -> TicketJson:
    history: list[TicketEventJson] = []
    for event in events:
        sealed = ticket.text_sealed if event.what == TicketAct.OPENED else event.text_sealed
        history.append(
            {
                "what": TicketAct(event.what),
                "at": written(event.at),
                "by": "staff" if event.role else "resident",
                "role": event.role,
                "text": _open(sealed, keys) if event in readable else None,
            }
        )
    text = _open(ticket.text_sealed, keys)
    return {**row_json(ticket), "session": ticket.session, "text": text, "history": history}


def _resident_json(resident: Resident, keys: Keys) -> TicketResidentJson:
    name, phone = _open(resident.name_sealed, keys), _open(resident.phone_sealed, keys)
    return {
        "id": str(resident.id),
        "name": people.masked_name(name) if name else None,
        "phone": people.masked_phone(phone) if phone else None,
    }


def _open(sealed: str | None, keys: Keys) -> str | None:
    return keys.unseal(sealed) if sealed else None


def _clause(pack: Pack | None, named: str) -> str:
    if pack is None:
        raise invalid_field("clause", "要和地区 region 一起填")
    clause = named.removeprefix(f"{pack.region}#")
    if clause not in pack.clauses:
        raise invalid_field("clause", f"《{pack.document.title}》里没有这一条")
    return clause
