from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.merchants.models import LicenceKind, MerchantKind, Role
from miniapi.pickup.handover_models import Hand

# what was collected before licences were kept came into a crew's hands without one
COLLECTED_BEFORE = """
    INSERT INTO handover (id, pickup_id, hand, merchant_id, weight_grams, weight_off, action, done_at, at)
    SELECT gen_random_uuid(), p.id, 'crew', c.merchant_id, p.weight_grams, false, e.action,
           coalesce(e.done_at, e.at), e.at
    FROM pickup p JOIN crew c ON c.id = p.crew_id CROSS JOIN LATERAL (
        SELECT action, done_at, at FROM pickup_event
        WHERE pickup_id = p.id AND what IN ('collected', 'resolved') ORDER BY at DESC LIMIT 1
    ) e WHERE p.state = 'collected'
"""
IN_THEIR_ORDER = """
    ALTER TABLE handover ADD CONSTRAINT handover_from_the_hands_before
        FOREIGN KEY (pickup_id, previous) REFERENCES handover (pickup_id, hand)
"""
IN_ANY_ORDER = "ALTER TABLE handover DROP CONSTRAINT handover_from_the_hands_before"


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0010_replaced_serials")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Certificate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="certificates",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(max_length=26)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "certificate",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "The paper about the old things of one booking. What it tells is read from their hand-overs.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Handover",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="handovers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "hand",
                    fields.CharEnumField(
                        description="CREW: crew\nSTATION: station\nDISMANTLER: dismantler",
                        enum_type=Hand,
                        max_length=12,
                    ),
                ),
                (
                    "previous",
                    fields.CharEnumField(
                        null=True,
                        description="CREW: crew\nSTATION: station\nDISMANTLER: dismantler",
                        enum_type=Hand,
                        max_length=12,
                    ),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="handovers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("licence_number", fields.CharField(null=True, max_length=64)),
                ("licence_valid_until", fields.DateField(null=True)),
                ("weight_grams", fields.IntField()),
                ("weight_off", fields.BooleanField(default=False)),
                ("action", fields.UUIDField(null=True)),
                ("done_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "handover",
                "app": "miniapi",
                "indexes": [Index(fields=["merchant_id", "at"]), Index(fields=["weight_off", "at"])],
                "pk_attr": "id",
                "table_description": "What a booking's old things came into these hands with: its licence as it was then. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Licence",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="licences",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="RECYCLING: recycling\nDISMANTLING: dismantling",
                        enum_type=LicenceKind,
                        max_length=16,
                    ),
                ),
                ("number", fields.CharField(max_length=64)),
                ("valid_until", fields.DateField()),
                ("added_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence",
                "app": "miniapi",
                "indexes": [Index(fields=["merchant_id", "kind", "added_at"])],
                "pk_attr": "id",
                "table_description": "A permission of an enterprise as the bureau has seen it; of several the one put in last. Never edited.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Pickup", name="with_delivery", field=fields.BooleanField(default=False)),
        ops.RemoveConstraint(model_name="Member", name="role_known", fields=None),
        ops.AlterField(
            model_name="Member",
            name="role",
            field=fields.CharEnumField(
                description="CLERK: clerk\nCREW: crew\nSTATION: station\nDISMANTLER: dismantler",
                enum_type=Role,
                max_length=16,
            ),
        ),
        ops.RemoveConstraint(model_name="Merchant", name="merchant_kind_known", fields=None),
        ops.AlterField(
            model_name="Merchant",
            name="kind",
            field=fields.CharEnumField(
                description="SELLER: seller\nRECYCLER: recycler\nDISMANTLER: dismantler",
                enum_type=MerchantKind,
                max_length=16,
            ),
        ),
        ops.RunSQL(COLLECTED_BEFORE),
        AddConstraints(
            (
                "Member",
                CheckConstraint(check="role IN ('clerk','crew','station','dismantler')", name="role_known"),
            ),
            (
                "Merchant",
                CheckConstraint(
                    check="kind IN ('seller','recycler','dismantler')", name="merchant_kind_known"
                ),
            ),
            (
                "Certificate",
                UniqueConstraint(fields=("pickup_id",), name="one_certificate_per_pickup"),
            ),
            ("Certificate", UniqueConstraint(fields=("code",), name="one_certificate_per_code")),
            (
                "Certificate",
                CheckConstraint(check="code ~ '^[A-Z2-7]{26}$'", name="certificate_code_cannot_be_guessed"),
            ),
            ("Handover", UniqueConstraint(fields=("pickup_id", "hand"), name="one_handover_per_hand")),
            ("Handover", UniqueConstraint(fields=("action",), name="one_handover_per_action")),
            (
                "Handover",
                CheckConstraint(
                    check="previous IS NOT DISTINCT FROM CASE hand WHEN 'station' THEN 'crew' WHEN 'dismantler' THEN 'station' END AND hand IN ('crew','station','dismantler')",
                    name="hands_in_their_order",
                ),
            ),
            (
                "Handover",
                CheckConstraint(
                    check="(licence_number IS NULL) = (licence_valid_until IS NULL) AND (licence_number IS NOT NULL OR hand = 'crew')",
                    name="handover_with_a_licence",
                ),
            ),
            (
                "Handover",
                CheckConstraint(
                    check="(done_at AT TIME ZONE 'Asia/Shanghai')::date <= licence_valid_until",
                    name="licence_was_good",
                ),
            ),
            ("Handover", CheckConstraint(check="weight_grams > 0", name="handover_weighs")),
            ("Handover", CheckConstraint(check="done_at <= at", name="handed_over_before_heard")),
            (
                "Licence",
                CheckConstraint(check="kind IN ('recycling','dismantling')", name="licence_kind_known"),
            ),
        ),
        ops.RunSQL(IN_THEIR_ORDER, reverse_sql=IN_ANY_ORDER),
    ]
