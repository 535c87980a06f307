"""Slots to book."""

from datetime import datetime, timedelta

from miniapi.pickup.models import Slot


async def a_slot(at: datetime, *, hours_ahead: int = 24, capacity: int = 3, district: str = "杨陵区") -> Slot:
    """Two hours in which a crew comes."""
    starts = at + timedelta(hours=hours_ahead)
    return await Slot.create(
        region="yangling",
        district=district,
        starts_at=starts,
        ends_at=starts + timedelta(hours=2),
        capacity=capacity,
    )
