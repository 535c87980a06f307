"""Writing events down, in the transaction of the act they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from miniapi.audit.rules import CHAINED, GENESIS, Link, hash_of, written_down
from miniapi.database import sql
from miniapi.logs import request_id

LOCK = 0x61_75_64_69_74  # "audit": one event after the other
FIRST = Link(0, GENESIS)  # what the first event follows
HEAD = "SELECT seq, hash FROM audit_head($1)"
OWN = tuple(name for name in CHAINED if name != "at")  # what differs between events of one moment
CHAIN = f"""
    INSERT INTO audit_event ({", ".join(OWN)}, hash, at)
    SELECT *, $11 FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::text[], $8::text[], $9::text[], $10::text[])
"""  # noqa: S608  names of ours


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one actor. `request` is the request in which this was made; a job has none.

    `actor` and `subject` are `kind:key` (`staff:<id>`, `resident:<id>`, `operator:command`). No personal
    data may stand in any of it: the log is kept for ever.
    """

    actor: str
    action: str
    subject: str
    reason: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    request: str | None = field(default_factory=request_id.get)


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
    """Chain one event to the last. Call it inside the transaction of the act, as its last step."""
    await record_all([Event(actor, action, subject, reason, before, after)], at=at)


async def record_all(events: Sequence[Event], *, at: datetime) -> None:
    """Chain events to the last, in this order. Call it inside the transaction of their acts, as its end."""
    if events:
        await sql.write(recording(events, await last_link(), at=at))


async def last_link() -> Link:
    """The end of the chain, locked until the transaction ends: take every other lock before."""
    for head in await sql.rows(HEAD, LOCK):
        return Link(head["seq"], head["hash"])
    return FIRST


def recording(events: Sequence[Event], last: Link, *, at: datetime) -> Sequence[sql.Write]:
    """What `record_all` writes behind this end of the chain."""
    rows: list[list[Any]] = []
    for event in events:
        row = _row(event, last, at)
        last = Link(row["seq"], hash_of(row))
        rows.append([*(row[name] for name in OWN), last.hash])
    return [sql.Write(CHAIN, [*map(list, zip(*rows, strict=True)), at])]


def _row(event: Event, last: Link, at: datetime) -> dict[str, Any]:
    return {
        "seq": last.seq + 1,
        "at": at,
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "reason": event.reason,
        "request": event.request,
        "before": written_down(event.before),
        "after": written_down(event.after),
        "previous": last.hash,
    }
