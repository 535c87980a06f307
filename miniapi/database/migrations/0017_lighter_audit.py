from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint


class Migration(migrations.Migration):
    """The audit log is the dearest row of a claim: it asks less, and refuses the same.

    Each event follows another one, so no two can have the same hash and both be followed: one index does.
    """

    dependencies = [("miniapi", "0016_visits")]

    initial = False

    operations = [
        ops.RemoveConstraint(model_name="AuditEvent", name="one_audit_event_per_hash", fields=None),
        ops.RemoveConstraint(model_name="AuditEvent", name="audit_hash_is_hex", fields=None),
        ops.AddConstraint(
            model_name="AuditEvent",
            constraint=CheckConstraint(
                check="length(previous) = 64 AND previous !~ '[^0-9a-f]'"
                " AND length(hash) = 64 AND hash !~ '[^0-9a-f]'",
                name="audit_hash_is_hex",
            ),
        ),
    ]
