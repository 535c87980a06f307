"""Holding reminders back while what they call people to does not take place."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from miniapi.database import sql
from miniapi.reminders import rules

# until it is let go, in the machine's time: nothing else waits for a minute
HOLD_BACK = """
    WITH held AS (
        UPDATE notice SET retry_at = clock_timestamp() + interval '1 day' WHERE id IN (
            SELECT id FROM notice
            WHERE kind = 'drop' AND state = 'owed' AND subject = ANY($1::uuid[])
              AND due_at <= $2 AND too_late_at > $3
              AND (retry_at IS NULL OR retry_at < clock_timestamp() + interval '1 hour')
            FOR UPDATE SKIP LOCKED
        ) RETURNING id
    )
    SELECT count(*) AS many FROM held
"""
LET_GO = """
    UPDATE notice SET retry_at = NULL WHERE id IN (
        SELECT id FROM notice
        WHERE kind = 'drop' AND state = 'owed' AND due_at <= $2
          AND retry_at > clock_timestamp() + interval '1 minute'
          AND (subject <> ALL($1::uuid[]) OR too_late_at <= $3)
        FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""


async def hold_back(paused: Sequence[UUID], *, at: datetime) -> int:
    """Let no reminder of these drops go out while they are paused; how many were held back now.

    Those of drops that go on come at their time, or late, while they are of any use. To be called again and
    again: what is just being sent is looked at the next time.
    """
    until = at + rules.HOLD_AHEAD
    await sql.rows(LET_GO, paused, until, at)
    if not paused:
        return 0
    (held_back,) = await sql.rows(HOLD_BACK, paused, until, at)
    return int(held_back["many"])
