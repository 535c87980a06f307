"""Calls to WeChat as the database knows them: which are due, their keys, and how each ended."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi import metrics
from miniapi.database import sql
from miniapi.ids import new_ids
from miniapi.reminders import rules
from miniapi.reminders.models import NoticeState

log = logging.getLogger(__name__)

ANYTHING_DUE = """
    SELECT EXISTS (SELECT FROM notice WHERE state = 'owed' AND due_at <= $1)
        OR EXISTS (SELECT FROM notice WHERE state = 'sending' AND lease_until <= clock_timestamp()) AS due
"""
# a call was under way when its process died: nobody knows whether it was made
TAKE_UP = f"""
    WITH stuck AS (
        SELECT id, (kind = ANY($1::text[]) AND outcome IS NULL AND called_off_at IS NULL) AS again
        FROM notice WHERE state = 'sending' AND lease_until <= clock_timestamp()
        ORDER BY id FOR UPDATE SKIP LOCKED
    )
    UPDATE notice n SET
        state = CASE WHEN again THEN '{NoticeState.OWED}' ELSE '{NoticeState.UNKNOWN}' END,
        done_at = CASE WHEN again THEN NULL ELSE $2::timestamptz END, outcome = 'unknown', lease_until = NULL
    FROM stuck WHERE n.id = stuck.id RETURNING n.kind, n.state
"""  # noqa: S608  words of ours
PUT_OFF = """
    UPDATE notice SET due_at = $2, too_late_at = greatest(too_late_at, $3)
    WHERE state = 'owed' AND due_at <= $1 AND NOT asked_for
"""
# a crowd that has only just become due is in no statistics: all of it would be sorted for every few of it
IN_ORDER = "SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)"
# one of each person at a time: WeChat refuses a second meanwhile, and the first may use the last consent
DUE = """
    WITH due AS (
        SELECT id, resident_id, kind, fields_json, too_late_at, attempts, outcome, due_at
        FROM notice n
        WHERE state = 'owed' AND due_at <= $1 AND (asked_for OR $2)
          AND (retry_at IS NULL OR retry_at <= clock_timestamp())
          AND NOT EXISTS (
              SELECT FROM notice s WHERE s.state = 'sending' AND s.resident_id = n.resident_id
          )
        ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
    )
    SELECT due.*, due.outcome IS NOT NULL AS lost_before, r.openid, t.template_id,
           coalesce(g.remaining, 0) AS allowed,
           CASE WHEN $5 THEN (
               SELECT count(*) FROM notice o WHERE o.resident_id = due.resident_id
                 AND o.state IN ('sent', 'unknown') AND o.done_at >= $4
           ) END AS today
    FROM due JOIN resident r ON r.id = due.resident_id
        LEFT JOIN message_template t ON t.kind = due.kind
        LEFT JOIN grant_count g ON g.resident_id = due.resident_id AND g.template_id = t.template_id
    ORDER BY due.due_at
"""
KEEP_KEYS = f"""
    UPDATE notice n SET state = 'sending', attempts = attempts + 1, send_key = keyed.key, retry_at = NULL,
        lease_until = clock_timestamp() + interval '{rules.LEASE_SECONDS} seconds'
    FROM unnest($1::uuid[], $2::uuid[]) AS keyed (id, key) WHERE n.id = keyed.id
"""  # noqa: S608  a number of ours
KEEP_BACK = """
    UPDATE notice n SET state = kept.state, outcome = kept.outcome, done_at = $4, retry_at = NULL
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS kept (id, state, outcome)
    WHERE n.id = kept.id
"""
# notices first, then consents, as whoever erases both; nobody waits for the disk
SETTLE = f"""
    WITH settled AS (
        UPDATE notice n SET
            state = CASE WHEN again AND called_off_at IS NOT NULL THEN '{NoticeState.CANCELLED}'
                         ELSE ended.state END,
            done_at = CASE WHEN again THEN called_off_at ELSE $6::timestamptz END,
            retry_at = CASE WHEN again AND called_off_at IS NULL
                            THEN clock_timestamp() + ended.wait * interval '1 second' END,
            outcome = ended.outcome, lease_until = NULL
        FROM (
            SELECT *, state = '{NoticeState.OWED}' AS again
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::float8[])
                AS told (id, key, state, outcome, wait)
        ) ended
        WHERE n.id = ended.id AND n.send_key = ended.key AND n.state = 'sending'
        RETURNING n.id
    )
    UPDATE grant_count g SET remaining = CASE WHEN spent.every THEN 0 ELSE greatest(g.remaining - 1, 0) END
    FROM (SELECT count(*), set_config('synchronous_commit', 'off', true) FROM settled) AS before,
         unnest($7::uuid[], $8::text[], $9::bool[]) AS spent (resident_id, template_id, every)
    WHERE g.resident_id = spent.resident_id AND g.template_id = spent.template_id
"""  # noqa: S608  words of ours

Spent = Literal["nothing", "one", "every"]  # consent of the person for the template


@dataclass(frozen=True, slots=True)
class Call:
    """A call to WeChat that is to be made, and whose key is kept. `lost_before`: an earlier one may have
    arrived."""

    id: UUID
    key: UUID
    resident_id: UUID
    kind: str
    openid: str
    template_id: str
    fields: Mapping[str, str]
    attempt: int
    lost_before: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended: what becomes of the notice. `wait`: seconds until it is tried again.

    `away`: WeChat could not be asked at all.
    """

    call: Call
    state: NoticeState
    outcome: str | None
    spent: Spent = "nothing"
    wait: float | None = None
    away: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """Calls to be made now; `more`: there may be others that are due."""

    calls: Sequence[Call]
    more: bool


async def any_due(*, at: datetime) -> bool:
    """Whether a notice is due, or a call is stuck."""
    (found,) = await sql.rows(ANYTHING_DUE, at)
    return bool(found["due"])


async def put_off(until: datetime, *, at: datetime) -> None:
    """Let everything that is due and that nobody asked for at this time come later."""
    await sql.rows(PUT_OFF, at, until, until + rules.STILL_USEFUL_FOR)


async def settle(ended: Sequence[Ended], *, at: datetime) -> None:
    """Write down how calls ended. Nobody waits for the disk: what it loses was a call under way."""
    spent = [one for one in ended if one.spent != "nothing"]
    await sql.rows(
        SETTLE,
        [one.call.id for one in ended],
        [one.call.key for one in ended],
        [one.state for one in ended],
        [one.outcome for one in ended],
        [one.wait for one in ended],
        at,
        [one.call.resident_id for one in spent],
        [one.call.template_id for one in spent],
        [one.spent == "every" for one in spent],
    )
    _count((one.call.kind, one.outcome or "") for one in ended if one.state is not NoticeState.OWED)


async def take(room: int, most_a_day: int, *, at: datetime) -> Taken:
    """Take so many notices, and keep a key for each that can be sent; the others wait in the inbox."""
    is_loud = rules.quiet_until(at) is None
    async with in_transaction():
        await sql.rows(IN_ORDER)
        rows = await sql.rows(DUE, at, is_loud, room, rules.begin_of_day(at), most_a_day > 0)
        first = {row["resident_id"]: row for row in reversed(rows)}.values()  # one of each person
        because = {row["id"]: _why_not(row, most_a_day, at) for row in first}
        kept_back = [row for row in first if because[row["id"]]]
        if kept_back:
            await _keep_back(kept_back, because, at=at)
        taken = [row for row in first if not because[row["id"]]]
        calls = [_call(row, key) for row, key in zip(taken, new_ids(len(taken)), strict=True)]
        if calls:
            await sql.rows(KEEP_KEYS, [call.id for call in calls], [call.key for call in calls])
    return Taken(calls, more=len(rows) == room)


def _why_not(row: Mapping[str, Any], most_a_day: int, at: datetime) -> str | None:
    """Why a notice waits in the inbox instead, in a word; None where it can be sent."""
    if row["openid"] is None or row["template_id"] is None:
        return "not_sendable"
    if at >= row["too_late_at"]:
        return "too_late"
    if not row["allowed"]:
        return "no_grant"
    if most_a_day and row["today"] >= most_a_day:
        return "day_full"
    return None


def _call(row: Mapping[str, Any], key: UUID) -> Call:
    return Call(
        id=row["id"],
        key=key,
        resident_id=row["resident_id"],
        kind=row["kind"],
        openid=row["openid"],
        template_id=row["template_id"],
        fields=_fields(row["fields_json"]),
        attempt=row["attempts"] + 1,
        lost_before=row["lost_before"],
    )


@lru_cache(maxsize=256)  # thousands are told of one drop
def _fields(written: str) -> Mapping[str, str]:
    fields: Mapping[str, str] = json.loads(written)
    return fields


async def _keep_back(
    rows: Sequence[Mapping[str, Any]], because: Mapping[UUID, str | None], *, at: datetime
) -> None:
    """Let notices wait in the inbox; nobody knows of one whose earlier copy may have arrived."""
    state = {True: NoticeState.UNKNOWN, False: NoticeState.INBOX}
    outcomes = ["unknown" if row["lost_before"] else because[row["id"]] or "" for row in rows]
    states = [state[row["lost_before"]] for row in rows]
    await sql.rows(KEEP_BACK, [row["id"] for row in rows], states, outcomes, at)
    _count(zip((row["kind"] for row in rows), outcomes, strict=True))


def _count(ends: Iterable[tuple[str, str]]) -> None:
    for (kind, outcome), many in Counter(ends).items():
        metrics.notices_ended(kind, outcome, many)


async def take_up_stuck(*, at: datetime) -> None:
    """Look after calls that were under way when their process died."""
    again = [kind for kind, better in rules.SECOND_COPY_BETTER.items() if better]
    for row in await sql.rows(TAKE_UP, again, at):
        log.warning("a call was under way when its process died: a %s is %s now", row["kind"], row["state"])
