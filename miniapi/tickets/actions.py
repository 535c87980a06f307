"""What residents and the staff do with tickets."""

import secrets
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.audit import actions as audit
from miniapi.keys import Keys
from miniapi.reminders.actions import owe
from miniapi.reminders.occasions import Occasion
from miniapi.staff.callers import DeskOfficer
from miniapi.staff.models import StaffRole
from miniapi.tickets import queries, rules
from miniapi.tickets.errors import MovedOn, OnThatDesk, TicketClosed, TicketFull, TooManyOpen
from miniapi.tickets.models import Ticket, TicketAct, TicketEvent, TicketState
from miniapi.tickets.rules import Matter

TOLD = {TicketAct.ANSWERED: ("有了答复", "已答复"), TicketAct.CLOSED: ("已办结关闭", "已关闭")}


async def open_ticket(resident_id: UUID, matter: Matter, keys: Keys, *, at: datetime) -> Ticket:
    """Write down what a resident brings to the staff. Raises NotSignedIn of who left, TooManyOpen."""
    async with in_transaction():
        await held(resident_id)  # one word of a resident at a time: the others are counted under the lock
        await _refuse_one_too_many(resident_id)
        ticket = await Ticket.create(
            number=f"{secrets.randbelow(10**10):010d}",
            resident_id=resident_id,
            kind=matter.kind,
            region=matter.pack.region if matter.pack else None,
            text_sealed=keys.seal(matter.text),
            role=rules.DESKS[matter.kind],
            clause=rules.clause_named(matter),
            unit=rules.unit_of(matter),
            session=matter.session,
            opened_at=at,
            changed_at=at,
        )
        await TicketEvent.create(ticket=ticket, what=TicketAct.OPENED, at=at)
    return await queries.ticket(ticket.id, resident_id)


async def write(ticket_id: UUID, resident_id: UUID, text: str, keys: Keys, *, at: datetime) -> Ticket:
    """Say something more: it is the staff's turn again, also where the ticket was closed not long ago.

    Whoever was answered may always answer back; only a closed ticket opens again as one of MOST_OPEN.

    Raises NotSignedIn of who left, NoSuchTicket, TicketFull, TicketClosed, TooManyOpen, MovedOn.
    """
    async with in_transaction():
        await held(resident_id)  # one word of a resident at a time: the others are counted under the lock
        ticket = await queries.ticket(ticket_id, resident_id)
        if not rules.may_write_another(rules.written_by_resident(ticket.events)):
            raise TicketFull(most=rules.MOST_WRITTEN)
        act = TicketAct.REPLIED
        if ticket.state is TicketState.CLOSED:
            act = TicketAct.REOPENED
            if not rules.may_be_reopened(ticket.changed_at, at):
                raise TicketClosed(days=rules.REOPENS_WITHIN.days)
            await _refuse_one_too_many(resident_id)
        await _move(Ticket.all(), ticket, act, at=at)
        await TicketEvent.create(ticket=ticket, what=act, text_sealed=keys.seal(text), at=at)
    return await queries.ticket(ticket_id, resident_id)


async def be_content(ticket_id: UUID, resident_id: UUID, *, at: datetime) -> Ticket:
    """The resident needs nothing more. Raises NoSuchTicket, MovedOn."""
    async with in_transaction():
        ticket = await queries.ticket(ticket_id, resident_id)
        await _move(Ticket.all(), ticket, TicketAct.CLOSED, at=at)
        await TicketEvent.create(ticket=ticket, what=TicketAct.CLOSED, at=at)
    return await queries.ticket(ticket_id, resident_id)


async def look_at(ticket_id: UUID, officer: DeskOfficer, *, at: datetime) -> Ticket:
    """One ticket on these desks, with its words; its resident sees who looked. Raises NoSuchTicket."""
    async with in_transaction():
        ticket = await queries.on_desk(ticket_id, officer.account.roles)
        after = {"ticket": ticket.id, "role": ticket.role}
        await audit.record(officer.actor, "ticket.read", f"resident:{ticket.resident_id}", at=at, after=after)
    return ticket


async def answer(ticket_id: UUID, officer: DeskOfficer, text: str, keys: Keys, *, at: datetime) -> Ticket:
    """Answer what waits; the resident is told. Raises NoSuchTicket, MovedOn."""
    return await _deal_with(ticket_id, officer, TicketAct.ANSWERED, text, keys, at=at)


async def close(ticket_id: UUID, officer: DeskOfficer, reason: str, keys: Keys, *, at: datetime) -> Ticket:
    """Close what is settled; the resident is told. Raises NoSuchTicket, MovedOn."""
    return await _deal_with(ticket_id, officer, TicketAct.CLOSED, reason, keys, at=at)


async def reopen(ticket_id: UUID, officer: DeskOfficer, reason: str, keys: Keys, *, at: datetime) -> Ticket:
    """Take up again what was answered or closed. Raises NoSuchTicket, MovedOn."""
    return await _deal_with(ticket_id, officer, TicketAct.REOPENED, reason, keys, at=at)


async def forward(
    ticket_id: UUID, officer: DeskOfficer, role: StaffRole, reason: str, keys: Keys, *, at: datetime
) -> Ticket:
    """Lay an open ticket on another desk. Raises NoSuchTicket, OnThatDesk, MovedOn."""
    return await _deal_with(ticket_id, officer, TicketAct.FORWARDED, reason, keys, role=role, at=at)


async def erase_all(resident_id: UUID, *, at: datetime) -> int:
    """Close what somebody who leaves has open, and erase what was said; how many tickets were closed.

    Call it inside a transaction that holds the account.
    """
    theirs = Ticket.filter(resident_id=resident_id)
    tickets = await theirs.select_for_update().order_by("id")
    going_on = [ticket for ticket in tickets if ticket.state is not TicketState.CLOSED]
    ids = [ticket.id for ticket in tickets]
    await Ticket.filter(id__in=ids).update(text_sealed=None, session=None)
    await TicketEvent.filter(ticket_id__in=ids).update(text_sealed=None)
    for ticket in going_on:
        await Ticket.filter(id=ticket.id).update(state=TicketState.CLOSED, changed_at=at)
        await TicketEvent.create(ticket=ticket, what=TicketAct.CLOSED, at=at)
    return len(going_on)


async def _deal_with(
    ticket_id: UUID,
    officer: DeskOfficer,
    act: TicketAct,
    words: str,
    keys: Keys,
    *,
    role: StaffRole | None = None,
    at: datetime,
) -> Ticket:
    """One act of the staff: the move, its words sealed, the resident told, the audit event without words."""
    async with in_transaction():
        ticket = await queries.on_desk(ticket_id, officer.account.roles)
        if role is ticket.role:
            raise OnThatDesk()
        before = {"state": ticket.state, "role": ticket.role}
        await _move(Ticket.filter(role=ticket.role), ticket, act, role=role, at=at)
        event = await TicketEvent.create(
            ticket=ticket,
            staff_id=officer.id,
            role=before["role"],
            what=act,
            text_sealed=keys.seal(words),
            at=at,
        )
        if act in TOLD:
            await owe(ticket.resident_id, _told(ticket, act, at), key=f"ticket:{event.id}", at=at)
        after = {"state": ticket.state, "role": ticket.role}
        await audit.record(
            officer.actor, f"ticket.{act}", f"ticket:{ticket.id}", at=at, before=before, after=after
        )
        await ticket.fetch_related("events")
    return ticket


async def _move(
    tickets: "QuerySet[Ticket]",
    ticket: Ticket,
    act: TicketAct,
    *,
    role: StaffRole | None = None,
    at: datetime,
) -> None:
    """Bring a ticket from the state it was seen in to the next. Raises MovedOn, also if it just moved."""
    state = rules.MOVES[act].get(ticket.state)
    if state is None:
        raise MovedOn(state=ticket.state, called=rules.CALLED[ticket.state])
    since = ticket.changed_at if state is ticket.state else at
    here = tickets.filter(text_sealed__not_isnull=True)  # without words its resident has left, and it rests
    moved = await here.filter(id=ticket.id, state=ticket.state).update(
        state=state, role=role or ticket.role, changed_at=since
    )
    if not moved:
        now = await Ticket.get(id=ticket.id)
        raise MovedOn(state=now.state, called=rules.CALLED[now.state])
    ticket.state, ticket.role, ticket.changed_at = state, role or ticket.role, since


async def _refuse_one_too_many(resident_id: UUID) -> None:
    waiting = await Ticket.filter(resident_id=resident_id, state=TicketState.OPEN).count()
    if not rules.may_open_another(waiting):
        raise TooManyOpen(most=rules.MOST_OPEN)


def _told(ticket: Ticket, act: TicketAct, at: datetime) -> Occasion:
    """Word of an answer or a closing; the words themselves stay in the mini-program."""
    about, phrase = TOLD[act]
    return Occasion(
        kind="ticket",
        subject=ticket.id,
        at=at,
        about=f"您的工单 {ticket.number} {about}，请到「工单」里看",
        fields={
            "character_string1": ticket.number,
            "phrase2": phrase,
            "time3": at,
            "thing4": "请到小程序的「工单」里看答复",
        },
    )
