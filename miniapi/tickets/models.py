"""Tickets: what a resident wrote to the staff, and what became of it."""

from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class TicketKind(StrEnum):
    """What somebody wants: that a wrong is looked into, or a person's help."""

    COMPLAINT = "complaint"
    HELP = "help"


class TicketState(StrEnum):
    """Whose turn it is: the staff's, the resident's, nobody's any more."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Ticket(Model):
    """One matter of one resident. The text is encrypted; the number is what people call it by."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(max_length=10)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="tickets"
    )
    kind = fields.CharEnumField(TicketKind, max_length=12)
    region = fields.CharField(max_length=32, null=True)
    text_sealed = fields.TextField()
    state = fields.CharEnumField(TicketState, max_length=12, default=TicketState.OPEN)
    opened_at = fields.DatetimeField()
    events: fields.ReverseRelation["TicketEvent"]

    class Meta:
        table = "ticket"
        indexes = (("resident_id", "opened_at"),)
        constraints = (
            UniqueConstraint(fields=("number",), name="one_ticket_per_number"),
            CheckConstraint(check="number ~ '^[0-9]{10}$'", name="ticket_number_is_ten_digits"),
            CheckConstraint(check="kind IN ('complaint','help')", name="ticket_kind_known"),
            CheckConstraint(check="state IN ('open','answered','closed')", name="ticket_state_known"),
        )


class TicketEvent(Model):
    """One thing that happened to a ticket. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "miniapi.Ticket", on_delete=fields.RESTRICT, related_name="events"
    )
    what = fields.CharField(max_length=16)
    at = fields.DatetimeField()

    class Meta:
        table = "ticket_event"
        indexes = (("ticket_id", "at"),)
        constraints = (
            CheckConstraint(
                check="what IN ('opened','answered','closed','reopened')", name="ticket_event_known"
            ),
        )
