"""What people can ask about their tickets."""

from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.tickets.errors import NoSuchTicket
from miniapi.tickets.models import Ticket


def tickets_of(resident_id: UUID) -> "QuerySet[Ticket]":
    """The tickets of a resident, with what happened to them."""
    return Ticket.filter(resident_id=resident_id).prefetch_related("events")


async def ticket(ticket_id: UUID, resident_id: UUID) -> Ticket:
    """One ticket of this resident. Raises NoSuchTicket, also for somebody else's."""
    found = await tickets_of(resident_id).get_or_none(id=ticket_id)
    if found is None:
        raise NoSuchTicket()
    return found
