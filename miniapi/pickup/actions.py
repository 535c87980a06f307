"""Booking, changing and cancelling a pickup."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.categories import Category
from miniapi.accounts.actions import held
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.database.races import refused_by
from miniapi.keys import Keys
from miniapi.pickup import rules
from miniapi.pickup.errors import (
    AlreadyBooked,
    NoSuchPickup,
    NoSuchSlot,
    NotBooked,
    OtherDistrict,
    SlotClosed,
    SlotFull,
    TooLateToChange,
)
from miniapi.pickup.models import Pickup, PickupEvent, PickupState, Slot, SlotPattern
from miniapi.reminders.actions import call_off

TAKE = "UPDATE slot SET taken = taken + 1 WHERE id = $1 AND taken < capacity RETURNING taken"
GIVE_BACK = "UPDATE slot SET taken = taken - 1 WHERE id = $1 RETURNING taken"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the crew asks for; both are personal data."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Door:
    """Where the crew goes; the street is personal data."""

    district: str
    street: str


@dataclass(frozen=True, slots=True)
class OldItem:
    """What is to be collected."""

    category: Category
    note: str | None = None


async def book(
    resident_id: UUID,
    slot_id: UUID,
    items: Sequence[OldItem],
    door: Door,
    contact: Contact | None,
    keys: Keys,
    *,
    at: datetime,
) -> Pickup:
    """Book a place in a slot. Raises NoSuchSlot, OtherDistrict, SlotClosed, AlreadyBooked, SlotFull."""
    slot = await _open_slot(slot_id, at)
    if door.district != slot.district:
        raise OtherDistrict(district=slot.district)
    with refused_by("one_booking_per_slot", AlreadyBooked()):
        async with in_transaction():
            await held(resident_id)
            pickup = await Pickup.create(
                number=f"{secrets.randbelow(10**10):010d}",
                resident_id=resident_id,
                slot=slot,
                items=[{"category": item.category.key, "note": item.note} for item in items],
                district=door.district,
                street_sealed=keys.seal(door.street),
                contact_sealed=keys.seal(json.dumps(asdict(contact))) if contact else None,
                booked_at=at,
            )
            await PickupEvent.create(pickup=pickup, what="booked", at=at)
            await _take_place(slot)  # last: the row everyone wants is locked for a moment only
    return pickup


async def reschedule(pickup_id: UUID, resident_id: UUID, slot_id: UUID, *, at: datetime) -> Pickup:
    """Move a booking to another slot, or leave it where it is and say why not.

    Raises NoSuchPickup, NotBooked, TooLateToChange, NoSuchSlot, OtherDistrict, SlotClosed,
    AlreadyBooked, SlotFull.
    """
    with refused_by("one_booking_per_slot", AlreadyBooked()):
        async with in_transaction():
            pickup = await _changeable(pickup_id, resident_id, at)
            slot = await _open_slot(slot_id, at)
            if slot.district != pickup.district:
                raise OtherDistrict(district=slot.district)
            if slot.id == pickup.slot.id:
                return pickup
            old = pickup.slot
            await Pickup.filter(id=pickup.id).update(slot_id=slot.id)
            await PickupEvent.create(pickup=pickup, what="rescheduled", at=at)
            await call_off(pickup.id, at=at)
            for one in sorted((old, slot), key=lambda each: each.id):  # one order: no two wait for each other
                await (_take_place(one) if one is slot else _give_place_back(one))
            pickup.slot = slot
    return pickup


async def cancel(pickup_id: UUID, resident_id: UUID, reason: str | None, *, at: datetime) -> Pickup:
    """Cancel a booking; its place is free again. Raises NoSuchPickup, NotBooked, TooLateToChange."""
    async with in_transaction():
        pickup = await _changeable(pickup_id, resident_id, at)
        pickup.state = PickupState.CANCELLED
        await Pickup.filter(id=pickup.id).update(state=PickupState.CANCELLED)
        await PickupEvent.create(pickup=pickup, what="cancelled", at=at, reason=reason)
        await call_off(pickup.id, at=at)
        await _give_place_back(pickup.slot)
    return pickup


async def erase_all(resident_id: UUID, *, at: datetime) -> int:
    """Cancel what somebody who leaves has booked, and erase where they live and what they wrote.

    Returns how many bookings were cancelled. Call it inside a transaction that holds the account.
    """
    pickups = await Pickup.filter(resident_id=resident_id).select_for_update().order_by("id")
    booked = [pickup for pickup in pickups if pickup.state is PickupState.BOOKED]
    for pickup in pickups:
        await Pickup.filter(id=pickup.id).update(
            state=PickupState.CANCELLED,
            street_sealed=None,
            contact_sealed=None,
            items=[{**item, "note": None} for item in pickup.items],
        )
    await PickupEvent.filter(pickup_id__in=[pickup.id for pickup in pickups]).update(reason=None)
    for pickup in booked:
        await PickupEvent.create(pickup=pickup, what="cancelled", at=at)
    for slot_id in sorted(pickup.slot_id for pickup in booked):  # one order: no two wait for each other
        await sql.rows(GIVE_BACK, slot_id)
    return len(booked)


async def lay_out_slots(*, at: datetime) -> int:
    """Make the slots of the next two weeks that are not there yet; how many there are now."""
    today = at.astimezone(SHANGHAI).date()
    slots = list(rules.laid_out(await SlotPattern.all(), today))
    await Slot.bulk_create(slots, ignore_conflicts=True)
    return len(slots)


async def _open_slot(slot_id: UUID, at: datetime) -> Slot:
    slot = await Slot.get_or_none(id=slot_id)
    if slot is None:
        raise NoSuchSlot()
    if not rules.is_bookable(slot, at):
        raise SlotClosed()
    return slot


async def _changeable(pickup_id: UUID, resident_id: UUID, at: datetime) -> Pickup:
    """The booking, locked; its slot is read after the lock, so it is the slot it is in now."""
    own = Pickup.filter(id=pickup_id, resident_id=resident_id)
    pickup = await own.select_for_update().first()
    if pickup is None:
        raise NoSuchPickup()
    if pickup.state is not PickupState.BOOKED:
        raise NotBooked()
    await pickup.fetch_related("slot")
    if at >= (until := rules.change_until(pickup.slot)):
        raise TooLateToChange(change_until=until)
    return pickup


async def _take_place(slot: Slot) -> None:
    counted = await sql.rows(TAKE, slot.id)
    if not counted:
        raise SlotFull()
    slot.taken = counted[0]["taken"]


async def _give_place_back(slot: Slot) -> None:
    counted = await sql.rows(GIVE_BACK, slot.id)
    slot.taken = counted[0]["taken"]
