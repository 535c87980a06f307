"""What people can ask about the data kept of them."""

from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from miniapi.accounts.models import Resident
from miniapi.audit.models import AuditEvent
from miniapi.privacy.errors import NoSuchResident
from miniapi.privacy.models import Consent


async def consent_of(resident_id: UUID) -> Consent | None:
    """The latest consent of a resident."""
    return await Consent.filter(resident_id=resident_id).order_by("-at", "-id").first()


async def resident(resident_id: UUID) -> Resident:
    """Any account, also of somebody who left. Raises NoSuchResident."""
    found = await Resident.get_or_none(id=resident_id)
    if found is None:
        raise NoSuchResident()
    return found


def access_to(resident_id: UUID) -> "QuerySet[AuditEvent]":
    """What the staff did with a resident's data, and which doors crews opened."""
    by_others = Q(actor__startswith="staff:") | Q(actor__startswith="crew:")
    return AuditEvent.filter(by_others, subject=f"resident:{resident_id}")
