"""Who acts for a merchant, and which points there are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.categories import Categories
from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.ids import new_id
from miniapi.merchants import point_files
from miniapi.merchants.errors import NoSuchPoint
from miniapi.merchants.models import Member, Point, PointHours
from miniapi.merchants.point_files import Described
from miniapi.sheets import Wrong
from miniapi.staff.callers import Bureau

PUT = """
    INSERT INTO point (id, region, name, district, address, lat, lon, kind, phone, categories, demo)
    SELECT id, $1, name, district, address, lat, lon, kind, phone, categories::jsonb, $2
    FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::text[],
                $10::text[], $11::text[])
        AS given (id, name, district, address, lat, lon, kind, phone, categories)
    ORDER BY name  -- one order: no two files wait for each other
    ON CONFLICT (region, name) DO UPDATE
        SET (district, address, lat, lon, kind, phone, categories, demo)
          = (excluded.district, excluded.address, excluded.lat, excluded.lon, excluded.kind,
             excluded.phone, excluded.categories, excluded.demo)
    RETURNING id, name, xmax = 0 AS is_new
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file: how many points are new, how many are described anew, and the bad rows."""

    added: int
    updated: int
    wrong: Sequence[Wrong]


async def end_memberships(resident_id: UUID) -> int:
    """Let somebody who leaves act for nobody any more; for how many merchants they did."""
    return await Member.filter(resident_id=resident_id).delete()


async def load_points(
    region: str, content: bytes, categories: Categories, officer: Bureau, *, at: datetime
) -> Loaded:
    """Put the points of a file on the list of a region, those of the same name anew; bad rows stay out.

    Raises SheetUnreadable.
    """
    points, wrong = point_files.read(content, categories)
    async with in_transaction():
        added = await put_points(region, points)
        loaded = Loaded(added, len(points) - added, wrong)
        counted = {"added": added, "updated": loaded.updated, "refused": len(wrong)}
        await record(officer.actor, "points.loaded", f"region:{region}", at=at, after=counted)
    return loaded


async def put_points(region: str, points: Sequence[Described], *, demo: bool = False) -> int:
    """Put points on the list, those of the same name anew; how many are new. Call it inside a transaction."""
    rows = [
        (
            new_id(),
            *(point.name, point.district, point.address, point.lat, point.lon),
            *(point.kind.value, point.phone, json.dumps(point.categories)),
        )
        for point in points
    ]
    if not rows:
        return 0
    put = await sql.rows(PUT, region, demo, *map(list, zip(*rows, strict=True)))
    ids = {row["name"]: row["id"] for row in put}
    await PointHours.filter(point_id__in=list(ids.values())).delete()
    await PointHours.bulk_create(
        PointHours(point_id=ids[point.name], weekday=one.weekday, begins=one.begins, ends=one.ends)
        for point in points
        for one in point.openings
    )
    return sum(row["is_new"] for row in put)


async def remove_point(point_id: UUID, officer: Bureau, *, at: datetime) -> None:
    """Take a point off the list. Raises NoSuchPoint."""
    async with in_transaction():
        point = await Point.filter(id=point_id).select_for_update().first()
        if point is None:
            raise NoSuchPoint()
        await point.delete()
        told = {"region": point.region, "name": point.name}
        await record(officer.actor, "point.removed", f"point:{point_id}", at=at, before=told)
