"""The JSON of slots and bookings."""

import datetime
import json
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.accounts.rules import masked_name, masked_phone
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.pickup import rules
from miniapi.pickup.actions import Contact, Door, OldItem
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.subsidies.schemas import CategoryName, category_named

FIRST_DAY, LAST_DAY = datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)  # what a calendar can show
Day = Annotated[
    datetime.date, Field(ge=FIRST_DAY, le=LAST_DAY, json_schema_extra={"pattern": "^20[0-9]{2}-"})
]

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


class Address(Body):
    """Where the crew comes to."""

    district: District
    street: Annotated[str, Field(min_length=2, max_length=100)]


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

    def old_items(self, categories: Categories) -> list[OldItem]:
        """What is to be collected. Raises CategoryUnknown."""
        return [OldItem(category_named(categories, item.category), item.note) for item in self.items]

    @property
    def door(self) -> Door:
        """Where."""
        return Door(self.address.district, self.address.street)

    @property
    def person(self) -> Contact | None:
        """Whom to ask for."""
        return Contact(self.contact.name, self.contact.phone) if self.contact else None


class Reschedule(Body):
    """Another slot."""

    slot: UUID


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


class AddressJson(TypedDict):
    """Where the crew comes to; the street is null once it was erased."""

    district: str
    street: str | None


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
    booked_at: Time
    change_until: Time


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
    contact = Contact(**json.loads(keys.unseal(pickup.contact_sealed))) if pickup.contact_sealed else None
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "slot": slot_json(pickup.slot),
        "items": [
            {
                "category": item["category"],
                "category_name": categories[item["category"]].name,
                "note": item["note"],
            }
            for item in pickup.items
        ],
        "address": {
            "district": pickup.district,
            "street": keys.unseal(pickup.street_sealed) if pickup.street_sealed else None,
        },
        "contact": {"name": masked_name(contact.name), "phone": masked_phone(contact.phone)}
        if contact
        else None,
        "booked_at": written(pickup.booked_at),
        "change_until": written(rules.change_until(pickup.slot)),
    }
