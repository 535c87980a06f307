"""The JSON of what the staff see of notices."""

from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.reminders.models import Notice, NoticeState

Kind = Literal[
    "drop", "claimed", "voucher_expiry", "redeemed", "refunded", "pickup", "ticket", "report", "draw"
]
Outcome = Literal[
    "sent",
    "unknown",
    "failed",
    "refused",
    "cannot_send",
    "no_grant",
    "not_sendable",
    "too_late",
    "day_full",
]


class Wanted(Page):
    """Which notices: of a kind, in a state, that ended so, about a voucher, a booking, a drop or a ticket."""

    kind: Kind | None = None
    state: NoticeState | None = None
    outcome: Outcome | None = None
    subject: UUID | None = None


class StaffNoticeJson(TypedDict):
    """What became of a notice: how often it was tried, and how it ended; null while it has not."""

    id: Id
    kind: str
    subject: Id
    state: NoticeState
    outcome: str | None
    asked_for: bool
    attempts: int
    due_at: Time
    created_at: Time
    done_at: Time | None


def staff_notice_json(notice: Notice) -> StaffNoticeJson:
    """A notice as the staff see it: neither to whom nor its words."""
    return {
        "id": str(notice.id),
        "kind": notice.kind,
        "subject": str(notice.subject),
        "state": notice.state,
        "outcome": notice.outcome,
        "asked_for": notice.asked_for,
        "attempts": notice.attempts,
        "due_at": written(notice.due_at),
        "created_at": written(notice.created_at),
        "done_at": written(notice.done_at) if notice.done_at else None,
    }
