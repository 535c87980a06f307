"""Notices owed to people, and the consents (grants) to send them through WeChat."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class NoticeState(StrEnum):
    """Where a notice stands.

    `unknown`: a call was made and nobody knows whether it arrived; `inbox`: it could not be sent. Both can
    be read in the mini-program.
    """

    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    INBOX = "inbox"
    CANCELLED = "cancelled"


class Notice(Model):
    """One thing to tell one person at one time; written in the transaction that causes it.

    `send_key` names the last call to WeChat, and is kept before that call is made. `lease_until` and
    `retry_at` are the machine's time: until when a call can be under way, and when a failed one is made
    again. `called_off_at`: while the call was under way it was decided that there should be no other.
    """

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
    send_key = fields.UUIDField(null=True)
    lease_until = fields.DatetimeField(null=True)
    retry_at = fields.DatetimeField(null=True)
    called_off_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notice"
        # and one for `call_off`, which Tortoise cannot write: see the migration 0013_sending
        indexes = (
            Index(fields=("resident_id", "created_at")),
            PartialIndex(fields=("due_at",), name="notice_owed", condition={"state": "owed"}),
            PartialIndex(fields=("resident_id",), name="notice_sending", condition={"state": "sending"}),
        )
        constraints = (
            UniqueConstraint(fields=("dedupe_key",), name="one_notice_per_key"),
            CheckConstraint(
                check="(lease_until IS NOT NULL) = (state = 'sending')", name="leased_while_sending"
            ),
            CheckConstraint(check="too_late_at > due_at", name="notice_has_a_time"),
            CheckConstraint(
                check="state IN ('owed','sending','sent','unknown','inbox','cancelled')",
                name="notice_state_known",
            ),
            CheckConstraint(
                check="(done_at IS NOT NULL) = (state IN ('sent','unknown','inbox','cancelled'))",
                name="notice_done_once",
            ),
            CheckConstraint(check="state <> 'sending' OR send_key IS NOT NULL", name="keyed_before_the_call"),
            CheckConstraint(check="retry_at IS NULL OR state = 'owed'", name="tried_again_while_owed"),
        )


class Grant(Model):
    """How many messages of one template a person allows: one accept, one message."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="grants"
    )
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField()

    class Meta:
        table = "grant_count"
        constraints = (
            CheckConstraint(check="remaining >= 0", name="grants_not_overdrawn"),
            UniqueConstraint(fields=("resident_id", "template_id"), name="one_count_per_template"),
        )


class MessageTemplate(Model):
    """Which template of our account carries a kind of notice, as WeChat last said."""

    kind = fields.CharField(max_length=32, primary_key=True)
    template_id = fields.CharField(max_length=64)

    class Meta:
        table = "message_template"


class SeenPush(Model):
    """A push from WeChat that was taken in; the same one comes up to three times."""

    dedupe_key = fields.CharField(max_length=200, primary_key=True)
    seen_at = fields.DatetimeField()

    class Meta:
        table = "seen_push"
