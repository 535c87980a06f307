from tortoise import migrations
from tortoise.migrations import operations as ops

from miniapi.database.operations import Make

FOLLOWS = """
    CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM added WHERE added.previous IS DISTINCT FROM CASE added.seq
                WHEN 1 THEN repeat('0', 64)
                ELSE (SELECT e.hash FROM audit_event e WHERE e.seq = added.seq - 1)
            END
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

    That two events do not follow one, as an index saw to until now, is a part of that. Hashes stand anywhere
    in an index: with millions of events every new one read, and wrote, a page that no other one had touched.
    """

    dependencies = [("miniapi", "0017_quicker_claims")]

    initial = False

    operations = [
        Make("audit_follows", FOLLOWS, "DROP FUNCTION audit_follows CASCADE"),
        ops.RemoveConstraint(model_name="AuditEvent", name="one_audit_event_after_each", fields=None),
    ]
