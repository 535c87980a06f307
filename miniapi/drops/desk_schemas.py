"""The JSON that comes from the bureau to plan and change drops."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from miniapi.drops.actions import Change, NewDrop
from miniapi.drops.models import DropMode
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body, Moment
from miniapi.staff.schemas import Cause

Quota = Annotated[int, Field(ge=1)]


class PlanDrop(Body):
    """A drop that the bureau wants; a lottery is drawn at `draws_at`, or two hours after it opens."""

    region: RegionName
    opens_at: Moment
    quota: Quota
    mode: Literal["first_come", "lottery"] = "first_come"
    draws_at: Moment | None = None

    @model_validator(mode="after")
    def only_a_lottery_is_drawn(self) -> "PlanDrop":
        """Whoever comes first is not drawn."""
        if self.draws_at is not None and self.mode != "lottery":
            raise ValueError("只有抽签（mode 为 lottery）才填 draws_at")
        return self

    @property
    def wanted(self) -> NewDrop:
        """The same in our terms."""
        return NewDrop(self.opens_at, self.quota, DropMode(self.mode), self.draws_at)


class ChangeDrop(Body):
    """What the bureau changes, and why: residents read the reason of a freeze."""

    quota: Quota | None = None
    frozen: bool | None = None
    reason: Cause

    @model_validator(mode="after")
    def something_changes(self) -> "ChangeDrop":
        """Nothing is no change."""
        if self.wanted == Change():
            raise ValueError("quota、frozen 至少填一个")
        return self

    @property
    def wanted(self) -> Change:
        """The same in our terms."""
        return Change(self.quota, self.frozen)
