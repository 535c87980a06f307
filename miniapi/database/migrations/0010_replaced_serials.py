from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from miniapi.database.operations import AddConstraints


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0009_points_and_prices")]

    initial = False

    operations = [
        ops.AddField(
            model_name="RedemptionEvent",
            name="replaced_serial",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddIndex(model_name="RedemptionEvent", index=Index(fields=["replaced_serial"])),
        AddConstraints(
            (
                "RedemptionEvent",
                CheckConstraint(
                    check="replaced_serial IS NULL OR what = 'exchanged'", name="replaced_in_an_exchange"
                ),
            ),
        ),
    ]
