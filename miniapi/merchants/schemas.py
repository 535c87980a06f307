"""The JSON of merchants and points."""

from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.http.answers import Id
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.merchants.models import Merchant, MerchantKind, Point


class MerchantsOf(Page):
    """The public list of a region."""

    region: RegionName


class PointsNear(Page):
    """Where somebody stands, in degrees; both or neither."""

    region: RegionName
    limit: int = Field(default=100, ge=1, le=100)
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def both_or_neither(self) -> "PointsNear":
        """A position is two numbers."""
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat 与 lon 必须一起填")
        return self


class MerchantJson(TypedDict):
    """An enterprise that takes part; `demo` ones are invented."""

    id: Id
    kind: MerchantKind
    name: str
    address: str
    phone: str | None
    demo: bool


class PointJson(TypedDict):
    """A place that takes old appliances in, in degrees (WGS 84); the distance where a position was given."""

    id: Id
    name: str
    address: str
    lat: float
    lon: float
    distance_m: int | None
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


def point_json(point: Point, metres: int | None) -> PointJson:
    """A collection point and how far it is."""
    return {
        "id": str(point.id),
        "name": point.name,
        "address": point.address,
        "lat": point.lat,
        "lon": point.lon,
        "distance_m": metres,
        "demo": point.demo,
    }
