"""What people can ask about drops."""

from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.drops.errors import NoSuchDrop
from miniapi.drops.models import Drop
from miniapi.reminders.occasions import Occasion


async def drop(drop_id: UUID) -> Drop:
    """One drop with its programme. Raises NoSuchDrop."""
    found = await Drop.get_or_none(id=drop_id).select_related("programme")
    if found is None:
        raise NoSuchDrop()
    return found


def drops_of(region: str) -> "QuerySet[Drop]":
    """The drops of a region's programmes."""
    return Drop.filter(programme__region=region)


async def occasion(drop_id: UUID, resident_id: UUID, at: datetime) -> Occasion:
    """The opening of a drop, as something to be reminded of. Raises NoSuchDrop."""
    found = await drop(drop_id)
    return Occasion(
        kind="drop",
        subject=found.id,
        at=found.opens_at,
        about=f"{found.programme.name}消费券开抢",
        fields={
            "thing1": found.programme.name,
            "time2": found.opens_at,
            "thing3": "每人一张，先到先得，领完为止",
        },
    )
