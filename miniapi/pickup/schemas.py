"""The JSON of slots and bookings."""

import json
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.accounts.rules import masked_name, masked_phone
from miniapi.categories import CategoryName, category_named
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body, Day
from miniapi.keys import Keys
from miniapi.pickup import rules
from miniapi.pickup.actions import Contact, Door, OldItem
from miniapi.pickup.models import Hold, OfferState, Pickup, PickupOffer, PickupState, Proof, Slot
from miniapi.pickup.moves import WITH_A_CREW
from miniapi.tickets.models import Ticket

District = Annotated[str, Field(min_length=1, max_length=50)]


class SlotsOf(Page):
    """The slots of a region, of one day or one district where given."""

    region: RegionName
    date: Day | None = None
    limit: int = Field(default=100, ge=1, le=100)
    district: District | None = None


class ItemToCollect(Body):
    """One old thing: a category by key or Chinese name."""

    category: CategoryName
    note: Annotated[str, Field(max_length=100)] | None = None
    brand: Annotated[str, Field(max_length=30)] | None = None
    size: Annotated[str, Field(max_length=30)] | None = None
    age_years: Annotated[int, Field(ge=0, le=60)] | None = None
    works: bool | None = None


class Address(Body):
    """Where the crew comes to."""

    district: District
    street: Annotated[str, Field(min_length=2, max_length=100)]
    floor: Annotated[int, Field(ge=-5, le=200)] | None = None
    lift: bool | None = None


class ContactPerson(Body):
    """Whom the crew asks for."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    phone: Annotated[str, Field(pattern=r"^1[3-9][0-9]{9}$")]


class BookPickup(Body):
    """A booking."""

    slot: UUID
    items: Annotated[list[ItemToCollect], Field(min_length=1, max_length=10)]
    address: Address
    contact: ContactPerson | None = None
    call_first: bool = False

    def old_items(self, categories: Categories) -> list[OldItem]:
        """What is to be collected. Raises CategoryUnknown."""
        return [
            OldItem(
                category_named(categories, item.category),
                item.note,
                item.brand,
                item.size,
                item.age_years,
                item.works,
            )
            for item in self.items
        ]

    @property
    def door(self) -> Door:
        """Where."""
        there = self.address
        return Door(there.district, there.street, there.floor, there.lift, self.call_first)

    @property
    def person(self) -> Contact | None:
        """Whom to ask for."""
        return Contact(self.contact.name, self.contact.phone) if self.contact else None


class Reschedule(Body):
    """Another slot."""

    slot: UUID


class AnswerOffer(Body):
    """Which price is answered: the one that was read, as the crew may name another one meanwhile."""

    offer: UUID


class Cancel(Body):
    """Why, if one likes to say."""

    reason: Annotated[str, Field(max_length=200)] | None = None


class SlotJson(TypedDict):
    """Hours in which a crew comes to a district, and the places left in them."""

    id: Id
    starts_at: Time
    ends_at: Time
    district: str
    left: int


class OldItemJson(TypedDict):
    """One old thing that is collected."""

    category: str
    category_name: str
    note: str | None
    brand: str | None
    size: str | None
    age_years: int | None
    works: bool | None


class AddressJson(TypedDict):
    """Where the crew comes to; the street is null once it was erased."""

    district: str
    street: str | None
    floor: int | None
    lift: bool | None


class ContactJson(TypedDict):
    """Whom the crew asks for, as far as it is shown."""

    name: str
    phone: str


class PickupJson(TypedDict):
    """A booking; it can be changed before `change_until`."""

    id: Id
    number: str
    state: PickupState
    slot: SlotJson
    items: list[OldItemJson]
    address: AddressJson
    contact: ContactJson | None
    call_first: bool
    booked_at: Time
    change_until: Time
    changes_left: int


class HoldJson(TypedDict):
    """A place that is kept until then."""

    slot: Id
    expires_at: Time


class CrewJson(TypedDict):
    """Who comes."""

    name: str
    merchant: str


class OfferJson(TypedDict):
    """A price that was named at the door."""

    id: Id
    price_fen: int
    state: OfferState
    offered_at: Time


class PickupEventJson(TypedDict):
    """One thing that happened to a booking, and when; `proof` of a collecting is a code or a signature."""

    what: str
    at: Time
    proof: Proof | None


class VisitJson(TypedDict):
    """How a visit stands. The crew gets `code` when it collects; `offer` is its latest price."""

    id: Id
    number: str
    state: PickupState
    slot: SlotJson
    crew: CrewJson | None
    code: str | None
    offer: OfferJson | None
    agreed_fen: int | None
    price_fen: int | None
    weight_grams: int | None
    history: list[PickupEventJson]


class DisputeJson(TypedDict):
    """A price that was refused, and the ticket in which the bureau looks into it."""

    id: Id
    number: str
    state: PickupState
    ticket: Id
    ticket_number: str


def slot_json(slot: Slot) -> SlotJson:
    """A slot and how many places it has left."""
    return {
        "id": str(slot.id),
        "starts_at": written(slot.starts_at),
        "ends_at": written(slot.ends_at),
        "district": slot.district,
        "left": slot.left,
    }


def pickup_json(pickup: Pickup, keys: Keys, categories: Categories) -> PickupJson:
    """A booking as its owner sees it."""
    contact = contact_of(pickup, keys)
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "slot": slot_json(pickup.slot),
        "items": items_json(pickup, keys, categories),
        "address": {
            "district": pickup.district,
            "street": keys.unseal(pickup.street_sealed) if pickup.street_sealed else None,
            "floor": pickup.floor,
            "lift": pickup.lift,
        },
        "contact": {"name": masked_name(contact.name), "phone": masked_phone(contact.phone)}
        if contact
        else None,
        "call_first": pickup.call_first,
        "booked_at": written(pickup.booked_at),
        "change_until": written(rules.change_until(pickup.slot)),
        "changes_left": rules.MOST_CHANGES - pickup.changes,
    }


def items_json(pickup: Pickup, keys: Keys | None, categories: Categories) -> list[OldItemJson]:
    """What is collected; without keys nothing of what its owner wrote."""
    sealed = pickup.words_sealed if keys is not None else None
    words = json.loads(keys.unseal(sealed)) if keys and sealed else [{} for _ in pickup.items]
    return [
        {
            "category": item["category"],
            "category_name": categories[item["category"]].name,
            # a remark of before words were sealed stands with the item
            "note": said.get("note") or (item.get("note") if keys is not None else None),
            "brand": said.get("brand"),
            "size": said.get("size"),
            "age_years": item.get("age_years"),
            "works": item.get("works"),
        }
        for item, said in zip(pickup.items, words, strict=True)
    ]


def contact_of(pickup: Pickup, keys: Keys) -> Contact | None:
    """Whom the crew asks for."""
    return Contact(**json.loads(keys.unseal(pickup.contact_sealed))) if pickup.contact_sealed else None


def hold_json(hold: Hold) -> HoldJson:
    """A place that is kept."""
    return {"slot": str(hold.slot_id), "expires_at": written(hold.expires_at)}


def visit_json(pickup: Pickup, keys: Keys) -> VisitJson:
    """How a visit stands; `pickup` with its crew, offers and events."""
    crew, offers = pickup.crew, sorted(pickup.offers, key=lambda one: one.id)
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "slot": slot_json(pickup.slot),
        "crew": {"name": crew.name, "merchant": crew.merchant.name} if crew else None,
        "code": keys.pickup_code(pickup.id.bytes) if pickup.state in WITH_A_CREW else None,
        "offer": offer_json(offers[-1]) if offers else None,
        "agreed_fen": pickup.agreed_fen,
        "price_fen": pickup.price_fen,
        "weight_grams": pickup.weight_grams,
        "history": [
            {"what": event.what, "at": written(event.done_at or event.at), "proof": event.proof}
            for event in sorted(pickup.events, key=lambda one: one.id)
        ],
    }


def offer_json(offer: PickupOffer) -> OfferJson:
    """A price that was named at the door."""
    return {
        "id": str(offer.id),
        "price_fen": offer.price_fen,
        "state": offer.state,
        "offered_at": written(offer.offered_at),
    }


def dispute_json(pickup: Pickup, ticket: Ticket) -> DisputeJson:
    """A refused price and its ticket."""
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "ticket": str(ticket.id),
        "ticket_number": ticket.number,
    }
