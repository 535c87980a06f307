"""What happened to redemptions, one thing after the other."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from miniapi.database import sql
from miniapi.vouchers.queries import just_after

LAST = """
    SELECT max(at) AS at FROM (
        SELECT at FROM redemption_event WHERE redemption_id = ANY($1::uuid[])
        UNION ALL
        SELECT e.at FROM voucher_event e JOIN redemption r ON r.voucher_id = e.voucher_id
        WHERE r.id = ANY($1::uuid[])
    ) told
"""


async def no_earlier(at: datetime, redemption_ids: Collection[UUID]) -> datetime:
    """This time, or just after the last thing that happened to these redemptions and their vouchers.

    They are locked: while we waited for them another process, its clock a moment ahead, may have been faster.
    """
    last: datetime | None = (await sql.rows(LAST, list(redemption_ids)))[0]["at"]
    return just_after(last, at)
