"""Writing an event down, in the transaction of the act it tells of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from miniapi.audit.models import AuditEvent
from miniapi.audit.rules import GENESIS, hash_of, written_down
from miniapi.database import sql

LOCK = 0x61_75_64_69_74  # "audit": one event after the other


async def record(
    actor: str,
    action: str,
    subject: str,
    *,
    at: datetime,
    reason: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Chain one event to the last. Call it inside the transaction of the act, as its last step.

    `actor` and `subject` are `kind:key` (`staff:<id>`, `resident:<id>`, `operator:command`). No personal
    data may stand in any of it: the log is kept for ever.
    """
    await sql.rows("SELECT pg_advisory_xact_lock($1)", LOCK)
    last = await AuditEvent.all().order_by("-seq").first()
    event: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "reason": reason,
        "before": written_down(before),
        "after": written_down(after),
        "previous": last.hash if last else GENESIS,
    }
    await AuditEvent.create(**event, hash=hash_of(event))
