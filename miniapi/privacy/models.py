"""Consents to the versions of the privacy notice."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class Consent(Model):
    """One resident agreed to one version of the privacy notice. Kept as evidence, also after leaving."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="consents"
    )
    resident_id: UUID
    version = fields.CharField(max_length=16)
    at = fields.DatetimeField()

    class Meta:
        table = "consent"
        constraints = (UniqueConstraint(fields=("resident_id", "version"), name="one_consent_per_version"),)
