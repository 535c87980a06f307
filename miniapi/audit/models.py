"""Events of the audit log, each chained to the one before it by its hash."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class AuditEvent(Model):
    """One act of one actor. Never edited: the service's database role may only add.

    A trigger refuses to add what lacks the next number, or the hash of the event before as `previous`.

    `actor` and `subject` are `kind:key`; `before` and `after` are JSON as it was hashed; `request` is the
    request that caused it, by which the service's log is searched.
    """

    seq = fields.BigIntField(primary_key=True, generated=False)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=80)
    action = fields.CharField(max_length=48)
    subject = fields.CharField(max_length=80)
    reason = fields.CharField(max_length=500, null=True)
    request = fields.CharField(max_length=32, null=True)
    before = fields.TextField(null=True)
    after = fields.TextField(null=True)
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit_event"
        indexes = (("subject", "seq"), ("actor", "seq"))
        constraints = (
            CheckConstraint(check="seq > 0", name="audit_counts_from_one"),
            CheckConstraint(  # 64 counted steps of an expression would cost more than the rest of the row
                check="length(previous) = 64 AND previous !~ '[^0-9a-f]'"
                " AND length(hash) = 64 AND hash !~ '[^0-9a-f]'",
                name="audit_hash_is_hex",
            ),
            CheckConstraint(check="actor ~ '^[a-z]+:.' AND subject ~ '^[a-z]+:.'", name="audit_names_both"),
        )
