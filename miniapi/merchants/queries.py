"""What people can ask about shops, recyclers and points."""

import math
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.merchants.models import Member, Merchant, MerchantKind, Point, Role

EARTH_METRES = 6_371_000


def public_list(region: str) -> "QuerySet[Merchant]":
    """The enterprises that take part in a region."""
    return Merchant.filter(region=region)


async def roles_of(resident_id: UUID) -> list[Role]:
    """What a resident may act as."""
    return sorted({member.role for member in await Member.filter(resident_id=resident_id)})


async def counter_of(resident_id: UUID) -> Merchant | None:
    """The shop whose clerk a resident is; of several the one they joined last."""
    clerk = Member.filter(resident_id=resident_id, role=Role.CLERK, merchant__kind=MerchantKind.SELLER)
    joined_last = await clerk.select_related("merchant").order_by("-id").first()
    return joined_last.merchant if joined_last else None


async def points_near(region: str, lat: float | None, lon: float | None) -> list[tuple[Point, int | None]]:
    """The points of a region, nearest first, with the distance in metres where a position was given."""
    points = await Point.filter(region=region).order_by("name")
    if lat is None or lon is None:
        return [(point, None) for point in points]
    metres = {point.id: _metres(lat, lon, point.lat, point.lon) for point in points}
    return [(point, metres[point.id]) for point in sorted(points, key=lambda one: metres[one.id])]


def _metres(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    """Along a great circle (haversine)."""
    up, along = math.radians(lat2 - lat1), math.radians(lon2 - lon1)
    lift = math.sin(up / 2) ** 2
    turn = math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(along / 2) ** 2
    return round(2 * EARTH_METRES * math.asin(math.sqrt(lift + turn)))
