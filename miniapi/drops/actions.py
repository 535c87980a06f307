"""Planning, announcing and counting drops."""

from collections.abc import Sequence
from datetime import datetime

from faq.rules import CalendarRule
from miniapi.database import sql
from miniapi.drops.errors import SoldOut
from miniapi.drops.models import Drop
from miniapi.programmes.models import Programme

TAKE_ONE = 'UPDATE "drop" SET issued = issued + 1 WHERE id = $1 AND issued < quota RETURNING issued'


async def plan_season(programme: Programme, calendar: CalendarRule, *, quota: int) -> None:
    """Plan every drop of the calendar that is not planned yet, each with this quota."""
    planned = [
        Drop(
            programme=programme,
            opens_at=opens_at,
            valid_until=valid_until,
            closes_at=valid_until,
            quota=quota,
        )
        for opens_at in calendar.drops()
        for valid_until in [calendar.valid_until(opens_at.date())]
    ]
    await Drop.bulk_create(planned, ignore_conflicts=True)


async def take_one(drop: Drop) -> int:
    """Count one voucher out of a drop, never above its quota; returns its rank. Inside a transaction."""
    rows = await sql.rows(TAKE_ONE, drop.id)
    if not rows:
        raise SoldOut()
    return int(rows[0]["issued"])


async def announce(*, at: datetime) -> Sequence[Drop]:
    """Note that drops have opened, in their order; opening itself is a question to the clock."""
    opened = await Drop.filter(opens_at__lte=at, announced_at=None).order_by("opens_at")
    return [
        drop for drop in opened if await Drop.filter(id=drop.id, announced_at=None).update(announced_at=at)
    ]
