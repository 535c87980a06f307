"""What people can ask about their notices, and the staff about everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.database import sql
from miniapi.reminders import rules
from miniapi.reminders.models import Notice, NoticeState

Way = Literal["wechat", "inbox"]
WAITING = (NoticeState.OWED, NoticeState.SENDING)

CONSENTS = """
    SELECT coalesce(sum(g.remaining), 0)::int AS many
    FROM message_template t JOIN grant_count g ON g.template_id = t.template_id
    WHERE t.kind = $1 AND g.resident_id = $2
"""
# of every kind how many messages somebody allows, and how many are owed to them already
STANDING = """
    SELECT t.kind, t.template_id, coalesce(max(g.remaining), 0) AS allowed, count(n.id) AS owed,
           min(n.due_at) AS next
    FROM message_template t
        LEFT JOIN grant_count g ON g.template_id = t.template_id AND g.resident_id = $1
        LEFT JOIN notice n ON n.resident_id = $1 AND n.kind = t.kind AND n.state IN ('owed', 'sending')
    GROUP BY t.kind, t.template_id ORDER BY next NULLS LAST, t.kind
"""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A template that somebody should be asked for: how many messages are owed, how many are allowed."""

    kind: str
    template_id: str
    owed: int
    allowed: int


def reminders_of(resident_id: UUID) -> "QuerySet[Notice]":
    """The reminders somebody asked for and may still get."""
    return Notice.filter(resident_id=resident_id, asked_for=True, called_off_at=None, state__in=WAITING)


def inbox_of(resident_id: UUID) -> "QuerySet[Notice]":
    """What was owed and could not be sent, and what may not have arrived."""
    return Notice.filter(resident_id=resident_id, state__in=[NoticeState.INBOX, NoticeState.UNKNOWN])


def notices(
    *, kind: str | None, state: NoticeState | None, outcome: str | None, subject: UUID | None
) -> "QuerySet[Notice]":
    """Everybody's notices of this kind, in this state, that ended so, about this; all where it is None."""
    wanted = {"kind": kind, "state": state, "outcome": outcome, "subject": subject}
    return Notice.filter(**{name: value for name, value in wanted.items() if value is not None})


async def delivery(notice: Notice) -> Way:
    """How a reminder will come as things stand: `wechat` while consents cover it, else `inbox`."""
    (consents,) = await sql.rows(CONSENTS, notice.kind, notice.resident_id)
    ahead = Notice.filter(
        resident_id=notice.resident_id, kind=notice.kind, state__in=WAITING, due_at__lt=notice.due_at
    )
    return "wechat" if consents["many"] > await ahead.count() else "inbox"


async def lacking(resident_id: UUID, moment: str | None) -> Sequence[Lacking]:
    """The templates to ask somebody for now, the most wanted first, as many as one dialog takes.

    What is owed and not allowed comes first, then what will be wanted after this moment.
    """
    standing = [
        Lacking(row["kind"], row["template_id"], row["owed"], row["allowed"])
        for row in await sql.rows(STANDING, resident_id)
    ]
    owed = [one for one in standing if one.allowed < one.owed]
    soon = rules.WANTED_AT.get(moment or "", ())
    wanted = [one for kind in soon for one in standing if one.kind == kind and one.allowed == one.owed]
    return [*owed, *wanted][: rules.MOST_ASKED_FOR]


async def knows_templates() -> bool:
    """Whether any process has ever learned which template is of which kind."""
    return bool(await sql.rows("SELECT FROM message_template LIMIT 1"))
