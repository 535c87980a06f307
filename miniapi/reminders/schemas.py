"""The JSON of reminders and the inbox."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body
from miniapi.reminders.models import Notice
from miniapi.reminders.queries import Way

TemplateId = Annotated[str, Field(min_length=1, max_length=64)]


class AskReminder(Body):
    """What to be reminded of, and how many minutes before."""

    kind: Literal["drop", "pickup", "voucher_expiry"]
    drop: UUID | None = None
    pickup: UUID | None = None
    voucher: UUID | None = None
    minutes_before: Annotated[int, Field(ge=1, le=10080)] = 10
    template_ids: Annotated[list[TemplateId], Field(max_length=5, default_factory=list)]

    @model_validator(mode="after")
    def names_its_subject(self) -> "AskReminder":
        """Exactly the subject of its kind must be given."""
        given = {name for name in ("drop", "pickup", "voucher") if getattr(self, name) is not None}
        if given != {self.subject_field}:
            raise ValueError(f"kind 为 {self.kind} 时必须且只能填 {self.subject_field}")
        return self

    @property
    def subject_field(self) -> str:
        """Which field names the subject of this kind."""
        return "voucher" if self.kind == "voucher_expiry" else self.kind

    @property
    def subject(self) -> UUID:
        """What it is about."""
        found: UUID = getattr(self, self.subject_field)
        return found


class ReminderJson(TypedDict):
    """A reminder: what it is about, when it comes, and which way as things stand."""

    id: Id
    kind: str
    subject: Id
    about: str
    at: Time
    delivery: Way


class InboxJson(TypedDict):
    """What was owed and could not be sent; `fields` are the message's, by WeChat's names."""

    id: Id
    kind: str
    subject: Id
    about: str
    fields: dict[str, str]
    at: Time


def reminder_json(notice: Notice, delivery: Way) -> ReminderJson:
    """A reminder as the person who asked for it sees it."""
    return {
        "id": str(notice.id),
        "kind": notice.kind,
        "subject": str(notice.subject),
        "about": notice.about,
        "at": written(notice.due_at),
        "delivery": delivery,
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
