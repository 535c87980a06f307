"""Programmes: the executable schemes of a region."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class Programme(Model):
    """One scheme of one region. Its figures come from the policy pack, what the bureau decides stands here.

    `province_fen` is the province's grant, null while it is not known. A freeze stops claims or redemptions
    at once and says why; `opened_because` is why the bureau opened it with fewer enterprises than required.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(max_length=64)
    region = fields.CharField(max_length=32)
    name = fields.CharField(max_length=100)
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    province_fen = fields.BigIntField(null=True)
    claims_frozen_because = fields.CharField(max_length=200, null=True)
    redemptions_frozen_because = fields.CharField(max_length=200, null=True)
    opened_because = fields.CharField(max_length=200, null=True)
    demo = fields.BooleanField(default=False)

    class Meta:
        table = "programme"
        constraints = (
            UniqueConstraint(fields=("code",), name="one_programme_per_code"),
            CheckConstraint(check="opens_at < closes_at", name="programme_lasts"),
            CheckConstraint(check="province_fen >= 0", name="grant_is_a_sum"),
        )
