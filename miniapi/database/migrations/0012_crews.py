from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.merchants.models import Role
from miniapi.pickup.models import Proof
from miniapi.pickup.photo_models import PhotoKind

# whoever acted for a recycler and went out with no crew kept its prices
MANAGERS = """
    UPDATE member SET role = 'manager' FROM merchant
    WHERE merchant.id = member.merchant_id AND merchant.kind = 'recycler'
      AND member.role = 'crew' AND member.crew_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0011_custody")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Invitation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "crew",
                    fields.ForeignKeyField(
                        "miniapi.Crew",
                        source_field="crew_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="invitations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code_hash", fields.CharField(max_length=64)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "invitation",
                "app": "miniapi",
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "Words that a manager hands to somebody, who joins a crew with them once; kept as a keyed hash.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Crew",
            options={
                "table": "crew",
                "app": "miniapi",
                "constraints": [UniqueConstraint(fields=("merchant_id", "name"), name="one_crew_per_name")],
                "pk_attr": "id",
                "table_description": "People of a recycler who come to the door together, until its manager closes it.",
            },
        ),
        ops.AddField(
            model_name="Crew",
            name="closed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RemoveConstraint(model_name="Member", name="role_known", fields=None),
        ops.AlterField(
            model_name="Member",
            name="role",
            field=fields.CharEnumField(
                description="CLERK: clerk\nCREW: crew\nMANAGER: manager\nSTATION: station\nDISMANTLER: dismantler",
                enum_type=Role,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="PickupEvent",
            name="proof",
            field=fields.CharEnumField(
                null=True, description="CODE: code\nSIGNATURE: signature", enum_type=Proof, max_length=12
            ),
        ),
        ops.RemoveConstraint(model_name="PickupPhoto", name="one_photo_per_place", fields=None),
        ops.AddField(
            model_name="PickupPhoto",
            name="kind",
            field=fields.CharEnumField(
                default=PhotoKind.GIVEN,
                description="GIVEN: given\nTAKEN: taken\nSIGNATURE: signature",
                enum_type=PhotoKind,
                max_length=12,
            ),
        ),
        AddConstraints(
            ("Invitation", UniqueConstraint(fields=("code_hash",), name="one_invitation_per_code")),
            (
                "Invitation",
                CheckConstraint(check="code_hash ~ '^[0-9a-f]{64}$'", name="invitation_hash_is_hex"),
            ),
            (
                "Member",
                CheckConstraint(
                    check="role IN ('clerk','crew','manager','station','dismantler')", name="role_known"
                ),
            ),
            (
                "PickupEvent",
                CheckConstraint(
                    check="proof IS NULL OR (what = 'collected' AND proof IN ('code','signature'))",
                    name="pickup_proof_known",
                ),
            ),
            (
                "PickupPhoto",
                UniqueConstraint(fields=("pickup_id", "kind", "place"), name="one_photo_per_place"),
            ),
            (
                "PickupPhoto",
                CheckConstraint(check="kind IN ('given','taken','signature')", name="photo_kind_known"),
            ),
            (
                "PickupPhoto",
                CheckConstraint(check="kind <> 'signature' OR place = 1", name="one_signature_a_pickup"),
            ),
        ),
        ops.RunSQL(MANAGERS),
    ]
