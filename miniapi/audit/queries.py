"""What can be asked of the audit log: its events, and whether the chain is whole."""

from collections.abc import AsyncIterator

import asyncpg
from tortoise.queryset import QuerySet

from miniapi.audit.models import AuditEvent
from miniapi.audit.rules import CHAINED, GENESIS, Link, break_between

ALL = f"SELECT {', '.join(CHAINED)}, hash FROM audit_event ORDER BY seq"  # noqa: S608  names of ours
AT_ONCE = 1000  # rows in memory, however long the log is


def events(*, actor: str | None, subject: str | None, action: str | None) -> "QuerySet[AuditEvent]":
    """The events of one actor, about one subject, of one kind; of all where it is None."""
    wanted = {"actor": actor, "subject": subject, "action": action}
    return AuditEvent.filter(**{name: value for name, value in wanted.items() if value is not None})


async def head() -> AuditEvent | None:
    """The newest event, where there is one. Whoever knows its number and hash notices a cut tail."""
    return await AuditEvent.all().order_by("-seq").first()


async def breaks(connection: asyncpg.Connection) -> AsyncIterator[str]:
    """Every place where the chain is broken, one line each, naming the event.

    Call it inside a transaction: it reads the log in one snapshot, a thousand rows at a time. A tail that
    was cut off cannot be seen from within; the anchors in the log of the scheduler and in backups show it.
    """
    last = Link(0, GENESIS)
    async for event in connection.cursor(ALL, prefetch=AT_ONCE):
        for trouble in break_between(last, event):
            yield f"audit event {event['seq']}: {trouble} (rule: the audit log is one unbroken chain)"
        last = Link(event["seq"], event["hash"])
