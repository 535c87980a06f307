"""What people can ask about slots and bookings."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from miniapi.clock import SHANGHAI
from miniapi.merchants.models import Crew
from miniapi.pickup import rules
from miniapi.pickup.errors import NoSuchCrewOfYours, NoSuchOffer, NoSuchPickup, NoSuchSlot, NotBooked, NotNow
from miniapi.pickup.models import (
    Closure,
    CrewHours,
    OfferState,
    Pickup,
    PickupOffer,
    PickupState,
    Shift,
    Slot,
)
from miniapi.pickup.moves import CALLED, GOING_ON
from miniapi.pickup.telling import coming
from miniapi.reminders.occasions import Occasion

NUMBER = re.compile(r"[0-9]{10}")


def bookable_slots(
    region: str, *, at: datetime, day: date | None = None, district: str | None = None
) -> "QuerySet[Slot]":
    """Slots that are not closed yet, full ones included."""
    slots = Slot.filter(region=region, starts_at__gt=at + rules.BOOK_UNTIL, capacity__gt=0)
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
    return await _one(pickups_of(resident_id), pickup_id)


def numbered(number: str) -> "QuerySet[Pickup]":
    """The booking of a number that people read out. Raises NoSuchPickup for what is no number at all."""
    if not NUMBER.fullmatch(number):
        raise NoSuchPickup()
    return Pickup.filter(number=number)


async def visit(pickup_id: UUID, resident_id: UUID) -> Pickup:
    """One booking of this resident with its crew, its offers and what happened to it. Raises NoSuchPickup."""
    found = pickups_of(resident_id).prefetch_related("crew__merchant", "offers", "events")
    return await _one(found, pickup_id)


async def open_offer(pickup_id: UUID) -> PickupOffer:
    """The price that waits for its resident's answer. Raises NoSuchOffer."""
    found = await PickupOffer.get_or_none(pickup_id=pickup_id, state=OfferState.OPEN)
    if found is None:
        raise NoSuchOffer()
    return found


async def crews_pickups(crew_id: UUID, *, at: datetime) -> Sequence[Pickup]:
    """What a crew has to do and could accept, today and tomorrow: by district, slot and number.

    A visit that midnight overtakes stays in the list as long as its door is shown, and until it is done.
    """
    begins, ends = rules.shown_days(at)
    lately = Q(slot__ends_at__gt=min(begins, at - rules.MASKED_AFTER))
    under_way = Q(state__in=[PickupState.ON_THE_WAY, PickupState.ARRIVED])
    own = Q(crew_id=crew_id) & ~Q(state=PickupState.CANCELLED) & (lately | under_way)
    waiting = Q(state=PickupState.BOOKED, slot_id__in=await _slots_of(crew_id, begins, ends))
    found = Pickup.filter(own | waiting, slot__starts_at__lt=ends)
    return await found.select_related("slot").order_by("district", "slot__starts_at", "number")


async def crews_pickup(pickup_id: UUID, crew_id: UUID) -> Pickup:
    """One booking that a crew has accepted, or could. Raises NoSuchPickup, also for another crew's."""
    found = await _one(Pickup.all().select_related("slot", "resident"), pickup_id)
    if not await is_for(found, crew_id):
        raise NoSuchPickup()
    return found


async def is_for(pickup: Pickup, crew_id: UUID) -> bool:
    """Whether a booking is this crew's, or waits for one in a slot in which it works."""
    if pickup.crew_id is not None or pickup.state is not PickupState.BOOKED:
        return pickup.crew_id == crew_id and pickup.state is not PickupState.CANCELLED
    return await Shift.exists(slot_id=pickup.slot_id, crew_id=crew_id)


def crews_of(merchant_id: UUID) -> "QuerySet[Crew]":
    """The crews of a recycler, closed ones included."""
    return Crew.filter(merchant_id=merchant_id)


async def crew_of(crew_id: UUID, merchant_id: UUID, *, locked: bool = False) -> Crew:
    """One crew of this recycler. Raises NoSuchCrewOfYours."""
    theirs = crews_of(merchant_id).filter(id=crew_id)
    crew = await (theirs.select_for_update() if locked else theirs).first()
    if crew is None:
        raise NoSuchCrewOfYours()
    return crew


async def hours_of(crew_id: UUID) -> Sequence[CrewHours]:
    """The week of a crew, by district, day and hour."""
    return await CrewHours.filter(crew_id=crew_id).order_by("district", "weekday", "begins")


def closures_of(region: str) -> "QuerySet[Closure]":
    """The closures of a region, those that were lifted included."""
    return Closure.filter(region=region)


async def occasion(pickup_id: UUID, resident_id: UUID, at: datetime) -> Occasion:
    """The coming of the crew, as something to be reminded of. Raises NoSuchPickup, NotBooked, NotNow."""
    found = await pickup(pickup_id, resident_id)
    if found.state is PickupState.CANCELLED:
        raise NotBooked()
    if found.state not in GOING_ON:
        raise NotNow(state=found.state, called=CALLED[found.state])
    return coming(found)


async def _slots_of(crew_id: UUID, begins: datetime, ends: datetime) -> list[UUID]:
    theirs = Shift.filter(crew_id=crew_id, slot__starts_at__gte=begins, slot__starts_at__lt=ends)
    return [shift.slot_id for shift in await theirs]


async def _one(pickups: "QuerySet[Pickup]", pickup_id: UUID) -> Pickup:
    found = await pickups.get_or_none(id=pickup_id)
    if found is None:
        raise NoSuchPickup()
    return found
