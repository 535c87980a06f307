"""Shops, recyclers, the people who work for them, and collection points."""

from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class MerchantKind(StrEnum):
    """What an enterprise takes part as (application form of the Yangling scheme)."""

    SELLER = "seller"
    RECYCLER = "recycler"


class Role(StrEnum):
    """What somebody does for a merchant."""

    CLERK = "clerk"
    CREW = "crew"


class Merchant(Model):
    """An approved enterprise on the public list."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    kind = fields.CharEnumField(MerchantKind, max_length=16)
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    phone = fields.CharField(max_length=20, null=True)
    demo = fields.BooleanField(default=False)

    class Meta:
        table = "merchant"
        constraints = (
            UniqueConstraint(fields=("region", "kind", "name"), name="one_merchant_per_name"),
            CheckConstraint(check="kind IN ('seller','recycler')", name="merchant_kind_known"),
        )


class Member(Model):
    """A resident who acts for a merchant."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="memberships"
    )
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.CASCADE, related_name="members"
    )
    role = fields.CharEnumField(Role, max_length=16)

    class Meta:
        table = "member"
        constraints = (
            UniqueConstraint(fields=("resident_id", "merchant_id"), name="one_role_per_merchant"),
            CheckConstraint(check="role IN ('clerk','crew')", name="role_known"),
        )


class Point(Model):
    """A place where old appliances are taken in. Positions are degrees, WGS 84."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    lat = fields.FloatField()
    lon = fields.FloatField()
    demo = fields.BooleanField(default=False)

    class Meta:
        table = "point"
        constraints = (
            UniqueConstraint(fields=("region", "name"), name="one_point_per_name"),
            CheckConstraint(
                check="lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="point_on_earth"
            ),
        )
