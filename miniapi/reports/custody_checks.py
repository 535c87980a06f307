"""The rules of custody that always hold, as questions to the database: each finds the rows that break it."""

from miniapi.reports.checks import Check

CUSTODY = (
    Check(
        "nothing was done, as a phone tells it later, before what its booking had come to",
        """
        SELECT 'pickup ' || p.number, e.what || ' at ' || e.done_at || ', after ' || e.came_to
        FROM pickup p JOIN (
            SELECT pickup_id, what, done_at, at,
                   max(coalesce(done_at, at)) FILTER (WHERE what <> 'missed_crew') OVER (
                       PARTITION BY pickup_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                   ) AS came_to
            FROM pickup_event
        ) e ON e.pickup_id = p.id
        WHERE e.done_at < e.at AND e.done_at < e.came_to
        """,
    ),
    Check(
        "what was collected went from hand to hand in order, as far as its booking says",
        """
        SELECT 'pickup ' || p.number, p.state || ', hands ' || coalesce(h.hands, '-')
        FROM pickup p LEFT JOIN (
            SELECT pickup_id, string_agg(hand, '-' ORDER BY done_at, array_position(
                ARRAY['crew', 'station', 'dismantler']::varchar[], hand)) AS hands
            FROM handover GROUP BY pickup_id
        ) h ON h.pickup_id = p.id
        WHERE coalesce(h.hands, '') <> CASE p.state WHEN 'collected' THEN 'crew'
            WHEN 'received' THEN 'crew-station' WHEN 'dismantled' THEN 'crew-station-dismantler' ELSE '' END
        """,
    ),
    Check(
        "things come to a crew and its station as that crew's booking says, weight included",
        """
        SELECT 'pickup ' || p.number,
               h.hand || ' of merchant ' || h.merchant_id || ', weight ' || h.weight_grams
        FROM handover h JOIN pickup p ON p.id = h.pickup_id LEFT JOIN crew c ON c.id = p.crew_id
        WHERE h.hand IN ('crew', 'station') AND h.merchant_id IS DISTINCT FROM c.merchant_id
           OR h.hand = 'crew' AND h.weight_grams IS DISTINCT FROM p.weight_grams
        """,
    ),
    Check(
        "nobody takes anything over but with a licence on record, good on that day",
        """
        SELECT 'handover ' || h.id, h.hand || ' at ' || h.done_at || ', licence '
               || coalesce(h.licence_number || ' until ' || h.licence_valid_until, '-')
        FROM handover h CROSS JOIN LATERAL (
            SELECT count(*) AS known, count(*) FILTER (
                WHERE l.number = h.licence_number AND l.valid_until = h.licence_valid_until) AS shown
            FROM licence l
            WHERE l.merchant_id = h.merchant_id AND l.added_at <= h.at
              AND l.kind = CASE h.hand WHEN 'dismantler' THEN 'dismantling' ELSE 'recycling' END
        ) kept
        WHERE (h.done_at AT TIME ZONE 'Asia/Shanghai')::date > h.licence_valid_until
           OR CASE WHEN h.licence_number IS NULL THEN kept.known > 0 ELSE kept.shown = 0 END
        """,
    ),
    Check(
        "everything dismantled has its certificate, issued then, and nothing else has one",
        """
        SELECT 'pickup ' || p.number,
               p.state || coalesce(', certificate of ' || c.issued_at, ', no certificate')
        FROM pickup p LEFT JOIN certificate c ON c.pickup_id = p.id
            LEFT JOIN handover h ON h.pickup_id = p.id AND h.hand = 'dismantler'
        WHERE (p.state = 'dismantled') <> (c.id IS NOT NULL) OR c.issued_at <> h.at
        """,
    ),
)
