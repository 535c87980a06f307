"""The JSON of drops."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from miniapi.drops.models import Drop
from miniapi.http.answers import written
from miniapi.http.paging import Page


class OfRegion(Page):
    """The drops of one region."""

    region: Annotated[str, Field(min_length=1, max_length=32)]


def drop_json(drop: Drop, at: datetime) -> dict[str, Any]:
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
