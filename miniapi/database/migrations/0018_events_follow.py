from tortoise import migrations
from tortoise.migrations import operations as ops

from miniapi.database.operations import Make

FOLLOWS = """
    CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM added LEFT JOIN LATERAL (
                SELECT e.seq, e.hash FROM public.audit_event e
                WHERE e.seq < added.seq ORDER BY e.seq DESC LIMIT 1
            ) last ON true
            WHERE (added.seq, added.previous)
                IS DISTINCT FROM (coalesce(last.seq, 0) + 1, coalesce(last.hash, repeat('0', 64)))
        ) THEN
            RAISE EXCEPTION 'an event of the audit log does not follow the one before it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_event_follows', TABLE = 'audit_event';
        END IF;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER audit_event_follows AFTER INSERT ON audit_event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audit_follows()
"""


class Migration(migrations.Migration):
    """Each event of the audit log names the hash of the one before it: the database looks whether it does.

    With the key, which lets no number come twice, that refuses what an index on `previous` did until now: two
    events that follow one. Hashes stand anywhere in an index: with millions of events every new one read,
    and wrote, a page that no other one had touched.

    The event before is the last one of a smaller number: only the key finds that at once. Asked for by its
    very number, it might be looked for in indexes where the number comes last: while the log is short they
    cost the same, and a plan is kept.

    The index goes first, and with it the strictest lock is taken first: who writes meanwhile waits, and no
    two wait for each other.
    """

    dependencies = [("miniapi", "0017_quicker_claims")]

    initial = False

    operations = [
        ops.RemoveConstraint(model_name="AuditEvent", name="one_audit_event_after_each", fields=None),
        Make("audit_follows", FOLLOWS, "DROP FUNCTION audit_follows CASCADE"),
    ]
