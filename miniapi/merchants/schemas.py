"""The JSON of merchants and points."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, WithJsonSchema, model_validator
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.categories import CategoryName, category_named
from miniapi.http.answers import Id
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.merchants import hours
from miniapi.merchants.models import Merchant, MerchantKind, PointKind
from miniapi.merchants.point_files import KIND_NAMES
from miniapi.merchants.queries import Near, Position, Wanted

FARTHEST = 200_000  # metres around somebody: a region's length
ClockTime = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-4]):[0-5][0-9]$", "example": "09:00"})
]


class MerchantsOf(Page):
    """The public list of a region: its sellers and recyclers, or the enterprises of one kind."""

    region: RegionName
    kind: MerchantKind | None = None


class PointsNear(Page):
    """Where somebody stands, in degrees (both or neither), and what they look for there."""

    region: RegionName
    limit: int = Field(default=100, ge=1, le=100)
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    radius_m: Annotated[int, Field(ge=1, le=FARTHEST)] | None = None
    district: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    category: CategoryName | None = None
    open_now: bool | None = None

    @model_validator(mode="after")
    def both_or_neither(self) -> "PointsNear":
        """A position is two numbers, and a radius is around one."""
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat 与 lon 必须一起填")
        if self.radius_m is not None and self.lat is None:
            raise ValueError("radius_m 要和 lat、lon 一起填")
        return self

    def wanted(self, categories: Categories, at: datetime) -> Wanted:
        """The same in our terms; `open_now=false` asks for nothing. Raises CategoryUnknown."""
        return Wanted(
            region=self.region,
            district=self.district,
            around=None if self.lat is None or self.lon is None else Position(self.lat, self.lon),
            radius_m=self.radius_m,
            category=category_named(categories, self.category).key if self.category else None,
            open_at=at if self.open_now else None,
        )


class MerchantJson(TypedDict):
    """An enterprise that takes part; `demo` ones are invented."""

    id: Id
    kind: MerchantKind
    name: str
    address: str
    phone: str | None
    demo: bool


class TakenJson(TypedDict):
    """What a point takes in."""

    category: str
    category_name: str


class OpeningJson(TypedDict):
    """A span in which a point is open, every week; Monday is 1."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    begins: ClockTime
    ends: ClockTime


class PointJson(TypedDict):
    """A place that takes old appliances in, in degrees (WGS 84); the distance where a position was given.

    `open_now` is null where nobody has told the hours; `hours_text` tells them as people write them.
    """

    id: Id
    name: str
    kind: PointKind
    kind_name: str
    district: str | None
    address: str
    phone: str | None
    lat: float
    lon: float
    distance_m: int | None
    categories: list[TakenJson]
    hours: list[OpeningJson]
    hours_text: str | None
    open_now: bool | None
    demo: bool


def merchant_json(merchant: Merchant) -> MerchantJson:
    """An enterprise on the public list."""
    return {
        "id": str(merchant.id),
        "kind": merchant.kind,
        "name": merchant.name,
        "address": merchant.address,
        "phone": merchant.phone,
        "demo": merchant.demo,
    }


def point_json(near: Near, categories: Categories, at: datetime) -> PointJson:
    """A collection point, how far it is and whether it is open."""
    point, openings = near.point, near.openings
    return {
        "id": str(point.id),
        "name": point.name,
        "kind": point.kind,
        "kind_name": KIND_NAMES[point.kind],
        "district": point.district,
        "address": point.address,
        "phone": point.phone,
        "lat": point.lat,
        "lon": point.lon,
        "distance_m": near.metres,
        "categories": [
            {"category": key, "category_name": categories[key].name}
            for key in point.categories
            if key in categories
        ],
        "hours": [
            {
                "weekday": one.weekday,
                "begins": hours.clock_time(one.begins),
                "ends": hours.clock_time(one.ends),
            }
            for one in openings
        ],
        "hours_text": hours.written(openings) or None,
        "open_now": hours.is_open(openings, at),
        "demo": point.demo,
    }
