"""From hand to hand: who took an old thing from whom, with which permission, and what it weighed."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id
from miniapi.merchants.models import Merchant
from miniapi.pickup.models import Pickup


class Hand(StrEnum):
    """Whose hands an old thing comes into, one after the other."""

    CREW = "crew"
    STATION = "station"
    DISMANTLER = "dismantler"


class Handover(Model):
    """What a booking's old things came into these hands with: its licence as it was then. Never edited.

    `previous` are the hands they came from, none where it was their owner. Without a licence is what was
    collected before licences were kept. `weight_off`: other than what the hands before had weighed.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="handovers"
    )
    pickup_id: UUID
    hand = fields.CharEnumField(Hand, max_length=12)
    previous = fields.CharEnumField(Hand, max_length=12, null=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="handovers"
    )
    merchant_id: UUID
    licence_number = fields.CharField(max_length=64, null=True)
    licence_valid_until = fields.DateField(null=True)
    weight_grams = fields.IntField()
    weight_off = fields.BooleanField(default=False)
    action = fields.UUIDField(null=True)
    done_at = fields.DatetimeField()
    at = fields.DatetimeField()

    class Meta:
        table = "handover"
        indexes = (("merchant_id", "at"), ("weight_off", "at"), ("at", "id"))
        constraints = (
            UniqueConstraint(fields=("pickup_id", "hand"), name="one_handover_per_hand"),
            UniqueConstraint(fields=("action",), name="one_handover_per_action"),
            # a foreign key of (pickup, previous) lets no hand be left out: see the migration
            CheckConstraint(
                check="previous IS NOT DISTINCT FROM CASE hand WHEN 'station' THEN 'crew'"
                " WHEN 'dismantler' THEN 'station' END AND hand IN ('crew','station','dismantler')",
                name="hands_in_their_order",
            ),
            CheckConstraint(
                check="(licence_number IS NULL) = (licence_valid_until IS NULL)"
                " AND (licence_number IS NOT NULL OR hand = 'crew')",
                name="handover_with_a_licence",
            ),
            CheckConstraint(
                check="(done_at AT TIME ZONE 'Asia/Shanghai')::date <= licence_valid_until",
                name="licence_was_good",
            ),
            CheckConstraint(check="weight_grams > 0", name="handover_weighs"),
            CheckConstraint(check="done_at <= at", name="handed_over_before_heard"),
        )
