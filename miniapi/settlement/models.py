"""Settlements: what was paid to a shop, and for which redemptions."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id
from miniapi.merchants.models import Merchant
from miniapi.programmes.models import Programme
from miniapi.redemption.models import Redemption
from miniapi.staff.models import Staff


class Settlement(Model):
    """One payment to one shop for the subsidies it advanced. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "miniapi.Programme", on_delete=fields.RESTRICT, related_name="settlements"
    )
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="settlements"
    )
    merchant_id: UUID
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "miniapi.Staff", on_delete=fields.RESTRICT, related_name="settlements"
    )
    staff_id: UUID
    amount_fen = fields.BigIntField()
    settled_at = fields.DatetimeField()
    lines: fields.ReverseRelation["SettlementLine"]

    class Meta:
        table = "settlement"
        indexes = (("merchant_id", "settled_at"),)
        constraints = (CheckConstraint(check="amount_fen > 0", name="settlement_pays_something"),)


class SettlementLine(Model):
    """One redemption of a settlement, and what was paid for it. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    settlement: fields.ForeignKeyRelation[Settlement] = fields.ForeignKeyField(
        "miniapi.Settlement", on_delete=fields.RESTRICT, related_name="lines"
    )
    redemption: fields.ForeignKeyRelation[Redemption] = fields.ForeignKeyField(
        "miniapi.Redemption", on_delete=fields.RESTRICT, related_name="settlement_lines"
    )
    redemption_id: UUID
    amount_fen = fields.BigIntField()

    class Meta:
        table = "settlement_line"
        indexes = (("settlement_id",),)
        constraints = (
            UniqueConstraint(fields=("redemption_id",), name="a_redemption_is_settled_once"),
            CheckConstraint(check="amount_fen > 0", name="line_pays_something"),
        )
