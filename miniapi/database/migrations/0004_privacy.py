from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0003_staff_and_audit_log")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.CharField(max_length=16)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consent",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One resident agreed to one version of the privacy notice. Kept as evidence, also after leaving.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityKey",
            fields=[
                ("id", fields.SmallIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("key_sealed", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_key",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "The one key of all fingerprints: random, sealed with the installation's secret, never replaced.",
            },
            bases=["Model"],
        ),
        ops.RemoveConstraint(
            model_name="KeptAnswer",
            name="answered_whole",
            fields=None,
        ),
        ops.RenameField(
            model_name="KeptAnswer",
            old_name="answer",
            new_name="answer_sealed",
        ),
        AddConstraints(
            (
                "KeptAnswer",
                CheckConstraint(check="(status IS NULL) = (answer_sealed IS NULL)", name="answered_whole"),
            ),
        ),
        ops.RemoveConstraint(
            model_name="Resident",
            name="nothing_left_behind",
            fields=None,
        ),
        AddConstraints(
            (
                "Resident",
                CheckConstraint(
                    check="left_at IS NULL OR (phone_sealed IS NULL AND name_sealed IS NULL AND id_number_sealed IS NULL AND person_id IS NULL)",
                    name="nothing_left_behind",
                ),
            ),
            ("Consent", UniqueConstraint(fields=("resident_id", "version"), name="one_consent_per_version")),
            ("IdentityKey", CheckConstraint(check="id = 1", name="one_identity_key")),
        ),
    ]
