"""What time does to bookings: reminders the evening before and in the morning, and what nobody came for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tortoise.transactions import in_transaction

from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.pickup import rules, untaken
from miniapi.pickup.models import Pickup, Slot
from miniapi.pickup.moves import Actor, Move, is_allowed
from miniapi.pickup.moving import SYSTEM, locked, make
from miniapi.pickup.telling import tell, tell_crew, word
from miniapi.reminders.actions import owe_all
from miniapi.reminders.occasions import Occasion
from miniapi.reminders.rules import STILL_USEFUL_FOR

AT_ONCE = 200  # bookings in one transaction

# residents and crews, locked so that nobody leaves meanwhile; nobody twice, nobody who has only just booked
TO_REMIND = """
    SELECT told.id, told.number, told.slot_id, r.id AS who, told.key FROM (
        SELECT p.id, p.number, p.slot_id, who.id AS who,
            concat_ws(':', 'visit', $3::text, p.id, extract(epoch FROM s.starts_at)::int8, who.id) AS key
        FROM slot s JOIN pickup p ON p.slot_id = s.id CROSS JOIN LATERAL (
            SELECT p.resident_id AS id
            UNION SELECT m.resident_id FROM member m WHERE m.crew_id = p.crew_id
        ) who
        WHERE s.starts_at >= $1 AND s.starts_at < $2 AND p.state IN ('booked', 'assigned')
          AND p.booked_at < $5
    ) told JOIN resident r ON r.id = told.who
    WHERE r.left_at IS NULL AND NOT EXISTS (SELECT FROM notice n WHERE n.dedupe_key = told.key)
    ORDER BY r.id, told.id LIMIT $4 FOR SHARE OF r
"""
# the first line about states is the index's: what is to come, not what ever was; `rules.is_missed` decides
MISSED = """
    SELECT p.id FROM pickup p JOIN slot s ON s.id = p.slot_id
    WHERE p.state IN ('booked', 'assigned', 'on_the_way', 'arrived')
      AND s.ends_at <= CASE WHEN p.state IN ('booked', 'assigned') THEN $1 ELSE $2::timestamptz END
    ORDER BY s.ends_at, p.id LIMIT $3
"""


async def remind(*, at: datetime) -> int:
    """Owe word of tomorrow's visits from the evening on, and of today's in the morning; how many words.

    Crews and their managers hear of those, too, that no crew has accepted.
    """
    here = at.astimezone(SHANGHAI)
    today, _ = rules.shown_days(at)
    tomorrow = today + timedelta(days=1)
    owed = 0
    evening, morning = (datetime.combine(here, time, SHANGHAI) for time in (rules.EVENING, rules.MORNING))
    if at >= evening:
        owed += await _remind(tomorrow, tomorrow + timedelta(days=1), "evening", evening, at=at)
    if at >= morning:
        # one that begins as the morning does is still worth a word a moment later
        owed += await _remind(at - STILL_USEFUL_FOR, tomorrow, "morning", morning, at=at)
    return owed


async def end_missed(*, at: datetime) -> int:
    """Say of bookings that nobody came for, or nobody ended, that their crew missed them; how many."""
    ended = 0
    for row in await sql.rows(MISSED, at - rules.MISSED_AFTER, at - rules.LATEST_WORD, AT_ONCE):
        async with in_transaction():
            pickup = await locked(Pickup.filter(id=row["id"]))
            allowed = is_allowed(Move.MISS_CREW, pickup.state, Actor.SYSTEM)
            if allowed and rules.is_missed(pickup, at):  # nobody was faster
                await miss(pickup, at=at)
                ended += 1
    return ended


async def miss(pickup: Pickup, *, at: datetime) -> None:
    """Say of a locked booking that its crew missed it; resident and crew are told."""
    event = await make(pickup, Move.MISS_CREW, SYSTEM, at=at)
    await tell(pickup, "没有人上门，非常抱歉，请改约别的时间", key=f"{event.id}", at=at)
    await tell_crew(pickup, pickup.crew_id, "过了时间没有上门", key=f"{event.id}", at=at)


async def _remind(
    begins: datetime, ends: datetime, occasion: str, booked_before: datetime, *, at: datetime
) -> int:
    owed = 0
    for asked, reminder in ((TO_REMIND, _reminder), (untaken.UNTAKEN, untaken.reminder)):
        more = True
        while more:
            async with in_transaction():
                rows = await sql.rows(asked, begins, ends, occasion, AT_ONCE, booked_before)
                slots = {one.id: one for one in await Slot.filter(id__in={row["slot_id"] for row in rows})}
                words = [(row["who"], reminder(row, slots[row["slot_id"]]), row["key"]) for row in rows]
                await owe_all(words, at=at)
            owed += len(rows)
            more = len(rows) == AT_ONCE
    return owed


def _reminder(row: Mapping[str, Any], slot: Slot) -> Occasion:
    number, when = row["number"], f"{slot.starts_at.astimezone(SHANGHAI):%m月%d日 %H:%M}"
    return word(row["id"], number, slot, f"预约 {number} {when} 上门回收，请留好时间", at=slot.starts_at)
