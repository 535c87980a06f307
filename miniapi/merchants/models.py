"""Shops, recyclers, the people who work for them, and collection points."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class MerchantKind(StrEnum):
    """What an enterprise takes part as (application form of the Yangling scheme)."""

    SELLER = "seller"
    RECYCLER = "recycler"
    DISMANTLER = "dismantler"


class Role(StrEnum):
    """What somebody does for a merchant."""

    CLERK = "clerk"
    CREW = "crew"
    MANAGER = "manager"
    STATION = "station"
    DISMANTLER = "dismantler"


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
            CheckConstraint(check="kind IN ('seller','recycler','dismantler')", name="merchant_kind_known"),
        )


class LicenceKind(StrEnum):
    """What an enterprise is permitted to do with old things."""

    RECYCLING = "recycling"
    DISMANTLING = "dismantling"


class Licence(Model):
    """A permission of an enterprise as the bureau has seen it; of several the one put in last. Never edited.

    `valid_until` is the last day on which it is good, in China.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="licences"
    )
    merchant_id: UUID
    kind = fields.CharEnumField(LicenceKind, max_length=16)
    number = fields.CharField(max_length=64)
    valid_until = fields.DateField()
    added_at = fields.DatetimeField()

    class Meta:
        table = "licence"
        indexes = (("merchant_id", "kind", "added_at"),)
        constraints = (
            CheckConstraint(check="kind IN ('recycling','dismantling')", name="licence_kind_known"),
        )


class Crew(Model):
    """People of a recycler who come to the door together, until its manager closes it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="crews"
    )
    merchant_id: UUID
    name = fields.CharField(max_length=50)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "crew"
        constraints = (UniqueConstraint(fields=("merchant_id", "name"), name="one_crew_per_name"),)


class Invitation(Model):
    """Words that a manager hands to somebody, who joins a crew with them once; kept as a keyed hash."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    crew: fields.ForeignKeyRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", on_delete=fields.RESTRICT, related_name="invitations"
    )
    crew_id: UUID
    code_hash = fields.CharField(max_length=64)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "invitation"
        indexes = (("expires_at",),)
        constraints = (
            UniqueConstraint(fields=("code_hash",), name="one_invitation_per_code"),
            CheckConstraint(check="code_hash ~ '^[0-9a-f]{64}$'", name="invitation_hash_is_hex"),
        )


class Member(Model):
    """A resident who acts for a merchant; somebody of a recycler goes out with one of its crews."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="memberships"
    )
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.CASCADE, related_name="members"
    )
    role = fields.CharEnumField(Role, max_length=16)
    crew: fields.ForeignKeyNullableRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", null=True, on_delete=fields.RESTRICT, related_name="members"
    )
    crew_id: UUID | None

    class Meta:
        table = "member"
        indexes = (("crew_id",),)
        constraints = (
            UniqueConstraint(fields=("resident_id", "merchant_id"), name="one_role_per_merchant"),
            CheckConstraint(
                check="role IN ('clerk','crew','manager','station','dismantler')", name="role_known"
            ),
            CheckConstraint(check="crew_id IS NULL OR role = 'crew'", name="only_crews_go_out"),
        )


class PointKind(StrEnum):
    """What a place is: of a neighbourhood, a sorting station, a shop, or one that repairs."""

    COMMUNITY = "community"
    STATION = "station"
    SHOP = "shop"
    SERVICE = "service"


class Point(Model):
    """A place where old appliances are taken in. Positions are degrees, WGS 84.

    `categories` are the keys of what is taken; none are told of a place that nobody asked yet.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    district = fields.CharField(max_length=50, null=True)
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    lat = fields.FloatField()
    lon = fields.FloatField()
    kind = fields.CharEnumField(PointKind, max_length=16, default=PointKind.COMMUNITY)
    phone = fields.CharField(max_length=20, null=True)
    categories: list[str] = fields.JSONField(default=list)
    demo = fields.BooleanField(default=False)
    hours: fields.ReverseRelation["PointHours"]

    class Meta:
        table = "point"
        indexes = (("region", "lat"),)
        constraints = (
            UniqueConstraint(fields=("region", "name"), name="one_point_per_name"),
            CheckConstraint(
                check="lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="point_on_earth"
            ),
            CheckConstraint(
                check="kind IN ('community','station','shop','service')", name="point_kind_known"
            ),
            CheckConstraint(check="jsonb_typeof(categories) = 'array'", name="point_takes_a_list"),
        )


class PointHours(Model):
    """One span in which a point is open: Monday is 1, times are minutes of the day in China."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    point: fields.ForeignKeyRelation[Point] = fields.ForeignKeyField(
        "miniapi.Point", on_delete=fields.CASCADE, related_name="hours"
    )
    point_id: UUID
    weekday = fields.SmallIntField()
    begins = fields.SmallIntField()
    ends = fields.SmallIntField()

    class Meta:
        table = "point_hours"
        constraints = (
            UniqueConstraint(fields=("point_id", "weekday", "begins"), name="one_opening_per_moment"),
            CheckConstraint(check="weekday BETWEEN 1 AND 7", name="opening_on_a_weekday"),
            CheckConstraint(
                check="0 <= begins AND begins < ends AND ends <= 1440", name="opening_within_a_day"
            ),
        )


class Size(StrEnum):
    """How large an old thing is of its kind; the rows of a table say what they mean by it."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class PriceTable(Model):
    """What a recycler pays for old things from a moment on, until its next table. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="price_tables"
    )
    merchant_id: UUID
    valid_from = fields.DatetimeField()
    rows: fields.ReverseRelation["PriceRow"]

    class Meta:
        table = "price_table"
        indexes = (("merchant_id", "valid_from"),)


class PriceRow(Model):
    """A range for a category, of a size, an age and a state, each of them any where it is null.

    Ages are whole years: from `from_years` to before `under_years`.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    table: fields.ForeignKeyRelation[PriceTable] = fields.ForeignKeyField(
        "miniapi.PriceTable", on_delete=fields.RESTRICT, related_name="rows"
    )
    table_id: UUID
    number = fields.SmallIntField()
    category = fields.CharField(max_length=32)
    size = fields.CharEnumField(Size, max_length=8, null=True)
    from_years = fields.SmallIntField(default=0)
    under_years = fields.SmallIntField(null=True)
    works = fields.BooleanField(null=True)
    low_fen = fields.BigIntField()
    high_fen = fields.BigIntField()
    note = fields.CharField(max_length=100, null=True)

    class Meta:
        table = "price_row"
        constraints = (
            UniqueConstraint(fields=("table_id", "number"), name="one_price_row_per_number"),
            CheckConstraint(check="number > 0", name="price_rows_count_from_one"),
            CheckConstraint(check="size IN ('small','medium','large')", name="price_size_known"),
            CheckConstraint(check="0 <= from_years AND from_years < under_years", name="price_age_is_a_span"),
            CheckConstraint(check="0 <= low_fen AND low_fen <= high_fen", name="price_is_a_range"),
        )
