"""The rules that always hold, as questions to the database: each finds the rows that break it."""

from dataclasses import dataclass

from miniapi.ledger.models import SOURCES


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the rows that break it: a name and what is wrong with it."""

    rule: str
    broken: str


# names of ours, in SQL
_SOURCES = ", ".join(f"'{name}'" for name in SOURCES)
_DAY = "({at} AT TIME ZONE 'Asia/Shanghai')::date"

LEDGER = (
    Check(
        "a transfer's two entries add up to nothing",
        """
        SELECT 'transfer ' || t.key, 'entries ' || count(e.id) || ', sum ' || coalesce(sum(e.amount), 0)
        FROM transfer t LEFT JOIN entry e ON e.transfer_id = t.id
        GROUP BY t.id HAVING count(e.id) <> 2 OR sum(e.amount) <> 0
        """,
    ),
    Check(
        "a balance is the sum of its entries",
        f"""
        SELECT 'account ' || a.book || '/' || a.name, 'balance ' || a.balance || ', entries ' || s.total
        FROM account a CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount), 0) * CASE WHEN a.name IN ({_SOURCES}) THEN -1 ELSE 1 END AS total
            FROM entry e WHERE e.account_id = a.id
        ) s WHERE a.balance <> s.total
        """,  # noqa: S608
    ),
    Check(
        "no account is below zero",
        "SELECT 'account ' || book || '/' || name, 'balance ' || balance FROM account WHERE balance < 0",
    ),
    Check(
        "what the sources gave is pool, reserved, payable, paid and clawback together",
        f"""
        SELECT 'book ' || book, 'gave ' || gave || ', holds ' || held FROM (
            SELECT book, coalesce(sum(balance) FILTER (WHERE name IN ({_SOURCES})), 0) AS gave,
                   coalesce(sum(balance) FILTER (WHERE name NOT IN ({_SOURCES})), 0) AS held
            FROM account GROUP BY book
        ) books WHERE gave <> held
        """,  # noqa: S608
    ),
    Check(
        "the province gave its grant's share of what is kept, and once it is known nothing is unattributed",
        f"""
        SELECT 'account ' || a.book || '/' || a.name,
               'balance ' || a.balance || ', grant ' || coalesce(p.province_fen::text, 'unknown')
               || ', kept ' || s.kept || ' of ' || s.total
        FROM account a JOIN programme p ON p.code = a.book CROSS JOIN LATERAL (
            SELECT kept, coalesce(appropriated, kept) AS total FROM (
                SELECT sum(balance) AS kept, (
                    SELECT e.amount FROM entry e JOIN transfer t ON t.id = e.transfer_id
                    WHERE t.key = p.code || ':appropriation' AND e.amount > 0
                ) AS appropriated FROM account WHERE book = a.book AND name IN ({_SOURCES})
            ) sums
        ) s
        WHERE a.name = 'province'
              AND a.balance <> coalesce(div(p.province_fen::numeric * s.kept, nullif(s.total, 0)), 0)
           OR a.name = 'fund' AND a.balance > 0 AND p.province_fen IS NOT NULL
           OR a.name IN ('zone', 'district') AND a.balance > 0 AND p.province_fen IS NULL
        """,  # noqa: S608
    ),
    Check(
        "a source gives what was appropriated, once and on record, and passes on by a grant or as unspent",
        f"""
        SELECT 'transfer ' || t.key, a.name || ' ' || e.amount
        FROM account a JOIN programme p ON p.code = a.book JOIN entry e ON e.account_id = a.id
            JOIN transfer t ON t.id = e.transfer_id
        WHERE a.name IN ({_SOURCES}) AND t.key <> p.code || ':appropriation'
              AND NOT starts_with(t.key, p.code || ':unspent:')
              AND NOT (starts_with(t.key, p.code || ':grant:') AND NOT EXISTS (
                  SELECT FROM entry o JOIN account x ON x.id = o.account_id
                  WHERE o.transfer_id = t.id AND x.name NOT IN ({_SOURCES})))
        UNION ALL
        SELECT 'programme ' || p.code, 'appropriated ' || e.amount || ', on record ' || coalesce(r.total, 0)
        FROM programme p JOIN transfer t ON t.key = p.code || ':appropriation'
            JOIN entry e ON e.transfer_id = t.id AND e.amount > 0
            CROSS JOIN LATERAL (
                SELECT sum((after::jsonb ->> 'total_fen')::bigint) AS total FROM audit_event
                WHERE subject = 'programme:' || p.id AND action = 'programme.opened'
            ) r WHERE r.total IS DISTINCT FROM e.amount
        """,  # noqa: S608
    ),
    Check(
        "what is unspent goes back to its sources when the programme is over",
        f"""
        SELECT 'transfer ' || t.key, 'at ' || t.at || ', programme until ' || p.closes_at
        FROM account a JOIN programme p ON p.code = a.book JOIN entry e ON e.account_id = a.id
            JOIN transfer t ON t.id = e.transfer_id
        WHERE a.name IN ({_SOURCES}) AND t.reason = 'unspent' AND (t.at < p.closes_at OR e.amount < 0)
        """,  # noqa: S608
    ),
)

VOUCHERS = (
    Check(
        "a programme's reserved account is the sum of its vouchers' reserves",
        """
        SELECT 'account ' || a.book || '/reserved',
               'balance ' || a.balance || ', vouchers ' || coalesce(v.total, 0)
        FROM account a JOIN programme p ON p.code = a.book LEFT JOIN (
            SELECT d.programme_id, sum(v.reserved_fen) AS total
            FROM voucher v JOIN "drop" d ON d.id = v.drop_id GROUP BY d.programme_id
        ) v ON v.programme_id = p.id WHERE a.name = 'reserved' AND a.balance <> coalesce(v.total, 0)
        """,
    ),
    Check(
        "a voucher's reserve is what the ledger moved for it",
        """
        SELECT 'voucher ' || coalesce(v.id::text, m.voucher) || coalesce(' (' || v.code || ')', ''),
               'reserve ' || coalesce(v.reserved_fen, 0) || ', ledger ' || coalesce(m.total, 0)
        FROM voucher v FULL JOIN (
            SELECT split_part(t.key, ':', 2) AS voucher, sum(e.amount) AS total
            FROM entry e JOIN account a ON a.id = e.account_id JOIN transfer t ON t.id = e.transfer_id
            WHERE a.name = 'reserved' GROUP BY 1
        ) m ON m.voucher = v.id::text
        WHERE coalesce(v.reserved_fen, 0) <> coalesce(m.total, 0)
        """,
    ),
    Check(
        "an issued voucher holds its whole reserve, and no other holds any",
        """
        SELECT 'voucher ' || id || ' (' || code || ')',
               state || ', worth ' || max_fen || ', reserve ' || reserved_fen
        FROM voucher WHERE reserved_fen <> CASE state WHEN 'issued' THEN max_fen ELSE 0 END
        """,
    ),
    Check(
        "a drop has issued as many vouchers as there are, ranked from one, within its quota",
        """
        SELECT 'drop ' || d.id,
               'quota ' || d.quota || ', issued ' || d.issued || ', vouchers ' || coalesce(v.many, 0)
               || ', last rank ' || coalesce(v.last, 0)
        FROM "drop" d LEFT JOIN (
            SELECT drop_id, count(*) AS many, max(rank) AS last FROM voucher GROUP BY drop_id
        ) v ON v.drop_id = d.id
        WHERE coalesce(v.many, 0) <> d.issued OR coalesce(v.last, 0) <> d.issued OR d.issued > d.quota
        """,
    ),
    Check(
        "a voucher is issued while its drop lasts",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')', 'issued ' || v.issued_at || ', drop from '
               || d.opens_at || ' until ' || d.closes_at
        FROM voucher v JOIN "drop" d ON d.id = v.drop_id
        WHERE v.issued_at < d.opens_at OR v.issued_at >= d.closes_at
        """,
    ),
    Check(
        "a person has one voucher of a drop",
        """
        SELECT 'person ' || person_id, count(*) || ' vouchers of the drop ' || drop_id
        FROM voucher GROUP BY drop_id, person_id HAVING count(*) > 1
        """,
    ),
    Check(
        "a voucher of a lottery is of somebody whom the draw let win",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               'drop ' || d.id || coalesce(', drawn ' || d.drawn_at, ', not drawn')
        FROM voucher v JOIN "drop" d ON d.id = v.drop_id
        WHERE d.mode = 'lottery' AND NOT EXISTS (
            SELECT FROM registration g
            WHERE g.drop_id = d.id AND g.person_id = v.person_id AND g.won AND d.drawn_at IS NOT NULL)
        """,
    ),
    Check(
        "a voucher's last event is its state",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               v.state || ', last event ' || coalesce(e.state, '-')
        FROM voucher v LEFT JOIN (
            SELECT DISTINCT ON (voucher_id) voucher_id, state
            FROM voucher_event ORDER BY voucher_id, at DESC, id DESC
        ) e ON e.voucher_id = v.id WHERE e.state IS DISTINCT FROM v.state
        """,
    ),
    Check(
        "a voucher is redeemed by one redemption that was not refunded, for the same subsidy",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               v.state || ', subsidy ' || v.subsidy_fen || ', redemptions ' || coalesce(r.many, 0)
               || ' of ' || coalesce(r.total, 0)
        FROM voucher v LEFT JOIN (
            SELECT voucher_id, count(*) AS many, sum(subsidy_fen) AS total
            FROM redemption WHERE state <> 'refunded' GROUP BY voucher_id
        ) r ON r.voucher_id = v.id
        WHERE coalesce(r.many, 0) <> CASE v.state WHEN 'redeemed' THEN 1 ELSE 0 END
           OR coalesce(r.total, 0) <> v.subsidy_fen
        """,
    ),
)

COUNTER = (
    Check(
        "only an issued voucher is promised at a counter, and no more than it is worth",
        """
        SELECT 'quote ' || q.id, 'subsidy ' || q.subsidy_fen || ', voucher ' || v.id || ' ' || v.state
               || ', worth ' || v.max_fen
        FROM counter_quote q JOIN voucher v ON v.id = q.voucher_id
        WHERE q.state = 'open' AND (v.state <> 'issued' OR q.subsidy_fen > v.max_fen)
        """,
    ),
    Check(
        "a redemption is what its quote promised, or less, and a used quote has its redemption",
        """
        SELECT coalesce('redemption ' || r.id, 'quote ' || q.id),
               'quote ' || q.state || ' ' || q.subsidy_fen || ' of ' || q.price_fen
               || coalesce(', redemption ' || r.subsidy_fen || ' of ' || r.price_fen, '')
        FROM counter_quote q LEFT JOIN redemption r ON r.quote_id = q.id
            LEFT JOIN voucher v ON v.id = r.voucher_id LEFT JOIN "drop" d ON d.id = v.drop_id
        WHERE (q.state = 'used') <> (r.id IS NOT NULL)
           OR (r.voucher_id, r.merchant_id, r.clerk_id, r.category, r.programme_id)
              <> (q.voucher_id, q.merchant_id, q.clerk_id, q.category, d.programme_id)
           OR r.energy_grade IS DISTINCT FROM q.energy_grade AND r.id IS NOT NULL
           OR r.price_fen > q.price_fen OR r.subsidy_fen > q.subsidy_fen
           OR (r.price_fen, r.subsidy_fen) <> (q.price_fen, q.subsidy_fen) AND NOT EXISTS (
               SELECT FROM redemption_event e WHERE e.redemption_id = r.id AND e.what = 'corrected')
        """,
    ),
    Check(
        "nothing is redeemed before its voucher, after its face or outside the programme",
        """
        SELECT 'redemption ' || r.id, 'redeemed ' || r.redeemed_at || ', voucher ' || v.id || ' from '
               || v.issued_at || ' until ' || v.valid_until
        FROM redemption r JOIN voucher v ON v.id = r.voucher_id JOIN programme p ON p.id = r.programme_id
        WHERE r.redeemed_at < greatest(v.issued_at, p.opens_at)
           OR r.redeemed_at >= least(v.valid_until + interval '1 second', p.closes_at)
        """,
    ),
    Check(
        "a redemption's events are its state, and the last one its subsidy",
        """
        SELECT 'redemption ' || r.id,
               r.state || ', subsidy ' || r.subsidy_fen
               || ', events ' || coalesce(array_to_string(e.acts, '-') || ', subsidy ' || e.last, '-')
        FROM redemption r LEFT JOIN (
            SELECT redemption_id, array_agg(what ORDER BY at, id) AS acts,
                   (array_agg(subsidy_fen ORDER BY at DESC, id DESC))[1] AS last
            FROM redemption_event GROUP BY redemption_id
        ) e ON e.redemption_id = r.id
        WHERE e.acts IS NULL OR e.acts[1] <> 'redeemed'
           OR ('settled' = ANY(e.acts)) <> (r.settled_at IS NOT NULL)
           OR ('rejected' = ANY(e.acts)) <> (r.rejected_at IS NOT NULL)
           OR ('refunded' = ANY(e.acts)) <> (r.refunded_at IS NOT NULL)
           OR ('recovered' = ANY(e.acts)) <> (r.recovered_at IS NOT NULL)
           OR e.last <> CASE WHEN r.state IN ('rejected', 'refunded') THEN 0 ELSE r.subsidy_fen END
        """,
    ),
    Check(
        "what is payable, paid and to be given back is what the redemptions say",
        """
        SELECT 'account ' || a.book || '/' || a.name,
               'balance ' || a.balance || ', redemptions ' || coalesce(r.total, 0)
        FROM account a JOIN programme p ON p.code = a.book LEFT JOIN (
            SELECT programme_id, name, sum(fen) AS total FROM redemption CROSS JOIN LATERAL (VALUES
                ('payable', CASE state WHEN 'redeemed' THEN subsidy_fen ELSE 0 END),
                ('paid', CASE state WHEN 'settled' THEN subsidy_fen ELSE 0 END),
                ('clawback', CASE WHEN recovered_at IS NULL THEN owed_fen ELSE 0 END)
            ) AS said (name, fen) GROUP BY programme_id, name
        ) r ON r.programme_id = p.id AND r.name = a.name
        WHERE a.name IN ('payable', 'paid', 'clawback') AND a.balance <> coalesce(r.total, 0)
        """,
    ),
    Check(
        "what the ledger moved for a redemption is what it says",
        """
        SELECT 'redemption ' || coalesce(r.redemption, m.redemption), coalesce(r.name, m.name) || ' '
               || coalesce(r.fen, 0) || ', ledger ' || coalesce(m.total, 0)
        FROM (
            SELECT id::text AS redemption, name, fen FROM redemption CROSS JOIN LATERAL (VALUES
                ('payable', CASE state WHEN 'redeemed' THEN subsidy_fen ELSE 0 END),
                ('paid', CASE state WHEN 'settled' THEN subsidy_fen ELSE 0 END),
                ('clawback', CASE WHEN recovered_at IS NULL THEN owed_fen ELSE 0 END)
            ) AS said (name, fen)
        ) r FULL JOIN (
            SELECT split_part(t.key, ':', CASE WHEN t.key LIKE 'voucher:%' THEN 4 ELSE 2 END) AS redemption,
                   a.name, sum(e.amount) AS total
            FROM entry e JOIN account a ON a.id = e.account_id JOIN transfer t ON t.id = e.transfer_id
            WHERE a.name IN ('payable', 'paid', 'clawback') GROUP BY 1, 2
        ) m ON m.redemption = r.redemption AND m.name = r.name
        WHERE coalesce(r.fen, 0) <> coalesce(m.total, 0)
        """,
    ),
    Check(
        "a redemption that was settled is a line of one settlement of its shop, with its subsidy",
        """
        SELECT 'redemption ' || r.id,
               'subsidy ' || r.subsidy_fen || coalesce(', settled ' || r.settled_at, '')
               || ', lines ' || count(l.id) || ' of ' || coalesce(sum(l.amount_fen), 0)
        FROM redemption r LEFT JOIN settlement_line l ON l.redemption_id = r.id
            LEFT JOIN settlement s ON s.id = l.settlement_id
        GROUP BY r.id
        HAVING count(l.id) <> CASE WHEN r.settled_at IS NULL THEN 0 ELSE 1 END
            OR bool_or(l.amount_fen <> r.subsidy_fen OR s.merchant_id <> r.merchant_id
                       OR s.programme_id <> r.programme_id)
        """,
    ),
    Check(
        "a settlement is the sum of its lines",
        """
        SELECT 'settlement ' || s.id,
               'amount ' || s.amount_fen || ', lines ' || coalesce(sum(l.amount_fen), 0)
        FROM settlement s LEFT JOIN settlement_line l ON l.settlement_id = s.id
        GROUP BY s.id HAVING s.amount_fen <> coalesce(sum(l.amount_fen), 0)
        """,
    ),
)

PEOPLE = (
    Check(
        "nothing is issued to, booked for or owed to somebody who has left",
        """
        SELECT 'resident ' || r.id, found.what FROM resident r CROSS JOIN LATERAL (
            SELECT 'voucher ' || v.code AS what FROM voucher v
            WHERE v.resident_id = r.id AND v.state = 'issued'
            UNION ALL SELECT 'pickup ' || p.number FROM pickup p
            WHERE p.resident_id = r.id AND p.state IN ('booked', 'assigned', 'on_the_way', 'arrived')
            UNION ALL SELECT 'notice ' || n.id FROM notice n WHERE n.resident_id = r.id
        ) found WHERE r.left_at IS NOT NULL
        """,
    ),
    Check(
        "a slot has as many places taken as bookings and holds",
        """
        SELECT 'slot ' || s.id, 'taken ' || s.taken || ', bookings ' || p.many || ', holds ' || h.many
        FROM slot s
            CROSS JOIN LATERAL (
                SELECT count(*) AS many FROM pickup WHERE slot_id = s.id AND state <> 'cancelled'
            ) p
            CROSS JOIN LATERAL (SELECT count(*) AS many FROM hold WHERE slot_id = s.id) h
        WHERE s.taken <> p.many + h.many
        """,
    ),
    Check(
        "a slot has the places of its shifts",
        """
        SELECT 'slot ' || s.id, 'places ' || s.capacity || ', shifts ' || coalesce(sum(f.capacity), 0)
        FROM slot s LEFT JOIN shift f ON f.slot_id = s.id
        GROUP BY s.id HAVING s.capacity <> coalesce(sum(f.capacity), 0)
        """,
    ),
    Check(
        "a crew has accepted as many bookings of a slot as its shift says",
        """
        SELECT 'slot ' || coalesce(f.slot_id, p.slot_id) || ', crew ' || coalesce(f.crew_id, p.crew_id),
               'taken ' || coalesce(f.taken, 0) || ', bookings ' || coalesce(p.many, 0)
        FROM shift f FULL JOIN (
            SELECT slot_id, crew_id, count(*) AS many FROM pickup
            WHERE crew_id IS NOT NULL AND state <> 'cancelled' GROUP BY slot_id, crew_id
        ) p USING (slot_id, crew_id)
        WHERE coalesce(f.taken, 0) <> coalesce(p.many, 0)
        """,
    ),
)

CHECKS = (*LEDGER, *VOUCHERS, *COUNTER, *PEOPLE)

# the versions of every region's subsidy rule: a price, a worth and a sum go by the version of their own day
_VERSIONS = """
    WITH version AS (
        SELECT * FROM unnest($1::text[], $2::date[], $3::date[], $4::bigint[], $5::bigint[], $6::int[])
            AS rule (region, since, until, item_cap, person_cap, percent)
    )
"""
_OF_ITS_DAY = f"""
    r.region = {{region}} AND (r.since IS NULL OR {_DAY} >= r.since) AND (r.until IS NULL OR {_DAY} < r.until)
"""

BY_POLICY = (
    Check(
        "a voucher is worth at most what an item may get on its day",
        f"""
        {_VERSIONS}
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               'worth ' || v.max_fen || ', an item may get ' || coalesce(r.item_cap, 0)
        FROM voucher v LEFT JOIN version r ON {_OF_ITS_DAY.format(region="v.region", at="v.issued_at")}
        WHERE v.max_fen > coalesce(r.item_cap, 0)
        """,  # noqa: S608
    ),
    Check(
        "a subsidy is at most the share of the price and what an item may get, on the day of the quote",
        f"""
        {_VERSIONS}
        SELECT 'redemption ' || b.id, 'subsidy ' || b.subsidy_fen || ' of ' || b.price_fen
               || ', an item may get ' || coalesce(r.percent, 0) || '%, ' || coalesce(r.item_cap, 0)
        FROM redemption b JOIN counter_quote q ON q.id = b.quote_id JOIN programme p ON p.id = b.programme_id
            LEFT JOIN version r ON {_OF_ITS_DAY.format(region="p.region", at="q.quoted_at")}
        WHERE b.subsidy_fen > coalesce(r.item_cap, 0)
           OR b.subsidy_fen * 100 > b.price_fen * coalesce(r.percent, 0)
        """,  # noqa: S608
    ),
    Check(
        "a person keeps and has reserved at most what a person may get of a programme",
        f"""
        {_VERSIONS}
        SELECT 'person ' || v.person_id, sum(v.fen) || ', a person may get ' || coalesce(max(r.person_cap), 0)
        FROM (
            SELECT person_id, region, programme_id, issued_at, subsidy_fen + reserved_fen AS fen
            FROM voucher JOIN "drop" d ON d.id = drop_id WHERE state IN ('issued', 'redeemed')
        ) v LEFT JOIN version r ON {_OF_ITS_DAY.format(region="v.region", at="v.issued_at")}
        GROUP BY v.person_id, v.programme_id HAVING sum(v.fen) > coalesce(max(r.person_cap), 0)
        """,  # noqa: S608
    ),
)
