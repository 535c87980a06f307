from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from miniapi.database.operations import Make

SEEN = """
    CREATE FUNCTION claims_seen(
        hold boolean, residents uuid[], persons uuid[], drops uuid[], programmes uuid[],
        routes text[], keys text[], at timestamptz
    ) RETURNS TABLE (
        person_id uuid, here boolean, claimed boolean, used bigint,
        body_hash text, status smallint, answer_sealed text
    )
    LANGUAGE plpgsql AS $$
    BEGIN
        IF hold THEN
            PERFORM FROM resident r WHERE r.id = ANY(residents) ORDER BY r.id FOR NO KEY UPDATE;
        END IF;
        RETURN QUERY
        SELECT r.person_id, r.id IS NOT NULL AND r.left_at IS NULL, own.claimed, own.used,
               kept.body_hash::text, kept.status, kept.answer_sealed::text
        FROM unnest(residents, persons, drops, programmes, routes, keys) WITH ORDINALITY
            AS asked (resident, person, drop, programme, route, key, n)
        LEFT JOIN resident r ON r.id = asked.resident
        LEFT JOIN kept_answer kept ON (kept.caller, kept.route, kept.key)
            = (asked.resident, asked.route, asked.key) AND kept.kept_until > at
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(v.drop_id = asked.drop), false) AS claimed,
                   coalesce(sum(v.subsidy_fen + v.reserved_fen) FILTER (
                       WHERE (SELECT d.programme_id FROM "drop" d WHERE d.id = v.drop_id) = asked.programme
                   ), 0)::bigint AS used
            FROM voucher v WHERE v.person_id = asked.person
        ) own
        ORDER BY asked.n;
    END
    $$
"""


class Migration(migrations.Migration):
    """What a claim asks of the database, in fewer ways to it and less work there.

    Events of the audit log were its dearest rows. Each follows another one, so no two can have the same hash
    and both be followed: one index does. `claims_seen` locks accounts, and then sees what was committed
    before it had them: each statement of a volatile function looks anew. It reads each person's few vouchers.
    Asked for by drop, they might be looked for among all of a drop's: how a question is answered is decided
    while a drop is empty, and kept.
    """

    dependencies = [("miniapi", "0016_visits")]

    initial = False

    operations = [
        Make("claims_seen", SEEN, "DROP FUNCTION claims_seen"),
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
