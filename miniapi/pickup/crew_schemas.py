"""The JSON of bookings as a crew sees them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body, Moment
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import rules
from miniapi.pickup.crewing import Act, Collected
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.schemas import OldItemJson, contact_of, items_json

MOST_FEN = 10_000_000  # 100,000 yuan for old things: beyond it somebody mistyped
MOST_GRAMS = 2_000_000  # two tonnes


class DoCrewMove(Body):
    """One action of a phone: its own name for it, when it was done there, and why."""

    action: UUID
    done_at: Moment
    reason: Annotated[str, Field(max_length=200)] | None = None

    @property
    def act(self) -> Act:
        """The action."""
        return Act(self.action, self.done_at, self.reason)


class Offer(DoCrewMove):
    """A price named at the door."""

    price_fen: Annotated[int, Field(ge=0, le=MOST_FEN)]


class Collect(DoCrewMove):
    """What is taken along, at which price, and the code its owner showed or the photo of their signature."""

    weight_grams: Annotated[int, Field(ge=1, le=MOST_GRAMS)]
    price_fen: Annotated[int, Field(ge=0, le=MOST_FEN)]
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    signature: UUID | None = None

    @model_validator(mode="after")
    def agreed_in_one_way(self) -> "Collect":
        """By a code or by a signature."""
        if (self.code is None) == (self.signature is None):
            raise ValueError("code 和 signature 填一个")
        return self

    @property
    def collected(self) -> Collected:
        """What was collected."""
        return Collected(self.weight_grams, self.price_fen, self.code, self.signature)


class TimeJson(TypedDict):
    """When a crew is expected."""

    starts_at: Time
    ends_at: Time


class CrewPickupJson(TypedDict):
    """A booking without its door: a crew's own (`mine`), or one it could accept."""

    id: Id
    number: str
    state: PickupState
    mine: bool
    district: str
    slot: TimeJson
    items: list[OldItemJson]
    floor: int | None
    lift: bool | None
    call_first: bool
    with_delivery: bool
    agreed_fen: int | None


class DoorContactJson(TypedDict):
    """Whom to ask for; the name is null where nobody was named."""

    name: str | None
    phone: str


class DoorJson(CrewPickupJson):
    """A booking with its door, while its crew may know it."""

    street: str | None
    contact: DoorContactJson | None


def crew_pickup_json(pickup: Pickup, member: CrewMember, categories: Categories) -> CrewPickupJson:
    """A booking in the list of a crew, without a word of its owner's."""
    return _row(pickup, member, items_json(pickup, None, categories))


def door_json(
    pickup: Pickup, member: CrewMember, keys: Keys, categories: Categories, at: datetime
) -> DoorJson:
    """A booking that a crew has opened; `pickup` with its resident."""
    shown = rules.may_see_door(pickup, member.crew.id, at)
    items = items_json(pickup, keys if shown else None, categories)
    street = keys.unseal(pickup.street_sealed) if shown and pickup.street_sealed else None
    contact = _contact(pickup, keys) if shown else None
    return {**_row(pickup, member, items), "street": street, "contact": contact}


def _contact(pickup: Pickup, keys: Keys) -> DoorContactJson | None:
    """Whom to ask for; where nobody was named, the telephone of the account."""
    if named := contact_of(pickup, keys):
        return {"name": named.name, "phone": named.phone}
    sealed = pickup.resident.phone_sealed
    return {"name": None, "phone": keys.unseal(sealed)} if sealed else None


def _row(pickup: Pickup, member: CrewMember, items: list[OldItemJson]) -> CrewPickupJson:
    slot = pickup.slot
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "mine": pickup.crew_id == member.crew.id,
        "district": pickup.district,
        "slot": {"starts_at": written(slot.starts_at), "ends_at": written(slot.ends_at)},
        "items": items,
        "floor": pickup.floor,
        "lift": pickup.lift,
        "call_first": pickup.call_first,
        "with_delivery": pickup.with_delivery,
        "agreed_fen": pickup.agreed_fen,
    }
