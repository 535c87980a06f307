"""Certificates: that old things were dismantled by somebody who may."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id
from miniapi.pickup.models import Pickup


class Certificate(Model):
    """The paper about the old things of one booking. What it tells is read from their hand-overs."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="certificates"
    )
    pickup_id: UUID
    code = fields.CharField(max_length=26)
    issued_at = fields.DatetimeField()

    class Meta:
        table = "certificate"
        constraints = (
            UniqueConstraint(fields=("pickup_id",), name="one_certificate_per_pickup"),
            UniqueConstraint(fields=("code",), name="one_certificate_per_code"),
            CheckConstraint(check="code ~ '^[A-Z2-7]{26}$'", name="certificate_code_cannot_be_guessed"),
        )
