"""Opening a ticket."""

import secrets
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.models import Resident
from miniapi.keys import Keys
from miniapi.tickets import rules
from miniapi.tickets.errors import TooManyOpen
from miniapi.tickets.models import Ticket, TicketEvent, TicketKind, TicketState


async def open_ticket(
    resident_id: UUID, kind: TicketKind, text: str, region: str | None, keys: Keys, *, at: datetime
) -> Ticket:
    """Write down what a resident brings to the staff. Raises TooManyOpen."""
    async with in_transaction():
        # one ticket of a resident at a time: the others are counted under the lock
        await Resident.filter(id=resident_id).select_for_update(no_key=True).get()
        waiting = await Ticket.filter(resident_id=resident_id, state=TicketState.OPEN).count()
        if not rules.may_open_another(waiting):
            raise TooManyOpen(most=rules.MOST_OPEN)
        ticket = await Ticket.create(
            number=f"{secrets.randbelow(10**10):010d}",
            resident_id=resident_id,
            kind=kind,
            region=region,
            text_sealed=keys.seal(text),
            opened_at=at,
        )
        await TicketEvent.create(ticket=ticket, what="opened", at=at)
        await ticket.fetch_related("events")
    return ticket
