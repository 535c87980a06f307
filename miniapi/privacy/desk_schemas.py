"""The JSON of people as the support desk sees them."""

from typing import Annotated, NotRequired, cast
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.accounts.models import Resident
from miniapi.accounts.schemas import ResidentJson, resident_json
from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.privacy.desk import Moved, Revealed, SearchedBy
from miniapi.staff.schemas import Reason

Number = Annotated[str, Field(min_length=1, max_length=30)]


class SearchResident(Body):
    """One number or code that leads to a resident."""

    id_number: Number | None = None
    ticket: Number | None = None
    pickup: Number | None = None
    voucher: Number | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "SearchResident":
        """Exactly one must be given."""
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("id_number、ticket、pickup、voucher 必须且只能填一个")
        return self

    @property
    def by(self) -> tuple[SearchedBy, str]:
        """Which one was given, and what it says."""
        by, wanted = next(iter(self.model_dump(exclude_none=True).items()))
        return cast(SearchedBy, by), wanted


class Reveal(Body):
    """Which fields must be seen, and why."""

    fields: Annotated[list[Revealed], Field(min_length=1, max_length=3)]
    reason: Reason


class MoveIdentity(Body):
    """From which account to which, and why."""

    from_resident: UUID
    to_resident: UUID
    reason: Reason


class StaffResidentJson(ResidentJson):
    """An account as the staff see it: masked."""

    left_at: Time | None


class RevealedJson(TypedDict):
    """The fields that were asked for, in the clear; null where the account has none."""

    phone: NotRequired[str | None]
    name: NotRequired[str | None]
    id_number: NotRequired[str | None]


class MovedJson(TypedDict):
    """An identity that has another account now, with so many vouchers."""

    from_resident: Id
    to_resident: Id
    at: Time
    vouchers: int


def staff_resident_json(resident: Resident, keys: Keys) -> StaffResidentJson:
    """An account, masked."""
    left_at = written(resident.left_at) if resident.left_at else None
    return {**resident_json(resident, keys), "left_at": left_at}


def moved_json(asked: MoveIdentity, moved: Moved) -> MovedJson:
    """What was moved."""
    return {
        "from_resident": str(asked.from_resident),
        "to_resident": str(asked.to_resident),
        "at": written(moved.at),
        "vouchers": moved.vouchers,
    }
