from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0005_ticket_desks")]

    initial = False

    operations = [
        ops.RunSQL("DELETE FROM kept_answer WHERE status IS NULL"),
        ops.RemoveConstraint(
            model_name="KeptAnswer",
            name="answered_whole",
            fields=None,
        ),
        ops.AlterModelOptions(
            name="KeptAnswer",
            options={
                "table": "kept_answer",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("caller", "route", "key"), name="one_answer_per_key"),
                    CheckConstraint(check="status BETWEEN 200 AND 299", name="only_success_is_kept"),
                ],
                "pk_attr": "id",
                "table_description": "What one caller was answered on one route under one key; written in the transaction it tells of.",
            },
        ),
        ops.AlterField(
            model_name="KeptAnswer",
            name="answer_sealed",
            field=fields.TextField(unique=False),
        ),
        ops.AlterField(
            model_name="KeptAnswer",
            name="status",
            field=fields.SmallIntField(),
        ),
        ops.RemoveField(model_name="KeptAnswer", name="lease"),
        ops.RemoveField(model_name="KeptAnswer", name="lease_until"),
    ]
