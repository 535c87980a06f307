"""The JSON of merchants and points."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from miniapi.http.paging import Page
from miniapi.merchants.models import Merchant, Point

Region = Annotated[str, Field(min_length=1, max_length=32)]


class MerchantsOf(Page):
    """The public list of a region."""

    region: Region


class PointsNear(Page):
    """Where somebody stands, in degrees; both or neither."""

    region: Region
    limit: int = Field(default=100, ge=1, le=100)
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def both_or_neither(self) -> "PointsNear":
        """A position is two numbers."""
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat 与 lon 必须一起填")
        return self


def merchant_json(merchant: Merchant) -> dict[str, Any]:
    """An enterprise on the public list."""
    return {
        "id": str(merchant.id),
        "kind": merchant.kind,
        "name": merchant.name,
        "address": merchant.address,
        "phone": merchant.phone,
        "demo": merchant.demo,
    }


def point_json(point: Point, metres: int | None) -> dict[str, Any]:
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
