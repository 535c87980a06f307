"""Decisions about slots and bookings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from miniapi.clock import SHANGHAI
from miniapi.pickup.models import Closure, CrewHours, Pickup, PickupState, Slot

BOOK_UNTIL = timedelta(hours=1)  # before the slot begins
CHANGE_UNTIL = timedelta(hours=2)
DAYS_AHEAD = 14
SLOT_HOURS = 2
HOLD_FOR = timedelta(minutes=15)
MOST_ACTIVE = 3  # bookings of one person that are still to come: going on, in a slot that is not over
MOST_CHANGES = 3  # of the time of one booking, by its resident
MOST_WRONG_CODES = 5
LATEST_WORD = timedelta(hours=24)  # so long a phone that was offline may tell later what was done
CLOCKS_OFF = timedelta(minutes=5)  # between a phone and us, either way: no reason to refuse what was done
SET_OUT_BEFORE = timedelta(hours=2)  # the slot begins: then nobody can change the booking any more
WAIT_FOR_RESIDENT = timedelta(minutes=15)  # after the slot has begun and the crew has arrived
MISSED_AFTER = timedelta(hours=2)  # after the end of a slot in which nobody set out
SHOWN_DAYS = 2  # today and tomorrow: whose doors a crew may know
MASKED_AFTER = timedelta(hours=1)  # after the slot's end
EVENING, MORNING = time(19), time(8)  # when people are reminded of tomorrow, and of today


@dataclass(frozen=True, slots=True)
class Planned:
    """What one crew offers in one slot."""

    region: str
    district: str
    starts_at: datetime
    ends_at: datetime
    crew_id: UUID
    capacity: int


def is_bookable(slot: Slot, at: datetime) -> bool:
    """Whether a crew can still be sent; without any capacity everybody of the slot is away."""
    return slot.capacity > 0 and at < slot.starts_at - BOOK_UNTIL


def change_until(slot: Slot) -> datetime:
    """Until when a booking in this slot can be changed or cancelled."""
    return (slot.starts_at - CHANGE_UNTIL).astimezone(SHANGHAI)


def missed_at(slot: Slot) -> datetime:
    """From when on a booking for which nobody set out counts as missed by the crew."""
    return (slot.ends_at + MISSED_AFTER).astimezone(SHANGHAI)


def last_word_until(slot: Slot) -> datetime:
    """Until when a crew may tell of a visit that it was under way: every phone could have told the end."""
    return (slot.ends_at + LATEST_WORD).astimezone(SHANGHAI)


def is_missed(pickup: Pickup, at: datetime) -> bool:
    """Whether nobody will come any more; where a crew set out, only when nobody can tell of it any more."""
    under_way = pickup.state in (PickupState.ON_THE_WAY, PickupState.ARRIVED)
    return at >= (last_word_until(pickup.slot) if under_way else missed_at(pickup.slot))


def may_set_out_from(slot: Slot) -> datetime:
    """From when on a crew may set out."""
    return (slot.starts_at - SET_OUT_BEFORE).astimezone(SHANGHAI)


def has_waited_from(slot: Slot, arrived_at: datetime) -> datetime:
    """From when on a crew at the door may say that nobody is there."""
    return (max(slot.starts_at, arrived_at) + WAIT_FOR_RESIDENT).astimezone(SHANGHAI)


def shown_days(at: datetime) -> tuple[datetime, datetime]:
    """The days a crew may see, today and tomorrow: from the first midnight until before the last."""
    midnight = datetime.combine(at.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    return midnight, midnight + timedelta(days=SHOWN_DAYS)


def laid_out_days(at: datetime) -> tuple[datetime, datetime]:
    """The days for which slots are laid out: from today's midnight until before the last."""
    midnight, _ = shown_days(at)
    return midnight, midnight + timedelta(days=DAYS_AHEAD + 1)


def may_see_door(pickup: Pickup, crew_id: UUID, at: datetime) -> bool:
    """Whether a crew may see street and phone: of its own bookings of today and tomorrow, not long after."""
    _, ends = shown_days(at)
    slot = pickup.slot
    return (
        pickup.crew_id == crew_id
        and pickup.state is not PickupState.CANCELLED
        and slot.starts_at < ends
        and at < slot.ends_at + MASKED_AFTER
    )


def laid_out(hours: Sequence[CrewHours], closures: Sequence[Closure], today: date) -> Iterator[Planned]:
    """What the crews offer in the next two weeks, today included; `hours` with their crews and merchants."""
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)):
        for one in hours:
            if one.weekday == day.weekday():
                yield from _open(_pieces(one, day), closures)


def is_closed(planned: Planned, closure: Closure) -> bool:
    """Whether a closure takes this away."""
    return (
        closure.region == planned.region
        and closure.district in (None, planned.district)
        and closure.crew_id in (None, planned.crew_id)
        and closure.starts_at < planned.ends_at
        and closure.ends_at > planned.starts_at
    )


def _open(pieces: Iterable[Planned], closures: Sequence[Closure]) -> Iterator[Planned]:
    return (one for one in pieces if not any(is_closed(one, closure) for closure in closures))


def _pieces(hours: CrewHours, day: date) -> Iterator[Planned]:
    """Hours of one day in slots of equal length; what is left over is too short to come."""
    midnight = datetime.combine(day, time(), SHANGHAI)
    for begins in range(hours.begins, hours.ends - SLOT_HOURS + 1, SLOT_HOURS):
        starts_at = midnight + timedelta(hours=begins)
        yield Planned(
            region=hours.crew.merchant.region,
            district=hours.district,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=SLOT_HOURS),
            crew_id=hours.crew.id,
            capacity=hours.capacity,
        )
