from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.tickets.models import TicketKind, TicketState


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Ticket",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("number", fields.CharField(max_length=10)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tickets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="COMPLAINT: complaint\nHELP: help", enum_type=TicketKind, max_length=12
                    ),
                ),
                ("region", fields.CharField(null=True, max_length=32)),
                ("text_sealed", fields.TextField(unique=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=TicketState.OPEN,
                        description="OPEN: open\nANSWERED: answered\nCLOSED: closed",
                        enum_type=TicketState,
                        max_length=12,
                    ),
                ),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ticket",
                "app": "miniapi",
                "indexes": [Index(fields=["resident_id", "opened_at"])],
                "pk_attr": "id",
                "table_description": "One matter of one resident. The text is encrypted; the number is what people call it by.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TicketEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "ticket",
                    fields.ForeignKeyField(
                        "miniapi.Ticket",
                        source_field="ticket_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("what", fields.CharField(max_length=16)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ticket_event",
                "app": "miniapi",
                "indexes": [Index(fields=["ticket_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a ticket. Never edited.",
            },
            bases=["Model"],
        ),
        AddConstraints(
            ("Ticket", UniqueConstraint(fields=("number",), name="one_ticket_per_number")),
            ("Ticket", CheckConstraint(check="number ~ '^[0-9]{10}$'", name="ticket_number_is_ten_digits")),
            ("Ticket", CheckConstraint(check="kind IN ('complaint','help')", name="ticket_kind_known")),
            (
                "Ticket",
                CheckConstraint(check="state IN ('open','answered','closed')", name="ticket_state_known"),
            ),
            (
                "TicketEvent",
                CheckConstraint(
                    check="what IN ('opened','answered','closed','reopened')", name="ticket_event_known"
                ),
            ),
        ),
    ]
