"""The JSON of the audit log."""

import json
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from miniapi.audit.models import AuditEvent
from miniapi.http.answers import Time, written
from miniapi.http.paging import NumberedPage

Name = Annotated[str, Field(min_length=1, max_length=80)]


class OfAuditLog(NumberedPage):
    """Which events are wanted: of an actor, about a subject, of a kind."""

    actor: Name | None = None
    subject: Name | None = None
    action: Annotated[str, Field(min_length=1, max_length=48)] | None = None


class AuditEventJson(TypedDict):
    """Who did what to what, by which request (a job has none); `hash` chains this event to `previous`."""

    seq: int
    at: Time
    actor: str
    action: str
    subject: str
    reason: str | None
    request: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous: str
    hash: str


def event_json(event: AuditEvent) -> AuditEventJson:
    """An event as the bureau and the auditor see it."""
    return {
        "seq": event.seq,
        "at": written(event.at),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "reason": event.reason,
        "request": event.request,
        "before": json.loads(event.before) if event.before else None,
        "after": json.loads(event.after) if event.after else None,
        "previous": event.previous,
        "hash": event.hash,
    }
