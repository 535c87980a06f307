"""What a resident does with a booking: making it, moving it, cancelling it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.categories import Category
from miniapi.accounts.actions import held
from miniapi.database.races import refused_by
from miniapi.keys import Keys
from miniapi.pickup import booking, places, rules
from miniapi.pickup.booking import Wish
from miniapi.pickup.errors import (
    AlreadyBooked,
    NotNow,
    OtherDistrict,
    SlotClosed,
    TooLateToChange,
    TooManyActive,
    TooManyChanges,
)
from miniapi.pickup.models import Pickup, PickupEvent, PickupState, Slot
from miniapi.pickup.moves import CALLED, GOING_ON, UNSETTLED, Actor, Move
from miniapi.pickup.moving import SYSTEM, Mover, locked, make, move_to, refuse_unless_allowed
from miniapi.pickup.telling import tell_crew
from miniapi.reminders.actions import call_off

RESIDENT = Mover(Actor.RESIDENT)
WORDS = ("note", "brand", "size")  # of an item: what people write themselves


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the crew asks for; both are personal data."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Door:
    """Where the crew goes; the street is personal data. `floor` and `lift` are what carrying depends on."""

    district: str
    street: str
    floor: int | None = None
    lift: bool | None = None
    call_first: bool = False


@dataclass(frozen=True, slots=True)
class OldItem:
    """What is to be collected: what people write of it themselves, its age in years, whether it works."""

    category: Category
    note: str | None = None
    brand: str | None = None
    size: str | None = None
    age_years: int | None = None
    works: bool | None = None


async def book(
    resident_id: UUID,
    slot_id: UUID,
    items: Sequence[OldItem],
    door: Door,
    contact: Contact | None,
    keys: Keys,
    *,
    with_delivery: bool = False,
    at: datetime,
) -> Pickup:
    """Book a place in a slot; the one that was kept for its resident, where there is one.

    `with_delivery`: the crew brings what was bought instead.

    Raises NotSignedIn of who left, NoSuchSlot, OtherDistrict, SlotClosed, TooManyActive, AlreadyBooked,
    SlotFull.
    """
    wish = Wish(
        items=[
            {"category": one.category.key, "age_years": one.age_years, "works": one.works} for one in items
        ],
        words_sealed=_sealed_words(items, keys),
        district=door.district,
        street_sealed=keys.seal(door.street),
        contact_sealed=keys.seal(json.dumps(asdict(contact))) if contact else None,
        floor=door.floor,
        lift=door.lift,
        call_first=door.call_first,
        with_delivery=with_delivery,
    )
    with refused_by("one_booking_per_slot", AlreadyBooked()):
        async with in_transaction():
            slot = await booking.hold_and_enter(resident_id, slot_id)
            if door.district != slot.district:
                raise OtherDistrict(district=slot.district)
            if not rules.is_bookable(slot, at):
                raise SlotClosed()
            return await booking.write(slot, resident_id, wish, at=at)


async def reschedule(pickup_id: UUID, resident_id: UUID, slot_id: UUID, *, at: datetime) -> Pickup:
    """Move a booking to another slot, or leave it where it is and say why not.

    A booking that its crew missed may be moved at any time, and that does not count as a change; but it is
    one more that is still to come.

    Raises NotSignedIn of who left, NoSuchPickup, NotBooked, NotNow, TooLateToChange, TooManyChanges,
    TooManyActive, NoSuchSlot, OtherDistrict, SlotClosed, AlreadyBooked, SlotFull.
    """
    with refused_by("one_booking_per_slot", AlreadyBooked()):
        async with in_transaction():
            await held(resident_id)
            await places.enter()
            pickup = await _changeable(pickup_id, resident_id, Move.RESCHEDULE, at)
            slot = await places.open_slot(slot_id, at)
            if slot.district != pickup.district:
                raise OtherDistrict(district=slot.district)
            if slot.id == pickup.slot.id:
                return pickup
            missed = pickup.state is PickupState.MISSED_BY_CREW
            if pickup.changes >= rules.MOST_CHANGES and not missed:
                raise TooManyChanges(most=rules.MOST_CHANGES)
            if missed:
                await _refuse_one_more(resident_id, at)
            more = await places.take(slot, resident_id, at=at)
            old, crew_id = pickup.slot, pickup.crew_id
            changes = pickup.changes + (not missed)
            await move_to(pickup, slot, RESIDENT, "已改到别的时间，不用去了", at=at, changes=changes)
            await _count(slot, {old.id: -1, slot.id: more})
            await places.give_shift_back(old.id, crew_id)
    return pickup


async def cancel(
    pickup_id: UUID, resident_id: UUID, reason: str | None, keys: Keys, *, at: datetime
) -> Pickup:
    """Cancel a booking; its place is free again. Raises NoSuchPickup, NotBooked, NotNow, TooLateToChange."""
    async with in_transaction():
        await places.enter()
        pickup = await _changeable(pickup_id, resident_id, Move.CANCEL, at)
        because = Mover(Actor.RESIDENT, keys.seal(reason) if reason else None)
        await _cancel(pickup, because, "已取消，不用去了", at=at)
    return pickup


async def give_up(pickup_id: UUID, resident_id: UUID, keys: Keys, *, at: datetime) -> Pickup:
    """Cancel a visit that failed, for another one: it is neither moved nor, after all, collected any more.

    Raises NoSuchPickup, NotBooked, and NotNow of one that did not fail, or that has ended since.
    """
    async with in_transaction():
        await places.enter()
        pickup = await locked(Pickup.filter(id=pickup_id, resident_id=resident_id))
        if pickup.state not in {*UNSETTLED, PickupState.CANCELLED}:
            raise NotNow(state=pickup.state, called=CALLED[pickup.state])
        because = Mover(Actor.RESIDENT, keys.seal("已另约上门"))
        await _cancel(pickup, because, "已由居民另约上门，这一次不再回收", at=at)
    return pickup


async def erase_all(resident_id: UUID, *, at: datetime) -> int:
    """Cancel what somebody who leaves has booked, and erase where they live and what they wrote.

    Returns how many bookings were cancelled. Call it inside a transaction that holds the account.
    """
    await places.enter()
    let_go = await places.let_go_all(resident_id)
    found = Pickup.filter(resident_id=resident_id).select_for_update().order_by("id")
    pickups = await found.prefetch_related("slot")
    await Pickup.filter(id__in=[pickup.id for pickup in pickups]).update(
        street_sealed=None, contact_sealed=None, words_sealed=None, floor=None, lift=None
    )
    for pickup in pickups:
        await Pickup.filter(id=pickup.id).update(items=[{**item, "note": None} for item in pickup.items])
    await PickupEvent.filter(pickup_id__in=[pickup.id for pickup in pickups]).update(
        reason=None, reason_sealed=None
    )
    ended = [one for one in pickups if one.state in {*GOING_ON, PickupState.DISPUTED}]
    for pickup in ended:
        event = await make(pickup, Move.CANCEL, SYSTEM, at=at)
        await call_off(pickup.id, at=at)
        await tell_crew(pickup, pickup.crew_id, "已取消，不用去了", key=f"{event.id}", at=at)
    let_go.update(pickup.slot_id for pickup in ended)
    await places.count({slot_id: -many for slot_id, many in let_go.items()})
    for pickup in sorted(ended, key=lambda one: one.slot_id):
        await places.give_shift_back(pickup.slot_id, pickup.crew_id)
    return len(ended)


async def _changeable(pickup_id: UUID, resident_id: UUID, move: Move, at: datetime) -> Pickup:
    """The booking, locked, where its resident may still make this move."""
    pickup = await locked(Pickup.filter(id=pickup_id, resident_id=resident_id))
    refuse_unless_allowed(pickup, move, Actor.RESIDENT)
    until = rules.change_until(pickup.slot)
    if at >= until and pickup.state is not PickupState.MISSED_BY_CREW:
        raise TooLateToChange(change_until=until)
    return pickup


async def _cancel(pickup: Pickup, because: Mover, crew_told: str, *, at: datetime) -> None:
    """Cancel a locked booking, inside the gate; its crew is told, its place is free again."""
    event = await make(pickup, Move.CANCEL, because, at=at)
    await call_off(pickup.id, at=at)
    await tell_crew(pickup, pickup.crew_id, crew_told, key=f"{event.id}", at=at)
    await _count(pickup.slot, {pickup.slot.id: -1})
    await places.give_shift_back(pickup.slot.id, pickup.crew_id)


async def _refuse_one_more(resident_id: UUID, at: datetime) -> None:
    """Raises TooManyActive where somebody, whose account is held, has as many bookings as one may."""
    active = Pickup.filter(resident_id=resident_id, state__in=list(GOING_ON), slot__ends_at__gt=at)
    if await active.count() >= rules.MOST_ACTIVE:
        raise TooManyActive(most=rules.MOST_ACTIVE)


async def _count(slot: Slot, changes: dict[UUID, int]) -> None:
    taken = await places.count(changes)
    slot.taken = taken.get(slot.id, slot.taken)


def _sealed_words(items: Sequence[OldItem], keys: Keys) -> str | None:
    """What people wrote of each item, encrypted; nothing where they wrote nothing."""
    words = [{word: getattr(item, word) for word in WORDS} for item in items]
    return keys.seal(json.dumps(words)) if any(any(one.values()) for one in words) else None
