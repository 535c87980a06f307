from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.wechat.client import Verdict


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0013_sending")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PushInHand",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="pushes_in_hand",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("content_sealed", fields.TextField(unique=False)),
                ("came_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=1)),
                ("taken_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "push_in_hand",
                "app": "miniapi",
                "indexes": [Index(fields=["taken_until"]), Index(fields=["resident_id"])],
                "pk_attr": "id",
                "table_description": "What somebody said or did in the customer-service session, until it is answered.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SessionKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="session_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key_sealed", fields.TextField(unique=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "session_key",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "The key under which WeChat seals what it hands to a person's page: the one of their last login.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WeChatToken",
            fields=[
                ("appid", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("token_sealed", fields.TextField(null=True, unique=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("fetching_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("forced_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("forced_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("forced", fields.SmallIntField(default=0)),
            ],
            options={
                "table": "wechat_token",
                "app": "miniapi",
                "pk_attr": "appid",
                "table_description": "The access token of a mini-program; all times are the machine's, of the database's host.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="TicketEvent",
            name="verdict",
            field=fields.CharEnumField(
                null=True,
                description="PASS: pass\nREVIEW: review\nRISKY: risky\nUNCHECKED: unchecked",
                enum_type=Verdict,
                max_length=12,
            ),
        ),
        AddConstraints(
            ("PushInHand", CheckConstraint(check="attempts > 0", name="push_was_tried")),
            (
                "SessionKey",
                UniqueConstraint(fields=("resident_id",), name="one_session_key_per_resident"),
            ),
            (
                "WeChatToken",
                CheckConstraint(
                    check="(token_sealed IS NULL) = (expires_at IS NULL)", name="wechat_token_expires"
                ),
            ),
            (
                "WeChatToken",
                CheckConstraint(check="forced BETWEEN 0 AND 20", name="forced_twenty_times_a_day"),
            ),
            (
                "TicketEvent",
                CheckConstraint(
                    check="verdict IS NULL OR verdict IN ('pass','review','risky','unchecked')",
                    name="ticket_verdict_known",
                ),
            ),
        ),
    ]
