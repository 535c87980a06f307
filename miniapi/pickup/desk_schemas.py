"""The JSON of closures, and of bookings as the staff see them: no door and no name."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import TypedDict

from miniapi.clock import SHANGHAI
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import FIRST_DAY, LAST_DAY, Body, Moment
from miniapi.pickup.desk import Outcome
from miniapi.pickup.models import Closure, Pickup, PickupState
from miniapi.pickup.schemas import District

FIRST, LAST = (datetime.combine(day, time(), SHANGHAI) for day in (FIRST_DAY, LAST_DAY))


def _on_the_calendar(at: datetime) -> datetime:
    """A time that a calendar can show. OpenAPI has no word for the bounds of a time: no `ge`, no `le`."""
    if not FIRST <= at <= LAST:
        raise ValueError("年份要在 2000 到 2099 之间")
    return at


Boundary = Annotated[
    Moment, AfterValidator(_on_the_calendar), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})
]
Reason = Annotated[str, Field(min_length=2, max_length=100)]


class ClosuresOf(Page):
    """The closures of a region."""

    region: RegionName


class Close(Body):
    """Where and when nobody comes, and why; people read the reason."""

    region: RegionName
    district: District | None = None
    crew: UUID | None = None
    starts_at: Boundary
    ends_at: Boundary
    reason: Reason

    @model_validator(mode="after")
    def lasts(self) -> "Close":
        """It ends after it begins."""
        if self.starts_at >= self.ends_at:
            raise ValueError("ends_at 必须晚于 starts_at")
        return self


class Because(Body):
    """Why; the resident may read it."""

    reason: Reason


class Resolve(Body):
    """How a dispute ends; weight and price where the old things were collected after all."""

    outcome: Literal["collected", "cancelled"]
    weight_grams: Annotated[int, Field(ge=1, le=2_000_000)] | None = None
    price_fen: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    reason: Reason

    @model_validator(mode="after")
    def weighed_and_paid(self) -> "Resolve":
        """What was collected was weighed and paid, what was not was not."""
        given = (self.weight_grams is not None, self.price_fen is not None)
        if given != (self.outcome == "collected",) * 2:
            raise ValueError("按已回收办结要填重量和价格，取消则都不填")
        return self

    @property
    def ended(self) -> Outcome:
        """The outcome."""
        return Outcome(PickupState(self.outcome), self.weight_grams, self.price_fen)


class ClosureJson(TypedDict):
    """A time in which nobody comes, and what became of the bookings in it."""

    id: Id
    region: str
    district: str | None
    crew: Id | None
    starts_at: Time
    ends_at: Time
    reason: str
    closed_at: Time
    lifted_at: Time | None
    moved: int
    cancelled: int


class StaffPickupJson(TypedDict):
    """A booking as the staff see it."""

    id: Id
    number: str
    state: PickupState
    price_fen: int | None
    weight_grams: int | None


def closure_json(closure: Closure) -> ClosureJson:
    """A closure."""
    return {
        "id": str(closure.id),
        "region": closure.region,
        "district": closure.district,
        "crew": str(closure.crew_id) if closure.crew_id else None,
        "starts_at": written(closure.starts_at),
        "ends_at": written(closure.ends_at),
        "reason": closure.reason,
        "closed_at": written(closure.closed_at),
        "lifted_at": written(closure.lifted_at) if closure.lifted_at else None,
        "moved": closure.moved,
        "cancelled": closure.cancelled,
    }


def staff_pickup_json(pickup: Pickup) -> StaffPickupJson:
    """A booking as the staff see it."""
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "price_fen": pickup.price_fen,
        "weight_grams": pickup.weight_grams,
    }
