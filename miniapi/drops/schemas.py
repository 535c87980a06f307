"""The JSON of drops."""

from datetime import datetime

from typing_extensions import TypedDict

from faq.packs import Library
from miniapi.drops import rules
from miniapi.drops.models import Drop, DropMode, DropState
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName


class OfRegion(Page):
    """The drops of one region."""

    region: RegionName


class DropJson(TypedDict):
    """One release of vouchers; times are half-open: it opens at, it closes before.

    A lottery is open for registration, until it is drawn.
    """

    id: Id
    mode: DropMode
    opens_at: Time
    draws_at: Time | None
    closes_at: Time
    valid_until: Time
    quota: int
    remaining: int
    state: DropState


def drop_json(drop: Drop, library: Library, at: datetime) -> DropJson:
    """A drop as it stands at a time; it was read by `queries.as_they_stand`."""
    state, left = rules.as_shown(drop, library, at)
    return {
        "id": str(drop.id),
        "mode": drop.mode,
        "opens_at": written(drop.opens_at),
        "draws_at": written(drop.draws_at) if drop.draws_at else None,
        "closes_at": written(drop.closes_at),
        "valid_until": written(drop.valid_until),
        "quota": drop.quota,
        "remaining": left,
        "state": state,
    }
