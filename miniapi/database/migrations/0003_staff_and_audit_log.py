import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0002_tickets")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditEvent",
            fields=[
                ("seq", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=80)),
                ("action", fields.CharField(max_length=48)),
                ("subject", fields.CharField(max_length=80)),
                ("reason", fields.CharField(null=True, max_length=500)),
                ("before", fields.TextField(null=True, unique=False)),
                ("after", fields.TextField(null=True, unique=False)),
                ("previous", fields.CharField(max_length=64)),
                ("hash", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_event",
                "app": "miniapi",
                "indexes": [Index(fields=["subject", "seq"]), Index(fields=["actor", "seq"])],
                "pk_attr": "seq",
                "table_description": "One act of one actor. Never edited: the service's database role may only add.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("username", fields.CharField(max_length=32)),
                (
                    "roles",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("password_hash", fields.CharField(max_length=200)),
                ("totp_sealed", fields.TextField(null=True, unique=False)),
                ("totp_last_step", fields.BigIntField(null=True)),
                ("failures", fields.SmallIntField(default=0)),
                ("locked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("demo", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "An account of the bureau. The password is kept as an Argon2 hash, the TOTP secret encrypted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffSession",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "miniapi.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_session",
                "app": "miniapi",
                "indexes": [Index(fields=["staff_id"])],
                "pk_attr": "id",
                "table_description": "A signed-in desk. Only the hash of its token is kept; it ends by the machine's time.",
            },
            bases=["Model"],
        ),
        AddConstraints(
            ("AuditEvent", UniqueConstraint(fields=("previous",), name="one_audit_event_after_each")),
            ("AuditEvent", UniqueConstraint(fields=("hash",), name="one_audit_event_per_hash")),
            ("AuditEvent", CheckConstraint(check="seq > 0", name="audit_counts_from_one")),
            (
                "AuditEvent",
                CheckConstraint(
                    check="previous ~ '^[0-9a-f]{64}$' AND hash ~ '^[0-9a-f]{64}$'", name="audit_hash_is_hex"
                ),
            ),
            (
                "AuditEvent",
                CheckConstraint(
                    check="actor ~ '^[a-z]+:.' AND subject ~ '^[a-z]+:.'", name="audit_names_both"
                ),
            ),
            ("Staff", UniqueConstraint(fields=("username",), name="one_account_per_username")),
            ("Staff", CheckConstraint(check="username ~ '^[a-z][a-z0-9._-]{1,31}$'", name="username_plain")),
            (
                "Staff",
                CheckConstraint(
                    check='jsonb_array_length(roles) > 0 AND roles <@ \'["bureau","reviewer","finance","auditor","support"]\'::jsonb',
                    name="staff_roles_known",
                ),
            ),
            (
                "Staff",
                CheckConstraint(
                    check='NOT roles @> \'["reviewer","finance"]\'::jsonb', name="who_reviews_does_not_pay"
                ),
            ),
            (
                "Staff",
                CheckConstraint(
                    check="NOT roles @> '[\"auditor\"]'::jsonb OR jsonb_array_length(roles) = 1",
                    name="who_audits_does_nothing_else",
                ),
            ),
            (
                "Staff",
                CheckConstraint(
                    check="demo OR totp_sealed IS NOT NULL", name="a_second_factor_for_everybody"
                ),
            ),
            ("Staff", CheckConstraint(check="failures >= 0", name="failures_counted")),
            ("StaffSession", UniqueConstraint(fields=("token_hash",), name="one_staff_session_per_token")),
            ("StaffSession", CheckConstraint(check="expires_at > created_at", name="staff_session_lasts")),
        ),
    ]
