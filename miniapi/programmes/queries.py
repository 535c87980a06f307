"""What people can ask about programmes."""

from datetime import datetime

from miniapi.programmes.errors import NoSuchProgramme
from miniapi.programmes.models import Programme


async def over(region: str, *, at: datetime) -> Programme | None:
    """The last programme of a region that is over."""
    return await Programme.filter(region=region, closes_at__lte=at).order_by("-closes_at").first()


async def standing_programme(region: str, *, at: datetime) -> Programme | None:
    """The programme of a region, where it has any: the first that is not over, else the last."""
    own = Programme.filter(region=region)
    return (
        await own.filter(closes_at__gt=at).order_by("opens_at").first()
        or await own.order_by("-closes_at").first()
    )


async def programme_of(region: str, *, at: datetime) -> Programme:
    """The programme of a region: the first that is not over, else the last. Raises NoSuchProgramme."""
    found = await standing_programme(region, at=at)
    if found is None:
        raise NoSuchProgramme(region=region)
    return found
