"""The JSON of crews as the manager of a recycler keeps them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.accounts.rules import masked_name, masked_phone
from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.merchants.models import Crew, Member
from miniapi.pickup.crews import Invited
from miniapi.pickup.hours import Relaid, Span
from miniapi.pickup.models import CrewHours
from miniapi.pickup.rules import SLOT_HOURS
from miniapi.pickup.schemas import District

MOST_PLACES = 100  # of one crew in one slot: beyond it somebody mistyped
MOST_SPANS = 200  # of a week: four a day in seven districts

CrewName = Annotated[str, Field(min_length=1, max_length=50)]


class FormCrew(Body):
    """A new crew."""

    name: CrewName


class ChangeCrew(Body):
    """Another name, or whether the crew is closed."""

    name: CrewName | None = None
    closed: bool | None = None

    @model_validator(mode="after")
    def changes_one_thing(self) -> "ChangeCrew":
        """Both at once would be two acts."""
        if (self.name is None) == (self.closed is None):
            raise ValueError("name 和 closed 填一个")
        return self


class JoinCrew(Body):
    """What a manager handed on."""

    code: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class SpanOfWeek(Body):
    """Hours of a weekday, Monday 1 to Sunday 7, and the places in each of their slots."""

    district: District
    weekday: Annotated[int, Field(ge=1, le=7)]
    begins: Annotated[int, Field(ge=0, le=24)]
    ends: Annotated[int, Field(ge=0, le=24)]
    capacity: Annotated[int, Field(ge=1, le=MOST_PLACES)]

    @model_validator(mode="after")
    def holds_whole_slots(self) -> "SpanOfWeek":
        """Nobody could book what is left over."""
        if self.begins >= self.ends or (self.ends - self.begins) % SLOT_HOURS:
            raise ValueError(f"ends 要晚于 begins，且相差 {SLOT_HOURS} 小时的整数倍")
        return self


class PutHours(Body):
    """A whole week; what is not in it ends."""

    hours: Annotated[list[SpanOfWeek], Field(max_length=MOST_SPANS)]

    @property
    def week(self) -> list[Span]:
        """The same in our terms."""
        return [Span(one.district, one.weekday - 1, one.begins, one.ends, one.capacity) for one in self.hours]


class MemberJson(TypedDict):
    """Somebody of a crew, as far as it is shown; null where nothing is known."""

    id: Id
    name: str | None
    phone: str | None


class MyCrewJson(TypedDict):
    """A crew and who goes out with it; `closed_at` where it comes no more."""

    id: Id
    name: str
    closed_at: Time | None
    members: list[MemberJson]


class InvitationJson(TypedDict):
    """With this code one person joins, before it expires."""

    code: str
    expires_at: Time


class JoinedJson(TypedDict):
    """With whom somebody goes out now."""

    id: Id
    name: str
    merchant: Id
    merchant_name: str


class SpanJson(TypedDict):
    """Hours of a weekday, Monday 1 to Sunday 7, and the places in each of their slots."""

    district: str
    weekday: int
    begins: int
    ends: int
    capacity: int


class HoursJson(TypedDict):
    """A week."""

    hours: list[SpanJson]


class RelaidJson(HoursJson):
    """A week, and how many bookings had to be moved or cancelled for it."""

    moved: int
    cancelled: int


def my_crew_json(crew: Crew, people: Sequence[Member], keys: Keys) -> MyCrewJson:
    """A crew; `people` with their residents."""
    return {
        "id": str(crew.id),
        "name": crew.name,
        "closed_at": written(crew.closed_at) if crew.closed_at else None,
        "members": [_member_json(member, keys) for member in people],
    }


def invitation_json(invited: Invited) -> InvitationJson:
    """An invitation."""
    return {"code": invited.code, "expires_at": written(invited.expires_at)}


def joined_json(crew: Crew) -> JoinedJson:
    """A crew that somebody has joined; `crew` with its merchant."""
    return {
        "id": str(crew.id),
        "name": crew.name,
        "merchant": str(crew.merchant.id),
        "merchant_name": crew.merchant.name,
    }


def hours_json(hours: Sequence[CrewHours]) -> HoursJson:
    """A week."""
    return {"hours": [_span_json(one) for one in hours]}


def relaid_json(relaid: Relaid) -> RelaidJson:
    """A week as it is now."""
    return {**hours_json(relaid.hours), "moved": relaid.moved, "cancelled": relaid.cancelled}


def _member_json(member: Member, keys: Keys) -> MemberJson:
    name, phone = member.resident.name_sealed, member.resident.phone_sealed
    return {
        "id": str(member.id),
        "name": masked_name(keys.unseal(name)) if name else None,
        "phone": masked_phone(keys.unseal(phone)) if phone else None,
    }


def _span_json(one: CrewHours) -> SpanJson:
    return {
        "district": one.district,
        "weekday": one.weekday + 1,
        "begins": one.begins,
        "ends": one.ends,
        "capacity": one.capacity,
    }
