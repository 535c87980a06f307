"""Tickets: what a resident wrote to the staff, and what became of it."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id
from miniapi.staff.models import Staff, StaffRole
from miniapi.wechat.client import Verdict


class TicketKind(StrEnum):
    """What somebody wants: a wrong looked into, a person's help, a clause explained, an identity moved."""

    COMPLAINT = "complaint"
    HELP = "help"
    POLICY = "policy"
    IDENTITY = "identity"


class TicketState(StrEnum):
    """Whose turn it is: the staff's, the resident's, nobody's any more."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class TicketAct(StrEnum):
    """What can happen to a ticket."""

    OPENED = "opened"
    ANSWERED = "answered"
    REPLIED = "replied"
    FORWARDED = "forwarded"
    CLOSED = "closed"
    REOPENED = "reopened"


class Ticket(Model):
    """One matter of one resident. Words are encrypted, and gone when the resident has left.

    `role` is whose desk it lies on; a policy question names its clause (`region#clause`) and the unit
    that leads it. `session` names the conversation it came from. `changed_at` is since when it is in its
    state: how long an open one waits.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(max_length=10)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="tickets"
    )
    resident_id: UUID
    kind = fields.CharEnumField(TicketKind, max_length=12)
    region = fields.CharField(max_length=32, null=True)
    text_sealed = fields.TextField(null=True)
    role = fields.CharEnumField(StaffRole, max_length=16)
    clause = fields.CharField(max_length=64, null=True)
    unit = fields.CharField(max_length=100, null=True)
    session = fields.CharField(max_length=64, null=True)
    state = fields.CharEnumField(TicketState, max_length=12, default=TicketState.OPEN)
    opened_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    events: fields.ReverseRelation["TicketEvent"]

    class Meta:
        table = "ticket"
        indexes = (("resident_id", "opened_at"), ("state", "changed_at"))
        constraints = (
            UniqueConstraint(fields=("number",), name="one_ticket_per_number"),
            CheckConstraint(check="number ~ '^[0-9]{10}$'", name="ticket_number_is_ten_digits"),
            CheckConstraint(
                check="kind IN ('complaint','help','policy','identity')", name="ticket_kind_known"
            ),
            CheckConstraint(check="state IN ('open','answered','closed')", name="ticket_state_known"),
            CheckConstraint(
                check="role IN ('bureau','reviewer','finance','auditor','support')", name="ticket_role_known"
            ),
        )


class TicketEvent(Model):
    """One thing that happened to a ticket, with the words said: by the resident, or by staff in a role.

    `verdict` is what WeChat's check says of a resident's words; none yet, and it is to be asked.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "miniapi.Ticket", on_delete=fields.RESTRICT, related_name="events"
    )
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "miniapi.Staff", null=True, on_delete=fields.RESTRICT, related_name="ticket_events"
    )
    staff_id: UUID | None
    role = fields.CharEnumField(StaffRole, max_length=16, null=True)
    what = fields.CharField(max_length=16)
    text_sealed = fields.TextField(null=True)
    verdict = fields.CharEnumField(Verdict, max_length=12, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "ticket_event"
        indexes = (("ticket_id", "at"),)
        constraints = (
            CheckConstraint(
                check="what IN ('opened','answered','replied','forwarded','closed','reopened')",
                name="ticket_event_known",
            ),
            CheckConstraint(check="(staff_id IS NULL) = (role IS NULL)", name="staff_act_in_a_role"),
            CheckConstraint(
                check="verdict IS NULL OR verdict IN ('pass','review','risky','unchecked')",
                name="ticket_verdict_known",
            ),
        )
