"""Bookings for which nobody would come: their crew has nobody left in it, or no crew has accepted them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.merchants.models import Member
from miniapi.pickup import places
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.pickup.moves import Move
from miniapi.pickup.moving import SYSTEM, locked, make
from miniapi.pickup.telling import TOLD, tell, tell_managers
from miniapi.reminders.occasions import Occasion

LEFT_ALONE = """
    SELECT p.id FROM crew c JOIN pickup p ON p.crew_id = c.id JOIN slot s ON s.id = p.slot_id
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.crew_id = c.id)
      AND p.state IN ('assigned', 'on_the_way') AND s.ends_at > $1
    ORDER BY p.id LIMIT $2
"""
# crews that could still accept one, and the managers of all that come then, each once a slot
UNTAKEN = """
    SELECT told.slot_id, told.many, r.id AS who, told.key FROM (
        SELECT waiting.slot_id, waiting.many, who.id AS who,
            concat_ws(':', 'visit', $3::text, 'untaken', waiting.slot_id, who.id) AS key
        FROM (
            SELECT p.slot_id, count(*) AS many FROM slot s JOIN pickup p ON p.slot_id = s.id
            WHERE s.starts_at >= $1 AND s.starts_at < $2 AND p.state = 'booked' AND p.booked_at < $5
            GROUP BY p.slot_id
        ) waiting CROSS JOIN LATERAL (
            SELECT m.resident_id AS id FROM shift f JOIN member m ON m.crew_id = f.crew_id
            WHERE f.slot_id = waiting.slot_id AND f.taken < f.capacity
            UNION
            SELECT m.resident_id FROM shift f JOIN crew c ON c.id = f.crew_id
                JOIN member m ON m.merchant_id = c.merchant_id AND m.role = 'manager'
            WHERE f.slot_id = waiting.slot_id
        ) who
    ) told JOIN resident r ON r.id = told.who
    WHERE r.left_at IS NULL AND NOT EXISTS (SELECT FROM notice n WHERE n.dedupe_key = told.key)
    ORDER BY r.id, told.slot_id LIMIT $4 FOR SHARE OF r
"""
AT_ONCE = 200  # bookings looked at in one run


async def give_back_left_alone(*, at: datetime) -> int:
    """Let other crews accept what a crew had to do in which nobody is any more; how many bookings.

    Resident and managers are told. What is over already is missed in its time.
    """
    given_back = 0
    for row in await sql.rows(LEFT_ALONE, at, AT_ONCE):
        async with in_transaction():
            await places.enter()
            pickup = await locked(Pickup.filter(id=row["id"]))
            if await _is_left_alone(pickup):
                await _give_back(pickup, at=at)
                given_back += 1
    return given_back


def reminder(row: Mapping[str, Any], slot: Slot) -> Occasion:
    """How crews and managers are told that nobody has accepted bookings of this slot yet."""
    when = f"{slot.starts_at.astimezone(SHANGHAI):%m月%d日 %H:%M}"
    return Occasion(
        kind="pickup",
        subject=slot.id,
        at=slot.starts_at,
        about=f"{when} {slot.district}有 {row['many']} 个上门预约还没有小组接，请尽快接单",
        fields={
            "character_string1": f"x{row['many']}",
            "time2": slot.starts_at,
            "thing3": "还没有小组接的预约",
            "thing4": slot.district,
        },
    )


async def _is_left_alone(pickup: Pickup) -> bool:
    """Whether a locked booking still is a crew's in which nobody is."""
    with_it = pickup.state in {PickupState.ASSIGNED, PickupState.ON_THE_WAY}
    return with_it and not await Member.exists(crew_id=pickup.crew_id)


async def _give_back(pickup: Pickup, *, at: datetime) -> None:
    crew_id = pickup.crew_id
    event = await make(pickup, Move.GIVE_BACK, SYSTEM, at=at, crew_id=None)
    await tell(pickup, TOLD[Move.GIVE_BACK], key=f"{event.id}", at=at)
    await tell_managers(pickup, crew_id, "的小组里没有人了，请尽快另派小组", key=f"{event.id}", at=at)
    await places.give_shift_back(pickup.slot_id, crew_id)
