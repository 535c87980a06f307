"""Programmes and drops."""

from datetime import datetime, timedelta

from faq.packs import Library
from miniapi.drops.models import Drop
from miniapi.programmes.actions import open_programme
from miniapi.programmes.models import Programme


async def a_programme(library: Library, at: datetime, *, code: str = "test") -> Programme:
    """Yangling's programme with its whole fund; another one under another code."""
    pack = library.packs["yangling"]
    calendar, fund = pack.rules.calendar(at.date()), pack.rules.fund(at.date())
    assert calendar is not None
    assert fund is not None
    programme = await open_programme(pack, code, calendar, fund, demo=True, at=at)
    programme.opened_because = "a test is about something else than its shops"
    await programme.save(update_fields=["opened_because"])
    return programme


async def a_drop(programme: Programme, opens_at: datetime, *, quota: int = 100) -> Drop:
    """A drop of a week."""
    valid_until = opens_at.replace(hour=23, minute=59, second=59, microsecond=0) + timedelta(days=7)
    return await Drop.create(
        programme=programme,
        opens_at=opens_at,
        valid_until=valid_until,
        closes_at=valid_until,
        quota=quota,
    )


async def an_open_drop(library: Library, at: datetime, *, quota: int = 100) -> Drop:
    """A drop that opened two hours ago."""
    return await a_drop(await a_programme(library, at), at - timedelta(hours=2), quota=quota)
