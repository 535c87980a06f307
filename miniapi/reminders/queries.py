"""What people can ask about their notices."""

from typing import Literal
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.reminders.models import Grant, Notice, NoticeState

Way = Literal["wechat", "inbox"]


def reminders_of(resident_id: UUID) -> "QuerySet[Notice]":
    """The reminders somebody asked for and may still get."""
    waiting = [NoticeState.OWED, NoticeState.SENDING]
    return Notice.filter(resident_id=resident_id, asked_for=True, state__in=waiting)


def inbox_of(resident_id: UUID) -> "QuerySet[Notice]":
    """What was owed and could not be sent."""
    return Notice.filter(resident_id=resident_id, state=NoticeState.INBOX)


async def delivery(notice: Notice) -> Way:
    """How a reminder will come as things stand: `wechat` while consents cover it, else `inbox`."""
    grant = await Grant.get_or_none(resident_id=notice.resident_id, kind=notice.kind)
    ahead = Notice.filter(
        resident_id=notice.resident_id, kind=notice.kind, state=NoticeState.OWED, due_at__lt=notice.due_at
    )
    return "wechat" if grant and grant.remaining > await ahead.count() else "inbox"
