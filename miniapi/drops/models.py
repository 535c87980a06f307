"""Drops: the times at which a number of vouchers can be claimed."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id
from miniapi.programmes.models import Programme


class DropState(StrEnum):
    """How a drop stands at a time."""

    PLANNED = "planned"
    OPEN = "open"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"
    FROZEN = "frozen"


class Drop(Model):
    """One drop. Every voucher of it is valid until `valid_until`, whenever it was claimed."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "miniapi.Programme", on_delete=fields.RESTRICT, related_name="drops"
    )
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    quota = fields.IntField()
    issued = fields.IntField(default=0)
    frozen_because = fields.CharField(max_length=200, null=True)
    announced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "drop"
        constraints = (
            UniqueConstraint(fields=("programme_id", "opens_at"), name="one_drop_per_time"),
            CheckConstraint(check="quota > 0", name="drop_has_a_quota"),
            CheckConstraint(check="issued BETWEEN 0 AND quota", name="never_more_than_the_quota"),
            CheckConstraint(check="opens_at < closes_at", name="drop_lasts"),
            CheckConstraint(check="valid_until > opens_at", name="voucher_has_a_validity"),
        )

    @property
    def remaining(self) -> int:
        """How many vouchers are left."""
        return self.quota - self.issued

    def state(self, at: datetime) -> DropState:
        """How the drop stands: a question to the clock, never to a job."""
        if at >= self.closes_at:
            return DropState.CLOSED
        if self.frozen_because is not None:
            return DropState.FROZEN
        if at < self.opens_at:
            return DropState.PLANNED
        return DropState.OPEN if self.remaining else DropState.SOLD_OUT
