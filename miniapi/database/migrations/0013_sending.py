from tortoise import fields, migrations
from tortoise.indexes import PartialIndex
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.reminders.models import NoticeState

# what was being sent is taken up again, as it would have been
TAKE_UP_AGAIN = "UPDATE notice SET state = 'owed', lease_until = NULL WHERE state = 'sending'"
UNKNOWN_SO_FAR = "UPDATE notice SET state = 'unknown' WHERE state = 'sent' AND outcome = 'unknown'"
SENT_SO_FAR = "UPDATE notice SET state = 'sent', outcome = 'unknown' WHERE state = 'unknown'"
# what may be called off is of these kinds: a claim, which is not, writes nothing into this index
TO_COME = """
    CREATE INDEX notice_to_come ON notice (subject)
    WHERE kind IN ('drop', 'pickup', 'voucher_expiry') AND state = 'owed'
"""
# a consent is counted down where it stands, without another entry in an index
ROOM = "ALTER TABLE grant_count SET (fillfactor = 80)"


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0012_crews")]

    initial = False

    operations = [
        ops.RunSQL(TAKE_UP_AGAIN, reverse_sql=TAKE_UP_AGAIN),
        ops.RemoveConstraint(model_name="Notice", name="notice_state_known", fields=None),
        ops.RemoveConstraint(model_name="Notice", name="notice_done_once", fields=None),
        ops.RunSQL(UNKNOWN_SO_FAR, reverse_sql=SENT_SO_FAR),
        ops.AlterField(
            model_name="Notice",
            name="state",
            field=fields.CharEnumField(
                default=NoticeState.OWED,
                description="OWED: owed\nSENDING: sending\nSENT: sent\nUNKNOWN: unknown\nINBOX: inbox\n"
                "CANCELLED: cancelled",
                enum_type=NoticeState,
                max_length=12,
            ),
        ),
        ops.AddField(model_name="Notice", name="send_key", field=fields.UUIDField(null=True)),
        ops.AddField(
            model_name="Notice",
            name="retry_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Notice",
            name="called_off_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RemoveIndex(model_name="Notice", fields=["state", "due_at"]),
        ops.AddIndex(
            model_name="Notice",
            index=PartialIndex(fields=["due_at"], name="notice_owed", condition={"state": "owed"}),
        ),
        ops.AddIndex(
            model_name="Notice",
            index=PartialIndex(fields=["resident_id"], name="notice_sending", condition={"state": "sending"}),
        ),
        ops.RunSQL(ROOM, reverse_sql="ALTER TABLE grant_count RESET (fillfactor)"),
        ops.RunSQL(TO_COME, reverse_sql="DROP INDEX notice_to_come"),
        ops.RemoveConstraint(model_name="Grant", name="one_count_per_kind", fields=None),
        ops.AlterModelOptions(
            name="Grant",
            options={
                "table": "grant_count",
                "app": "miniapi",
                "constraints": [CheckConstraint(check="remaining >= 0", name="grants_not_overdrawn")],
                "pk_attr": "id",
                "table_description": "How many messages of one template a person allows: one accept, one message.",
            },
        ),
        ops.RenameField(model_name="Grant", old_name="kind", new_name="template_id"),
        ops.AlterField(model_name="Grant", name="template_id", field=fields.CharField(max_length=64)),
        ops.CreateModel(
            name="MessageTemplate",
            fields=[
                ("kind", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("template_id", fields.CharField(max_length=64)),
            ],
            options={
                "table": "message_template",
                "app": "miniapi",
                "pk_attr": "kind",
                "table_description": "Which template of our account carries a kind of notice, as WeChat last said.",
            },
            bases=["Model"],
        ),
        AddConstraints(
            (
                "Notice",
                CheckConstraint(
                    check="state IN ('owed','sending','sent','unknown','inbox','cancelled')",
                    name="notice_state_known",
                ),
            ),
            (
                "Notice",
                CheckConstraint(
                    check="(done_at IS NOT NULL) = (state IN ('sent','unknown','inbox','cancelled'))",
                    name="notice_done_once",
                ),
            ),
            (
                "Notice",
                CheckConstraint(
                    check="state <> 'sending' OR send_key IS NOT NULL", name="keyed_before_the_call"
                ),
            ),
            (
                "Notice",
                CheckConstraint(check="retry_at IS NULL OR state = 'owed'", name="tried_again_while_owed"),
            ),
            (
                "Grant",
                UniqueConstraint(fields=("resident_id", "template_id"), name="one_count_per_template"),
            ),
        ),
    ]
