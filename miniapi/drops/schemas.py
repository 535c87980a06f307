"""The JSON of drops."""

from datetime import datetime

from typing_extensions import TypedDict

from miniapi.drops.models import Drop, DropState
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName


class OfRegion(Page):
    """The drops of one region."""

    region: RegionName


class DropJson(TypedDict):
    """One release of vouchers; times are half-open: it opens at, it closes before."""

    id: Id
    opens_at: Time
    closes_at: Time
    valid_until: Time
    quota: int
    remaining: int
    state: DropState


def drop_json(drop: Drop, at: datetime) -> DropJson:
    """A drop as it stands at a time."""
    return {
        "id": str(drop.id),
        "opens_at": written(drop.opens_at),
        "closes_at": written(drop.closes_at),
        "valid_until": written(drop.valid_until),
        "quota": drop.quota,
        "remaining": drop.remaining,
        "state": drop.state(at),
    }
