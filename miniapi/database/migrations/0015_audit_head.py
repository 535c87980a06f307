from tortoise import migrations

from miniapi.database.operations import Make


class Migration(migrations.Migration):
    """The last event of the audit log, read by whoever locks it: one question instead of two.

    A statement of a volatile function sees what was committed before it began, so the head is read after
    the lock was had.
    """

    dependencies = [("miniapi", "0014_wechat")]

    initial = False

    operations = [
        Make(
            "audit_head",
            """
            CREATE FUNCTION audit_head(lock bigint) RETURNS TABLE (seq bigint, hash text)
            LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock(lock);
                RETURN QUERY SELECT e.seq, e.hash::text FROM audit_event e ORDER BY e.seq DESC LIMIT 1;
            END
            $$
            """,
            "DROP FUNCTION audit_head",
        ),
    ]
