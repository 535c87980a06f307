"""What people can ask about their tickets, and the staff about those on their desks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.database import sql
from miniapi.staff.models import StaffRole
from miniapi.tickets import rules
from miniapi.tickets.errors import NoSuchTicket
from miniapi.tickets.models import Ticket

WAITING = """
    SELECT role, count(*) AS tickets, min(changed_at) AS since FROM ticket WHERE state = 'open' GROUP BY role
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many tickets wait on a desk, and how long the oldest of them."""

    tickets: int
    oldest: timedelta


def tickets_of(resident_id: UUID) -> "QuerySet[Ticket]":
    """The tickets of a resident, with what happened to them."""
    return Ticket.filter(resident_id=resident_id).prefetch_related("events")


async def ticket(ticket_id: UUID, resident_id: UUID) -> Ticket:
    """One ticket of this resident. Raises NoSuchTicket, also for somebody else's."""
    return await _one(tickets_of(resident_id), ticket_id)


def on_desks(roles: Collection[str]) -> "QuerySet[Ticket]":
    """The tickets on the desks of these roles."""
    return Ticket.filter(role__in=rules.desks(roles))


async def on_desk(ticket_id: UUID, roles: Collection[str]) -> Ticket:
    """One ticket on these desks, with its resident. Raises NoSuchTicket, also for one on another desk."""
    return await _one(on_desks(roles).prefetch_related("events", "resident"), ticket_id)


async def waiting(*, at: datetime) -> Mapping[StaffRole, Waiting]:
    """What waits for the staff: every desk that has open tickets."""
    rows = await sql.rows(WAITING)
    return {StaffRole(row["role"]): Waiting(row["tickets"], at - row["since"]) for row in rows}


async def _one(tickets: "QuerySet[Ticket]", ticket_id: UUID) -> Ticket:
    found = await tickets.get_or_none(id=ticket_id)
    if found is None:
        raise NoSuchTicket()
    return found
