"""Tickets, and those who deal with them."""

from datetime import datetime

from faq.packs import Pack
from miniapi.accounts.models import Resident
from miniapi.staff.callers import DeskOfficer
from miniapi.staff.models import StaffRole
from miniapi.tickets import actions
from miniapi.tickets.models import Ticket, TicketKind
from miniapi.tickets.rules import Matter
from tests.factories.people import KEYS
from tests.factories.staff import a_staff


async def a_ticket(
    resident: Resident,
    at: datetime,
    kind: TicketKind = TicketKind.COMPLAINT,
    text: str = "这家店不让我用券。",
    *,
    pack: Pack | None = None,
    session: str | None = None,
) -> Ticket:
    """Something a resident brought to the staff; a complaint, unless told otherwise."""
    return await actions.open_ticket(resident.id, Matter(kind, text, pack, session=session), KEYS, at=at)


async def an_officer(at: datetime, *roles: StaffRole) -> DeskOfficer:
    """Somebody at the desks of these roles; of the bureau, unless told otherwise."""
    return DeskOfficer(await a_staff(at, *roles), "")
