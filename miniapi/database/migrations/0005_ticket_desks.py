from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import TicketKind


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0004_privacy")]

    initial = False

    operations = [
        ops.RemoveConstraint(
            model_name="Ticket",
            name="ticket_kind_known",
            fields=None,
        ),
        ops.AlterModelOptions(
            name="Ticket",
            options={
                "table": "ticket",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("number",), name="one_ticket_per_number"),
                    CheckConstraint(check="number ~ '^[0-9]{10}$'", name="ticket_number_is_ten_digits"),
                    CheckConstraint(
                        check="kind IN ('complaint','help','policy','identity')", name="ticket_kind_known"
                    ),
                    CheckConstraint(check="state IN ('open','answered','closed')", name="ticket_state_known"),
                    CheckConstraint(
                        check="role IN ('bureau','reviewer','finance','auditor','support')",
                        name="ticket_role_known",
                    ),
                ],
                "indexes": [
                    Index(fields=["resident_id", "opened_at"]),
                    Index(fields=["state", "changed_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One matter of one resident. Words are encrypted, and gone when the resident has left.",
            },
        ),
        ops.AlterField(
            model_name="Ticket",
            name="kind",
            field=fields.CharEnumField(
                description="COMPLAINT: complaint\nHELP: help\nPOLICY: policy\nIDENTITY: identity",
                enum_type=TicketKind,
                max_length=12,
            ),
        ),
        ops.AlterField(
            model_name="Ticket",
            name="text_sealed",
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name="Ticket",
            name="changed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Ticket",
            name="clause",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Ticket",
            name="role",
            field=fields.CharEnumField(
                null=True,
                description="BUREAU: bureau\nREVIEWER: reviewer\nFINANCE: finance\nAUDITOR: auditor\nSUPPORT: support",
                enum_type=StaffRole,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Ticket",
            name="session",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Ticket",
            name="unit",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.RunSQL(
            "UPDATE ticket SET changed_at = opened_at,"
            " role = CASE kind WHEN 'complaint' THEN 'bureau' ELSE 'support' END"
        ),
        ops.AlterField(
            model_name="Ticket",
            name="changed_at",
            field=fields.DatetimeField(auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Ticket",
            name="role",
            field=fields.CharEnumField(
                description="BUREAU: bureau\nREVIEWER: reviewer\nFINANCE: finance\nAUDITOR: auditor\nSUPPORT: support",
                enum_type=StaffRole,
                max_length=16,
            ),
        ),
        ops.AddIndex(
            model_name="Ticket",
            index=Index(fields=["state", "changed_at"]),
        ),
        AddConstraints(
            (
                "Ticket",
                CheckConstraint(
                    check="kind IN ('complaint','help','policy','identity')", name="ticket_kind_known"
                ),
            ),
            (
                "Ticket",
                CheckConstraint(
                    check="role IN ('bureau','reviewer','finance','auditor','support')",
                    name="ticket_role_known",
                ),
            ),
        ),
        ops.RemoveConstraint(
            model_name="TicketEvent",
            name="ticket_event_known",
            fields=None,
        ),
        ops.AlterModelOptions(
            name="TicketEvent",
            options={
                "table": "ticket_event",
                "app": "miniapi",
                "constraints": [
                    CheckConstraint(
                        check="what IN ('opened','answered','replied','forwarded','closed','reopened')",
                        name="ticket_event_known",
                    ),
                    CheckConstraint(check="(staff_id IS NULL) = (role IS NULL)", name="staff_act_in_a_role"),
                ],
                "indexes": [Index(fields=["ticket_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a ticket, with the words said: by the resident, or by staff in a role.",
            },
        ),
        ops.AddField(
            model_name="TicketEvent",
            name="staff",
            field=fields.ForeignKeyField(
                "miniapi.Staff",
                source_field="staff_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="ticket_events",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="TicketEvent",
            name="role",
            field=fields.CharEnumField(
                null=True,
                description="BUREAU: bureau\nREVIEWER: reviewer\nFINANCE: finance\nAUDITOR: auditor\nSUPPORT: support",
                enum_type=StaffRole,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="TicketEvent",
            name="text_sealed",
            field=fields.TextField(null=True, unique=False),
        ),
        AddConstraints(
            (
                "TicketEvent",
                CheckConstraint(
                    check="what IN ('opened','answered','replied','forwarded','closed','reopened')",
                    name="ticket_event_known",
                ),
            ),
            (
                "TicketEvent",
                CheckConstraint(check="(staff_id IS NULL) = (role IS NULL)", name="staff_act_in_a_role"),
            ),
        ),
    ]
