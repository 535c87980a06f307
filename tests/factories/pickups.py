"""Bookings, and what crews do with them."""

from datetime import datetime
from uuid import UUID

from faq.categories import Category
from miniapi.accounts.models import Resident
from miniapi.ids import new_id
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import actions, crewing, offering, queries
from miniapi.pickup.actions import Door, OldItem
from miniapi.pickup.crewing import Act, Collected
from miniapi.pickup.models import Pickup, Slot
from miniapi.pickup.moves import Move
from tests.factories.people import KEYS, a_resident

FRIDGE = Category("fridge", "冰箱", "appliance")
STREET = "示例路 8 号"


async def a_pickup(at: datetime, slot: Slot, resident: Resident | None = None) -> Pickup:
    """A booking of a fridge in this slot."""
    resident = resident or await a_resident(at)
    door = Door(slot.district, STREET)
    return await actions.book(resident.id, slot.id, [OldItem(FRIDGE)], door, None, KEYS, at=at)


async def moved(pickup: Pickup, member: CrewMember, *moves: Move, at: datetime) -> Pickup:
    """A booking after a crew has made these moves."""
    for move in moves:
        pickup = await crewing.move(pickup.id, move, member, an_act(at), KEYS, at=at)
    return pickup


async def agreed_to(pickup: Pickup, *, at: datetime) -> Pickup:
    """A booking whose resident agrees to the price that is named."""
    offer = await queries.open_offer(pickup.id)
    return await offering.accept(pickup.id, pickup.resident_id, offer.id, at=at)


def an_act(at: datetime, *, action: UUID | None = None, reason: str | None = None) -> Act:
    """One action of a phone."""
    return Act(action or new_id(), at, reason)


def all_right(pickup: Pickup, *, price_fen: int = 5000, code: str | None = None) -> Collected:
    """What is collected, with the right code unless told otherwise."""
    return Collected(30_000, price_fen, code or KEYS.pickup_code(pickup.id.bytes))
