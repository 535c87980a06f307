"""The JSON of reminders and the inbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body, Query
from miniapi.reminders import rules
from miniapi.reminders.models import Notice
from miniapi.reminders.queries import Lacking, Way
from miniapi.wechat.templates import TEMPLATES

TemplateId = Annotated[str, Field(min_length=1, max_length=64)]


class AskReminder(Body):
    """What to be reminded of, and when: so many minutes before, or at 20:00 on the day before."""

    kind: Literal["drop", "pickup", "voucher_expiry"]
    drop: UUID | None = None
    pickup: UUID | None = None
    voucher: UUID | None = None
    minutes_before: Annotated[int, Field(ge=1, le=10080)] = 10
    evening_before: bool = False
    template_ids: Annotated[list[TemplateId], Field(max_length=5, default_factory=list)]

    @model_validator(mode="after")
    def names_its_subject(self) -> "AskReminder":
        """Exactly the subject of its kind must be given."""
        given = {name for name in ("drop", "pickup", "voucher") if getattr(self, name) is not None}
        if given != {self.subject_field}:
            raise ValueError(f"kind 为 {self.kind} 时必须且只能填 {self.subject_field}")
        return self

    @model_validator(mode="after")
    def comes_at_one_time(self) -> "AskReminder":
        """The evening of the day before and so many minutes before are two reminders."""
        if self.evening_before and "minutes_before" in self.model_fields_set:
            raise ValueError("evening_before 和 minutes_before 只能填一个；想要两条提醒请约两次")
        return self

    def minutes(self, occasion_at: datetime) -> int:
        """How many minutes before its occasion it is to come."""
        return rules.minutes_from_evening(occasion_at) if self.evening_before else self.minutes_before

    @property
    def subject_field(self) -> str:
        """Which field names the subject of this kind."""
        return "voucher" if self.kind == "voucher_expiry" else self.kind

    @property
    def subject(self) -> UUID:
        """What it is about."""
        found: UUID = getattr(self, self.subject_field)
        return found


class Moment(Query):
    """At which moment a page asks: a drop is looked at, a voucher claimed or shown, a visit booked, a ticket
    opened."""

    moment: Literal["drop", "claim", "counter", "pickup", "ticket"] | None = None


class TemplateJson(TypedDict):
    """A template to ask somebody for: what it is for, how many messages are owed and how many allowed."""

    template_id: str
    kind: str
    title: str
    owed: int
    allowed: int


class TemplatesJson(TypedDict):
    """What one `wx.requestSubscribeMessage` should ask for now; empty: nothing."""

    items: list[TemplateJson]


class ReminderJson(TypedDict):
    """A reminder: what it is about, when it comes, and which way as things stand.

    `paused`: what it is about does not take place as things stand, `because`; the reminder comes when it goes
    on, unless it is too late then.
    """

    id: Id
    kind: str
    subject: Id
    about: str
    at: Time
    delivery: Way
    state: Literal["planned", "paused"]
    because: str | None


class InboxJson(TypedDict):
    """What was owed and could not be sent; `fields` are the message's, by WeChat's names."""

    id: Id
    kind: str
    subject: Id
    about: str
    fields: dict[str, str]
    at: Time


def reminder_json(notice: Notice, delivery: Way, paused: str | None) -> ReminderJson:
    """A reminder as the person who asked for it sees it; `paused` says why it does not come for now."""
    return {
        "id": str(notice.id),
        "kind": notice.kind,
        "subject": str(notice.subject),
        "about": notice.about,
        "at": written(notice.due_at),
        "delivery": delivery,
        "state": "planned" if paused is None else "paused",
        "because": paused,
    }


def templates_json(lacking: Sequence[Lacking]) -> TemplatesJson:
    """The templates to ask for, by the names that people read in the dialog."""
    return {
        "items": [
            {
                "template_id": one.template_id,
                "kind": one.kind,
                "title": TEMPLATES[one.kind].title,
                "owed": one.owed,
                "allowed": one.allowed,
            }
            for one in lacking
        ]
    }


def inbox_json(notice: Notice) -> InboxJson:
    """A notice that waits in the mini-program."""
    return {
        "id": str(notice.id),
        "kind": notice.kind,
        "subject": str(notice.subject),
        "about": notice.about,
        "fields": notice.fields_json,
        "at": written(notice.due_at),
    }
