"""What can be asked about settlements."""

from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.settlement.errors import NoSuchSettlement
from miniapi.settlement.models import Settlement


def settlements(region: str | None, merchant_id: UUID | None) -> "QuerySet[Settlement]":
    """What was paid in a region, to a shop; all of it where it is None. With merchant and programme."""
    wanted = {"programme__region": region, "merchant_id": merchant_id}
    found = Settlement.filter(**{name: value for name, value in wanted.items() if value is not None})
    return found.select_related("merchant", "programme")


async def settlement(settlement_id: UUID) -> Settlement:
    """One settlement with its lines. Raises NoSuchSettlement."""
    found = await settlements(None, None).get_or_none(id=settlement_id).prefetch_related("lines")
    if found is None:
        raise NoSuchSettlement()
    return found
