"""Reminding people of vouchers that lapse soon, before it is too late to use them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.database import sql
from miniapi.reminders.actions import owe_all
from miniapi.reminders.occasions import Occasion

AT_ONCE = 1000  # vouchers in one transaction
BEFORE = (("last", timedelta(hours=3)), ("first", timedelta(days=2)))  # the shortest first
NOBODY = UUID(int=0)

# locked, so that nobody leaves and no voucher is used meanwhile; nothing twice, and nothing of a voucher
# that was claimed later than it would have come, nor what its owner has asked for themselves
LAPSING = """
    SELECT v.id, v.code, v.valid_until, v.resident_id, told.key
    FROM voucher v JOIN resident r ON r.id = v.resident_id
        CROSS JOIN LATERAL (SELECT concat_ws(':', 'expiry', $4::text, v.id, r.id) AS key) told
    WHERE v.state = 'issued' AND v.valid_until > $1 AND v.valid_until <= $2
      AND v.issued_at < v.valid_until - $3::interval AND r.left_at IS NULL
      AND (v.resident_id, v.id) > ($5, $6)
      AND NOT EXISTS (SELECT FROM notice n WHERE n.dedupe_key = told.key)
      AND NOT EXISTS (
          SELECT FROM notice n WHERE n.subject = v.id AND n.kind = 'voucher_expiry' AND n.asked_for
            AND n.due_at BETWEEN v.valid_until - $3::interval - interval '1 hour'
                AND v.valid_until - $3::interval / 2
            AND n.state <> 'cancelled'
      )
    ORDER BY v.resident_id, v.id LIMIT $7 FOR SHARE OF r, v
"""


def about_to_lapse(voucher_id: UUID, code: str, valid_until: datetime) -> Occasion:
    """The end of a voucher, as something to be reminded of."""
    return Occasion(
        kind="voucher_expiry",
        subject=voucher_id,
        at=valid_until,
        about=f"消费券 {code} 到期",
        fields={
            "thing1": f"消费券 {code}",
            "time2": valid_until,
            "thing3": "到期自动失效，请尽快使用",
        },
    )


async def remind(*, at: datetime) -> int:
    """Owe word of vouchers that lapse within two days, and again within three hours; how many words.

    Of both that are missed only the last is owed.
    """
    owed, begins = 0, at
    for name, before in BEFORE:
        owed += await _remind(begins, at + before, before, name, at=at)
        begins = at + before
    return owed


async def _remind(begins: datetime, ends: datetime, before: timedelta, name: str, *, at: datetime) -> int:
    owed, last = 0, (NOBODY, NOBODY)
    while True:
        async with in_transaction():
            rows = await sql.rows(LAPSING, begins, ends, before, name, *last, AT_ONCE)
            await owe_all([(row["resident_id"], _word(row), row["key"]) for row in rows], at=at)
        owed += len(rows)
        if len(rows) < AT_ONCE:
            return owed
        last = rows[-1]["resident_id"], rows[-1]["id"]


def _word(row: Mapping[str, Any]) -> Occasion:
    return about_to_lapse(row["id"], row["code"], row["valid_until"])
