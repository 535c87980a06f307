"""What people can ask about shops, recyclers and points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.database import sql
from miniapi.merchants import hours
from miniapi.merchants.errors import NoSuchPoint
from miniapi.merchants.hours import Opening
from miniapi.merchants.models import Crew, Member, Merchant, MerchantKind, Point, Role

EARTH_METRES = 6_371_000
# along a great circle (haversine); nothing is far where nobody stands somewhere
METRES = f"""
    coalesce(2 * {EARTH_METRES} * asin(least(1, sqrt(
        sin(radians(lat - $2::float8) / 2) ^ 2
        + cos(radians(lat)) * cos(radians($2::float8)) * sin(radians(lon - $3::float8) / 2) ^ 2))), 0)
"""
POINTS = f"""
    WITH known AS (
        SELECT id, name, {METRES} AS metres FROM point
        WHERE region = $1 AND lat BETWEEN $4::float8 AND $5::float8
          AND ($12::text IS NULL OR district = $12::text)
          AND ($7::text IS NULL OR categories ? $7::text)
          AND ($8::int IS NULL OR EXISTS (
              SELECT FROM point_hours h
              WHERE h.point_id = point.id AND h.weekday = $8::int
                AND h.begins <= $9::int AND $9::int < h.ends))
    ), last AS (SELECT id, name, {METRES} AS metres FROM point WHERE id = $10::uuid)
    SELECT known.id, known.metres FROM known
    WHERE ($6::float8 IS NULL OR known.metres <= $6::float8)
      AND ($10::uuid IS NULL
           OR (known.metres, known.name, known.id) > (SELECT metres, name, id FROM last))
    ORDER BY known.metres, known.name, known.id LIMIT $11::int
"""  # noqa: S608  names and numbers of ours


def public_list(region: str, kind: MerchantKind | None = None) -> "QuerySet[Merchant]":
    """The enterprises of a region to which residents go, sellers and recyclers, or those of one kind."""
    kinds = (MerchantKind.SELLER, MerchantKind.RECYCLER) if kind is None else (kind,)
    return Merchant.filter(region=region, kind__in=kinds)


async def roles_of(resident_id: UUID) -> list[Role]:
    """What a resident may act as."""
    return sorted({member.role for member in await Member.filter(resident_id=resident_id)})


async def counter_of(resident_id: UUID) -> Merchant | None:
    """The shop whose clerk a resident is; of several the one they joined last."""
    return await _works_for(resident_id, Role.CLERK, MerchantKind.SELLER)


async def crew_of(resident_id: UUID) -> Crew | None:
    """The crew a resident goes out with; of several the one they joined last."""
    member = Member.filter(resident_id=resident_id, role=Role.CREW, crew_id__not_isnull=True)
    joined_last = await member.select_related("crew").order_by("-id").first()
    return joined_last.crew if joined_last else None


async def recycler_of(resident_id: UUID) -> Merchant | None:
    """The recycler for whom a resident acts; of several the one they joined last."""
    acting = Member.filter(resident_id=resident_id, merchant__kind=MerchantKind.RECYCLER)
    joined_last = await acting.select_related("merchant").order_by("-id").first()
    return joined_last.merchant if joined_last else None


async def managed_by(resident_id: UUID) -> Merchant | None:
    """The recycler that a resident manages; of several the one they joined last."""
    return await _works_for(resident_id, Role.MANAGER, MerchantKind.RECYCLER)


async def station_of(resident_id: UUID) -> Merchant | None:
    """The recycler at whose station a resident works; of several the one they joined last."""
    return await _works_for(resident_id, Role.STATION, MerchantKind.RECYCLER)


async def dismantler_of(resident_id: UUID) -> Merchant | None:
    """The dismantling enterprise a resident works for; of several the one they joined last."""
    return await _works_for(resident_id, Role.DISMANTLER, MerchantKind.DISMANTLER)


async def _works_for(resident_id: UUID, role: Role, kind: MerchantKind) -> Merchant | None:
    member = Member.filter(resident_id=resident_id, role=role, merchant__kind=kind)
    joined_last = await member.select_related("merchant").order_by("-id").first()
    return joined_last.merchant if joined_last else None


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody stands, in degrees (WGS 84)."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which points somebody looks for: around where they stand, taking a category, open at a moment."""

    region: str
    district: str | None = None
    around: Position | None = None
    radius_m: int | None = None
    category: str | None = None
    open_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A point with its hours, and how far it is where a position was given."""

    point: Point
    openings: tuple[Opening, ...]
    metres: int | None


async def points(
    wanted: Wanted, *, limit: int, after: UUID | None = None
) -> tuple[Sequence[Near], UUID | None]:
    """The points that somebody looks for, nearest first or by name, and the last one if more follow.

    `after` begins behind that point. Raises NoSuchPoint where it is none of these.
    """
    around = wanted.around
    weekday, minute = hours.moment(wanted.open_at) if wanted.open_at else (None, None)
    south, north = _belt(around, wanted.radius_m) if around and wanted.radius_m else (-90.0, 90.0)
    if after is not None and not await Point.exists(id=after, region=wanted.region):
        raise NoSuchPoint()
    rows = await sql.rows(
        POINTS,
        wanted.region,
        around.lat if around else None,
        around.lon if around else None,
        *(south, north, wanted.radius_m),
        *(wanted.category, weekday, minute),
        *(after, limit + 1, wanted.district),
    )
    found = {one.id: one for one in await _with_hours([row["id"] for row in rows])}
    near = [
        Near(found[row["id"]], _openings(found[row["id"]]), None if around is None else round(row["metres"]))
        for row in rows[:limit]
    ]
    return near, near[-1].point.id if len(rows) > limit else None


async def _with_hours(ids: Sequence[UUID]) -> list[Point]:
    return await Point.filter(id__in=ids).prefetch_related("hours")


def _openings(point: Point) -> tuple[Opening, ...]:
    return tuple(sorted(Opening(one.weekday, one.begins, one.ends) for one in point.hours))


def _belt(around: Position, radius_m: int) -> tuple[float, float]:
    """The latitudes between which everything within a radius lies: the index finds them."""
    degrees = math.degrees(radius_m / EARTH_METRES)
    return around.lat - degrees, around.lat + degrees
