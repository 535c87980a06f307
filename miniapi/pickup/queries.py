"""What people can ask about slots and bookings."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.clock import SHANGHAI
from miniapi.pickup import rules
from miniapi.pickup.errors import NoSuchPickup, NoSuchSlot, NotBooked
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.reminders.occasions import Occasion


def bookable_slots(
    region: str, *, at: datetime, day: date | None = None, district: str | None = None
) -> "QuerySet[Slot]":
    """Slots that are not closed yet, full ones included."""
    slots = Slot.filter(region=region, starts_at__gt=at + rules.BOOK_UNTIL)
    if day is not None:
        midnight = datetime.combine(day, time(), SHANGHAI)
        slots = slots.filter(starts_at__gte=midnight, starts_at__lt=midnight + timedelta(days=1))
    if district is not None:
        slots = slots.filter(district=district)
    return slots


async def slot(slot_id: UUID) -> Slot:
    """One slot. Raises NoSuchSlot."""
    found = await Slot.get_or_none(id=slot_id)
    if found is None:
        raise NoSuchSlot()
    return found


def pickups_of(resident_id: UUID) -> "QuerySet[Pickup]":
    """The bookings of a resident, with their slots."""
    return Pickup.filter(resident_id=resident_id).select_related("slot")


async def pickup(pickup_id: UUID, resident_id: UUID) -> Pickup:
    """One booking of this resident. Raises NoSuchPickup, also for somebody else's."""
    found = await pickups_of(resident_id).get_or_none(id=pickup_id)
    if found is None:
        raise NoSuchPickup()
    return found


async def occasion(pickup_id: UUID, resident_id: UUID, at: datetime) -> Occasion:
    """The coming of the crew, as something to be reminded of. Raises NoSuchPickup, NotBooked."""
    found = await pickup(pickup_id, resident_id)
    if found.state is not PickupState.BOOKED:
        raise NotBooked()
    return Occasion(
        kind="pickup",
        subject=found.id,
        at=found.slot.starts_at,
        about=f"预约 {found.number} 上门回收",
        fields={
            "character_string1": found.number,
            "time2": found.slot.starts_at,
            "thing3": "预约时登记的旧家电",
            "thing4": found.district,
        },
    )
