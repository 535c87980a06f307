"""Programmes: the executable schemes of a region."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class Programme(Model):
    """One scheme of one region. Its figures come from the policy pack, its window stands here."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(max_length=64)
    region = fields.CharField(max_length=32)
    name = fields.CharField(max_length=100)
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    demo = fields.BooleanField(default=False)

    class Meta:
        table = "programme"
        constraints = (
            UniqueConstraint(fields=("code",), name="one_programme_per_code"),
            CheckConstraint(check="opens_at < closes_at", name="programme_lasts"),
        )
