"""What time does to bookings: reminders the evening before and in the morning, and what nobody came for."""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.pickup import rules
from miniapi.pickup.models import Pickup, Slot
from miniapi.pickup.moves import MOVES, Actor, Move, is_allowed
from miniapi.pickup.moving import SYSTEM, locked, make
from miniapi.pickup.telling import tell, tell_crew, word
from miniapi.reminders.actions import owe_all
from miniapi.reminders.occasions import Occasion

AT_ONCE = 200  # bookings in one transaction

# residents and crews, locked so that nobody leaves meanwhile; nobody twice, nobody who has only just booked
TO_REMIND = """
    SELECT p.id, p.number, p.slot_id, r.id AS who, told.key
    FROM pickup p JOIN slot s ON s.id = p.slot_id
        JOIN resident r ON r.id = p.resident_id
            OR r.id IN (SELECT m.resident_id FROM member m WHERE m.crew_id = p.crew_id)
        CROSS JOIN LATERAL (
            SELECT concat_ws(':', 'visit', $3::text, p.id, extract(epoch FROM s.starts_at)::int8, r.id) AS key
        ) told
    WHERE s.starts_at >= $1 AND s.starts_at < $2 AND p.state IN ('booked', 'assigned')
      AND p.booked_at < $5 AND r.left_at IS NULL
      AND NOT EXISTS (SELECT FROM notice n WHERE n.dedupe_key = told.key)
    ORDER BY r.id, p.id LIMIT $4 FOR SHARE OF r
"""
MISSED = """
    SELECT p.id FROM pickup p JOIN slot s ON s.id = p.slot_id
    WHERE p.state = ANY($1::text[]) AND s.ends_at <= $2 ORDER BY p.id LIMIT $3
"""


async def remind(*, at: datetime) -> int:
    """Owe word of tomorrow's visits from the evening on, and of today's in the morning; how many words."""
    here = at.astimezone(SHANGHAI)
    today, _ = rules.shown_days(at)
    tomorrow = today + timedelta(days=1)
    owed = 0
    evening, morning = (datetime.combine(here, time, SHANGHAI) for time in (rules.EVENING, rules.MORNING))
    if at >= evening:
        owed += await _remind(tomorrow, tomorrow + timedelta(days=1), "evening", evening, at=at)
    if at >= morning:
        owed += await _remind(at, tomorrow, "morning", morning, at=at)
    return owed


async def end_missed(*, at: datetime) -> int:
    """Say of bookings for which nobody set out that their crew missed them; how many there were."""
    states = [state.value for state in MOVES[Move.MISS_CREW].before]
    ended = 0
    for row in await sql.rows(MISSED, states, at - rules.MISSED_AFTER, AT_ONCE):
        async with in_transaction():
            pickup = await locked(Pickup.filter(id=row["id"]))
            if not is_allowed(Move.MISS_CREW, pickup.state, Actor.SYSTEM) or at < rules.missed_at(
                pickup.slot
            ):
                continue  # the crew, or the resident, was faster
            event = await make(pickup, Move.MISS_CREW, SYSTEM, at=at)
            await tell(pickup, "没有人上门，非常抱歉，请改约别的时间", key=f"{event.id}", at=at)
            await tell_crew(pickup, pickup.crew_id, "过了时间没有上门", key=f"{event.id}", at=at)
            ended += 1
    return ended


async def _remind(
    begins: datetime, ends: datetime, occasion: str, booked_before: datetime, *, at: datetime
) -> int:
    owed = 0
    while True:
        async with in_transaction():
            rows = await sql.rows(TO_REMIND, begins, ends, occasion, AT_ONCE, booked_before)
            slots = {one.id: one for one in await Slot.filter(id__in={row["slot_id"] for row in rows})}
            words = [
                (row["who"], _reminder(row["id"], row["number"], slots[row["slot_id"]]), row["key"])
                for row in rows
            ]
            await owe_all(words, at=at)
        owed += len(rows)
        if len(rows) < AT_ONCE:
            return owed


def _reminder(pickup_id: UUID, number: str, slot: Slot) -> Occasion:
    when = f"{slot.starts_at.astimezone(SHANGHAI):%m月%d日 %H:%M}"
    return word(pickup_id, number, slot, f"预约 {number} {when} 上门回收，请留好时间", at=slot.starts_at)
