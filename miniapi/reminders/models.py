"""Notices owed to people, and the consents (grants) to send them through WeChat."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class NoticeState(StrEnum):
    """Where a notice stands. `inbox`: it could not be sent and waits in the mini-program."""

    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    INBOX = "inbox"
    CANCELLED = "cancelled"


class Notice(Model):
    """One thing to tell one person at one time; written in the transaction that causes it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="notices"
    )
    resident_id: UUID
    kind = fields.CharField(max_length=32)
    subject = fields.UUIDField()
    dedupe_key = fields.CharField(max_length=120)
    asked_for = fields.BooleanField()
    about = fields.CharField(max_length=200)
    fields_json: dict[str, str] = fields.JSONField()
    due_at = fields.DatetimeField()
    too_late_at = fields.DatetimeField()
    state = fields.CharEnumField(NoticeState, max_length=12, default=NoticeState.OWED)
    attempts = fields.SmallIntField(default=0)
    lease_until = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notice"
        indexes = (("state", "due_at"), ("resident_id", "created_at"))
        constraints = (
            UniqueConstraint(fields=("dedupe_key",), name="one_notice_per_key"),
            CheckConstraint(
                check="state IN ('owed','sending','sent','inbox','cancelled')", name="notice_state_known"
            ),
            CheckConstraint(
                check="(done_at IS NOT NULL) = (state IN ('sent','inbox','cancelled'))",
                name="notice_done_once",
            ),
            CheckConstraint(
                check="(lease_until IS NOT NULL) = (state = 'sending')", name="leased_while_sending"
            ),
            CheckConstraint(check="too_late_at > due_at", name="notice_has_a_time"),
        )


class Grant(Model):
    """How many messages of one kind a person allows: one accept, one message."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="grants"
    )
    kind = fields.CharField(max_length=32)
    remaining = fields.IntField()

    class Meta:
        table = "grant_count"
        constraints = (
            UniqueConstraint(fields=("resident_id", "kind"), name="one_count_per_kind"),
            CheckConstraint(check="remaining >= 0", name="grants_not_overdrawn"),
        )


class SeenPush(Model):
    """A push from WeChat that was taken in; the same one comes up to three times."""

    dedupe_key = fields.CharField(max_length=200, primary_key=True)
    seen_at = fields.DatetimeField()

    class Meta:
        table = "seen_push"
