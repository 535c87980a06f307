"""Decisions about slots and bookings."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from miniapi.clock import SHANGHAI
from miniapi.pickup.models import Slot, SlotPattern

BOOK_UNTIL = timedelta(hours=1)  # before the slot begins
CHANGE_UNTIL = timedelta(hours=2)
DAYS_AHEAD = 14


def is_bookable(slot: Slot, at: datetime) -> bool:
    """Whether a crew can still be sent."""
    return at < slot.starts_at - BOOK_UNTIL


def change_until(slot: Slot) -> datetime:
    """Until when a booking in this slot can be changed or cancelled."""
    return (slot.starts_at - CHANGE_UNTIL).astimezone(SHANGHAI)


def laid_out(patterns: Sequence[SlotPattern], today: date) -> Iterator[Slot]:
    """The slots of the next two weeks, today's included."""
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)):
        midnight = datetime.combine(day, time(), SHANGHAI)
        for pattern in patterns:
            yield Slot(
                region=pattern.region,
                district=pattern.district,
                starts_at=midnight + timedelta(hours=pattern.begins),
                ends_at=midnight + timedelta(hours=pattern.ends),
                capacity=pattern.capacity,
            )
