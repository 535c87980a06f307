"""Staff accounts with their roles, and their sessions."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class StaffRole(StrEnum):
    """What somebody at the bureau may do."""

    BUREAU = "bureau"
    REVIEWER = "reviewer"
    FINANCE = "finance"
    AUDITOR = "auditor"
    SUPPORT = "support"


class Staff(Model):
    """An account of the bureau. The password is kept as an Argon2 hash, the TOTP secret encrypted.

    `failures` and `locked_until` go by the machine's time, like every limit of attempts.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    username = fields.CharField(max_length=32)
    roles: list[str] = fields.JSONField()
    password_hash = fields.CharField(max_length=200)
    totp_sealed = fields.TextField(null=True)
    totp_last_step = fields.BigIntField(null=True)
    failures = fields.SmallIntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    demo = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff"
        constraints = (
            UniqueConstraint(fields=("username",), name="one_account_per_username"),
            CheckConstraint(check="username ~ '^[a-z][a-z0-9._-]{1,31}$'", name="username_plain"),
            CheckConstraint(
                check="jsonb_array_length(roles) > 0"
                ' AND roles <@ \'["bureau","reviewer","finance","auditor","support"]\'::jsonb',
                name="staff_roles_known",
            ),
            CheckConstraint(
                check='NOT roles @> \'["reviewer","finance"]\'::jsonb', name="who_reviews_does_not_pay"
            ),
            CheckConstraint(
                check="NOT roles @> '[\"auditor\"]'::jsonb OR jsonb_array_length(roles) = 1",
                name="who_audits_does_nothing_else",
            ),
            CheckConstraint(check="demo OR totp_sealed IS NOT NULL", name="a_second_factor_for_everybody"),
            CheckConstraint(check="failures >= 0", name="failures_counted"),
        )


class StaffSession(Model):
    """A signed-in desk. Only the hash of its token is kept; it ends by the machine's time."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "miniapi.Staff", on_delete=fields.CASCADE, related_name="sessions"
    )
    staff_id: UUID
    token_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff_session"
        indexes = (("staff_id",),)
        constraints = (
            UniqueConstraint(fields=("token_hash",), name="one_staff_session_per_token"),
            CheckConstraint(check="expires_at > created_at", name="staff_session_lasts"),
        )
