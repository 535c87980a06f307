"""Answers kept, and sealed, for a caller who repeats a request with the same Idempotency-Key."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class KeptAnswer(Model):
    """What one caller was answered on one route under one key; written in the transaction it tells of."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    caller = fields.UUIDField()
    route = fields.CharField(max_length=100)
    key = fields.CharField(max_length=64)
    body_hash = fields.CharField(max_length=64)
    status = fields.SmallIntField()
    answer_sealed = fields.TextField()
    kept_until = fields.DatetimeField()

    class Meta:
        table = "kept_answer"
        constraints = (
            UniqueConstraint(fields=("caller", "route", "key"), name="one_answer_per_key"),
            CheckConstraint(check="status BETWEEN 200 AND 299", name="only_success_is_kept"),
        )
