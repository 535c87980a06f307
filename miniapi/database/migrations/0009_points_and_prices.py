from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.merchants.models import PointKind, Size


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0008_pickup")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PointHours",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "point",
                    fields.ForeignKeyField(
                        "miniapi.Point",
                        source_field="point_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="hours",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("weekday", fields.SmallIntField()),
                ("begins", fields.SmallIntField()),
                ("ends", fields.SmallIntField()),
            ],
            options={
                "table": "point_hours",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One span in which a point is open: Monday is 1, times are minutes of the day in China.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Point",
            name="categories",
            field=fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Point",
            name="district",
            field=fields.CharField(null=True, max_length=50),
        ),
        ops.AddField(
            model_name="Point",
            name="kind",
            field=fields.CharEnumField(
                default=PointKind.COMMUNITY,
                description="COMMUNITY: community\nSTATION: station\nSHOP: shop\nSERVICE: service",
                enum_type=PointKind,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Point",
            name="phone",
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddIndex(
            model_name="Point",
            index=Index(fields=["region", "lat"]),
        ),
        ops.CreateModel(
            name="PriceTable",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="price_tables",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "price_table",
                "app": "miniapi",
                "indexes": [Index(fields=["merchant_id", "valid_from"])],
                "pk_attr": "id",
                "table_description": "What a recycler pays for old things from a moment on, until its next table. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PriceRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "table",
                    fields.ForeignKeyField(
                        "miniapi.PriceTable",
                        source_field="table_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rows",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.SmallIntField()),
                ("category", fields.CharField(max_length=32)),
                (
                    "size",
                    fields.CharEnumField(
                        null=True,
                        description="SMALL: small\nMEDIUM: medium\nLARGE: large",
                        enum_type=Size,
                        max_length=8,
                    ),
                ),
                ("from_years", fields.SmallIntField(default=0)),
                ("under_years", fields.SmallIntField(null=True)),
                ("works", fields.BooleanField(null=True)),
                ("low_fen", fields.BigIntField()),
                ("high_fen", fields.BigIntField()),
                ("note", fields.CharField(null=True, max_length=100)),
            ],
            options={
                "table": "price_row",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "A range for a category, of a size, an age and a state, each of them any where it is null.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PickupPhoto",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="photos",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("place", fields.SmallIntField()),
                ("key_sealed", fields.TextField(unique=False)),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
                ("added_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pickup_photo",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One photo of a booking, kept as a file that is called by the id, which nobody can guess.",
            },
            bases=["Model"],
        ),
        AddConstraints(
            (
                "Point",
                CheckConstraint(
                    check="kind IN ('community','station','shop','service')", name="point_kind_known"
                ),
            ),
            (
                "Point",
                CheckConstraint(check="jsonb_typeof(categories) = 'array'", name="point_takes_a_list"),
            ),
            (
                "PointHours",
                UniqueConstraint(fields=("point_id", "weekday", "begins"), name="one_opening_per_moment"),
            ),
            ("PointHours", CheckConstraint(check="weekday BETWEEN 1 AND 7", name="opening_on_a_weekday")),
            (
                "PointHours",
                CheckConstraint(
                    check="0 <= begins AND begins < ends AND ends <= 1440", name="opening_within_a_day"
                ),
            ),
            (
                "PickupPhoto",
                UniqueConstraint(fields=("pickup_id", "place"), name="one_photo_per_place"),
            ),
            ("PickupPhoto", CheckConstraint(check="place BETWEEN 1 AND 6", name="six_photos_a_pickup")),
            (
                "PickupPhoto",
                CheckConstraint(check="width > 0 AND height > 0", name="photo_shows_something"),
            ),
            (
                "PriceRow",
                UniqueConstraint(fields=("table_id", "number"), name="one_price_row_per_number"),
            ),
            ("PriceRow", CheckConstraint(check="number > 0", name="price_rows_count_from_one")),
            (
                "PriceRow",
                CheckConstraint(check="size IN ('small','medium','large')", name="price_size_known"),
            ),
            (
                "PriceRow",
                CheckConstraint(
                    check="0 <= from_years AND from_years < under_years", name="price_age_is_a_span"
                ),
            ),
            (
                "PriceRow",
                CheckConstraint(check="0 <= low_fen AND low_fen <= high_fen", name="price_is_a_range"),
            ),
        ),
    ]
