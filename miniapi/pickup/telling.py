"""Telling a resident and a crew what becomes of a booking, in the transaction that decides it."""

from datetime import datetime
from uuid import UUID

from miniapi.database import sql
from miniapi.pickup.models import Pickup, Slot
from miniapi.pickup.moves import Move
from miniapi.reminders.actions import owe, owe_all
from miniapi.reminders.occasions import Occasion
from miniapi.reminders.rules import STANDS

# what its resident is told of a move, after the number of the booking
TOLD = {
    Move.ACCEPT: "已派单，师傅会按时上门",
    Move.GIVE_BACK: "的师傅来不了，正在另派师傅，时间不变",
    Move.SET_OUT: "的师傅出发了，请留人在家",
    Move.ARRIVE: "的师傅到了，请核对报价，出示回收码",
    Move.COLLECT: "已回收完成",
    Move.MISS_RESIDENT: "上门时没有人，请重新预约",
}
# locked as lightly as can be, so that nobody leaves meanwhile: who leaves takes the account for themselves
# at the very end, and then forgets once more what is owed to them
MEMBERS = """
    SELECT r.id FROM member m JOIN resident r ON r.id = m.resident_id
    WHERE m.crew_id = $1 AND r.left_at IS NULL ORDER BY r.id FOR KEY SHARE OF r
"""
MANAGERS = """
    SELECT r.id FROM crew c JOIN member m ON m.merchant_id = c.merchant_id AND m.role = 'manager'
        JOIN resident r ON r.id = m.resident_id
    WHERE c.id = $1 AND r.left_at IS NULL ORDER BY r.id FOR KEY SHARE OF r
"""


def word(pickup_id: UUID, number: str, slot: Slot, about: str, *, at: datetime) -> Occasion:
    """Something about a booking, as a message: number, time and district, no street and no name."""
    return Occasion(
        kind="pickup",
        subject=pickup_id,
        at=at,
        about=about,
        fields={
            "character_string1": number,
            "time2": slot.starts_at,
            "thing3": "预约时登记的旧家电",
            "thing4": slot.district,
        },
    )


def coming(pickup: Pickup) -> Occasion:
    """The coming of the crew, as something to be reminded of."""
    about = f"预约 {pickup.number} 上门回收"
    return word(pickup.id, pickup.number, pickup.slot, about, at=pickup.slot.starts_at)


async def tell(pickup: Pickup, about: str, *, key: str, at: datetime) -> None:
    """Tell the resident, once under this key."""
    told = word(pickup.id, pickup.number, pickup.slot, f"预约 {pickup.number} {about}", at=at)
    await owe(pickup.resident_id, told, key=f"pickup:{key}", at=at)


async def tell_crew(pickup: Pickup, crew_id: UUID | None, about: str, *, key: str, at: datetime) -> None:
    """Tell everybody of a crew, once under this key; nobody where no crew had accepted the booking.

    They hear of it whatever becomes of the booking later, which may be no longer theirs.
    """
    await _tell_all(MEMBERS, crew_id, pickup, about, key=key, at=at)


async def tell_managers(pickup: Pickup, crew_id: UUID | None, about: str, *, key: str, at: datetime) -> None:
    """Tell everybody who manages the recycler of a crew, as `tell_crew` tells the crew."""
    await _tell_all(MANAGERS, crew_id, pickup, about, key=key, at=at)


async def _tell_all(
    whom: str, crew_id: UUID | None, pickup: Pickup, about: str, *, key: str, at: datetime
) -> None:
    if crew_id is None:
        return
    told = word(pickup.id, pickup.number, pickup.slot, f"预约 {pickup.number} {about}", at=at)
    people = [row["id"] for row in await sql.rows(whom, crew_id)]
    await owe_all([(one, told, f"{STANDS}pickup:{key}:{one}") for one in people], at=at)
