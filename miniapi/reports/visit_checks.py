"""The rules of visits that always hold, as questions to the database: each finds the rows that break it."""

from miniapi.reports.checks import Check

VISITS = (
    Check(
        "a booking came to its state step by step",
        """
        SELECT 'pickup ' || p.number, p.state || ', events ' || coalesce(array_to_string(e.acts, '-'), '-')
        FROM pickup p LEFT JOIN (
            SELECT pickup_id, array_agg(what::text ORDER BY at, id) AS acts
            FROM pickup_event GROUP BY pickup_id
        ) e ON e.pickup_id = p.id
        WHERE NOT coalesce(e.acts, '{}') @> CASE
                WHEN p.state = 'booked' THEN '{booked}'
                WHEN p.state = 'assigned' THEN '{booked,accepted}'
                WHEN p.state = 'on_the_way' THEN '{booked,accepted,set_out}'
                WHEN p.state = 'arrived' THEN '{booked,accepted,set_out,arrived}'
                WHEN p.state = 'disputed' THEN '{booked,accepted,set_out,arrived,offered,disputed}'
                WHEN p.state = 'missed_by_resident'
                    THEN '{booked,accepted,set_out,arrived,missed_resident}'
                WHEN p.state = 'missed_by_crew' THEN '{booked,missed_crew}'
                WHEN p.state = 'cancelled' THEN '{booked}'
                WHEN p.state = 'collected' THEN '{booked,accepted,set_out,arrived,offered}'
                WHEN p.state = 'received' THEN '{booked,accepted,set_out,arrived,offered,received}'
                ELSE '{booked,accepted,set_out,arrived,offered,received,dismantled}' END::text[]
           OR p.state IN ('collected', 'received', 'dismantled') AND NOT e.acts && '{collected,resolved}'
           OR p.state = 'cancelled' AND NOT e.acts && '{cancelled,resolved}'
        """,
    ),
    Check(
        "what was collected was paid as its owner agreed to, or as the crew named where the bureau ended it",
        """
        SELECT 'pickup ' || p.number, 'paid ' || p.price_fen || ', agreed '
               || coalesce(p.agreed_fen::text, '-') || ', named ' || coalesce(o.named, '-')
        FROM pickup p LEFT JOIN (
            SELECT pickup_id, array_agg(price_fen) AS prices,
                   array_agg(price_fen) FILTER (WHERE state = 'accepted') AS agreed,
                   string_agg(price_fen || ' ' || state, ', ' ORDER BY id) AS named
            FROM pickup_offer GROUP BY pickup_id
        ) o ON o.pickup_id = p.id
        WHERE p.state IN ('collected', 'received', 'dismantled') AND CASE
            WHEN EXISTS (SELECT FROM pickup_event e WHERE e.pickup_id = p.id AND e.what = 'resolved')
                THEN (p.price_fen = ANY(o.prices)) IS NOT TRUE
            ELSE (p.price_fen = p.agreed_fen AND p.price_fen = ANY(o.agreed)) IS NOT TRUE END
        """,
    ),
    Check(
        "a purchase and the pickup of its old unit are of one resident, or of two accounts of one person",
        """
        WITH RECURSIVE went (source, target) AS (
            SELECT split_part(subject, ':', 2), after::jsonb ->> 'moved_to' FROM audit_event
            WHERE action = 'identity.moved' AND after::jsonb ? 'moved_to'
            UNION
            SELECT w.source, a.after::jsonb ->> 'moved_to' FROM went w
                JOIN audit_event a ON a.subject = 'resident:' || w.target AND a.action = 'identity.moved'
                    AND a.after::jsonb ? 'moved_to'
        )
        SELECT 'redemption ' || r.id, 'voucher of ' || v.resident_id || ', pickup of ' || p.resident_id
        FROM redemption r JOIN voucher v ON v.id = r.voucher_id JOIN pickup p ON p.id = r.pickup_id
        WHERE p.resident_id <> v.resident_id AND NOT EXISTS (
            SELECT FROM went
            WHERE source = p.resident_id::text AND target = v.resident_id::text)
        """,
    ),
    Check(
        "a booking is of who is named as its resident in the log, and in what they were told of it",
        """
        SELECT 'pickup ' || p.number,
               'of ' || p.resident_id || ', named ' || string_agg(DISTINCT named.who, ', ')
        FROM pickup p JOIN (
            SELECT after::jsonb ->> 'pickup' AS id, split_part(subject, ':', 2) AS who
            FROM audit_event WHERE subject LIKE 'resident:%' AND after::jsonb ? 'pickup'
            UNION
            SELECT subject::text, resident_id::text FROM notice WHERE dedupe_key LIKE 'pickup:%'
        ) named ON named.id = p.id::text
        WHERE named.who <> p.resident_id::text
        GROUP BY p.id
        """,
    ),
)
