"""The money audit: every rule that must always hold, checked against one snapshot of the database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg

from faq.packs import Library
from miniapi.audit.queries import breaks
from miniapi.money import in_yuan


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the rows that break it: a name and what is wrong with it."""

    rule: str
    broken: str


CHECKS = (
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
        """
        SELECT 'account ' || a.book || '/' || a.name, 'balance ' || a.balance || ', entries ' || s.total
        FROM account a CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount), 0) * CASE a.name WHEN 'fund' THEN -1 ELSE 1 END AS total
            FROM entry e WHERE e.account_id = a.id
        ) s WHERE a.balance <> s.total
        """,
    ),
    Check(
        "what the fund gave is pool, reserved, payable, paid and clawback together",
        """
        SELECT 'book ' || book, 'gave ' || gave || ', holds ' || held FROM (
            SELECT book, sum(balance) FILTER (WHERE name = 'fund') AS gave,
                   sum(balance) FILTER (WHERE name <> 'fund') AS held
            FROM account GROUP BY book
        ) books WHERE gave IS DISTINCT FROM held
        """,
    ),
    Check(
        "a programme's reserved account is the sum of its vouchers' reserves",
        """
        SELECT 'account ' || a.book || '/reserved', 'balance ' || a.balance || ', vouchers ' || v.total
        FROM account a JOIN programme p ON p.code = a.book CROSS JOIN LATERAL (
            SELECT coalesce(sum(v.reserved_fen), 0) AS total
            FROM voucher v JOIN "drop" d ON d.id = v.drop_id WHERE d.programme_id = p.id
        ) v WHERE a.name = 'reserved' AND a.balance <> v.total
        """,
    ),
    Check(
        "a voucher's reserve is what the ledger moved for it",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               'reserve ' || v.reserved_fen || ', ledger ' || coalesce(m.total, 0)
        FROM voucher v LEFT JOIN (
            SELECT split_part(t.key, ':', 2) AS voucher, sum(e.amount) AS total
            FROM transfer t JOIN entry e ON e.transfer_id = t.id JOIN account a ON a.id = e.account_id
            WHERE t.key LIKE 'voucher:%' AND a.name = 'reserved' GROUP BY 1
        ) m ON m.voucher = v.id::text
        WHERE v.reserved_fen <> coalesce(m.total, 0)
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
               'quota ' || d.quota || ', issued ' || d.issued || ', vouchers ' || count(v.id)
               || ', last rank ' || coalesce(max(v.rank), 0)
        FROM "drop" d LEFT JOIN voucher v ON v.drop_id = d.id GROUP BY d.id
        HAVING count(v.id) <> d.issued OR coalesce(max(v.rank), 0) <> d.issued OR d.issued > d.quota
        """,
    ),
    Check(
        "a voucher's last event is its state",
        """
        SELECT 'voucher ' || v.id || ' (' || v.code || ')',
               v.state || ', last event ' || coalesce(e.state, '-')
        FROM voucher v LEFT JOIN LATERAL (
            SELECT state FROM voucher_event e WHERE e.voucher_id = v.id ORDER BY e.at DESC, e.id DESC LIMIT 1
        ) e ON true WHERE e.state IS DISTINCT FROM v.state
        """,
    ),
    Check(
        "nothing is issued to, booked for or owed to somebody who has left",
        """
        SELECT 'resident ' || r.id, found.what FROM resident r CROSS JOIN LATERAL (
            SELECT 'voucher ' || v.code AS what FROM voucher v
            WHERE v.resident_id = r.id AND v.state = 'issued'
            UNION ALL SELECT 'pickup ' || p.number FROM pickup p
            WHERE p.resident_id = r.id AND p.state = 'booked'
            UNION ALL SELECT 'notice ' || n.id FROM notice n WHERE n.resident_id = r.id
        ) found WHERE r.left_at IS NOT NULL
        """,
    ),
    Check(
        "a slot has as many places taken as bookings",
        """
        SELECT 'slot ' || s.id, 'taken ' || s.taken || ', bookings ' || count(p.id)
        FROM slot s LEFT JOIN pickup p ON p.slot_id = s.id AND p.state = 'booked'
        GROUP BY s.id HAVING s.taken <> count(p.id)
        """,
    ),
)

OVER_ITEM_CAP = "SELECT id, code, max_fen FROM voucher WHERE region = $1 AND max_fen > $2"
OVER_PERSON_CAP = """
    SELECT person_id, sum(subsidy_fen + reserved_fen) AS total FROM voucher WHERE region = $1
    GROUP BY person_id HAVING sum(subsidy_fen + reserved_fen) > $2
"""


async def differences(database_url: str, library: Library) -> Sequence[str]:
    """Every broken rule, one line each, naming the row. Reads one snapshot; changes nothing.

    Raises OSError or asyncpg.PostgresError when the database cannot be read.
    """
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [line async for line in _broken(connection, library)]
    finally:
        await connection.close()


async def _broken(connection: asyncpg.Connection, library: Library) -> AsyncIterator[str]:
    for check in CHECKS:
        for row, trouble in await connection.fetch(check.broken):
            yield f"{row}: {trouble} (rule: {check.rule})"
    async for line in breaks(connection):
        yield line
    for pack in library.packs.values():
        for rule in pack.rules.subsidies:
            item_cap, person_cap = rule.item_cap_yuan * 100, rule.person_cap_yuan * 100
            for voucher in await connection.fetch(OVER_ITEM_CAP, pack.region, item_cap):
                yield (
                    f"voucher {voucher['id']} ({voucher['code']}): worth {in_yuan(voucher['max_fen'])} yuan "
                    f"(rule: at most {rule.item_cap_yuan} an item)"
                )
            for person in await connection.fetch(OVER_PERSON_CAP, pack.region, person_cap):
                yield (
                    f"person {person['person_id']}: {in_yuan(int(person['total']))} yuan "
                    f"(rule: at most {rule.person_cap_yuan} a person)"
                )
