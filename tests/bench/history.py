"""What was claimed before: vouchers of three drops with all that belongs to them, as after years."""

from datetime import timedelta
from uuid import UUID

import asyncpg
from tortoise.transactions import in_transaction

from miniapi.audit.actions import Event, record_all
from miniapi.database.connection import WORKING, connected
from miniapi.drops.models import Drop
from miniapi.programmes.models import Programme
from miniapi.stopping import run
from miniapi.vouchers.issuing import CODE_ALPHABET, CODE_LENGTH
from tests.bench.city import NOON, WORTH, City
from tests.factories.crowd import settle
from tests.factories.season import a_drop

DROPS = 3  # whoever was there has a voucher of each: as many as the personal cap allows
TOGETHER = 10_000  # audit events in one transaction

# $1: how many vouchers, $2: the number of the first person, $3: the drops, $4: when, $5: the worth of each
NUMBERED = f"""
    WITH numbered AS (
        SELECT n, lpad(to_hex(n), 32, '0')::uuid AS id,
               lpad(to_hex($2::int + (n - 1) / {DROPS}), 32, '0')::uuid AS person,
               ($3::uuid[])[(n - 1) % {DROPS} + 1] AS drop, (n - 1) / {DROPS} + 1 AS rank,
               $4::timestamptz AS at, $5::bigint AS worth
        FROM generate_series(1, $1::int) n
    )
"""
CODE = f"""
    SELECT string_agg(substr('{CODE_ALPHABET}', 1 + get_byte(hash, place) % {len(CODE_ALPHABET)}, 1), '')
    FROM decode(md5(n::text), 'hex') hash, generate_series(1, {CODE_LENGTH}) place
"""
WRITE = {
    "vouchers": f"""
        INSERT INTO voucher (id, code, drop_id, resident_id, person_id, region, rank, state, max_fen,
                             reserved_fen, subsidy_fen, issued_at, valid_until)
        SELECT id, ({CODE}), drop, person, person, 'yangling', rank, 'issued',
               worth, worth, 0, at, at + interval '7 days' FROM numbered
    """,
    "their events": """
        INSERT INTO voucher_event (id, voucher_id, state, at, note)
        SELECT id, id, 'issued', at, '领取成功' FROM numbered
    """,
    "transfers": """
        INSERT INTO transfer (id, key, reason, at)
        SELECT id, 'voucher:' || id || ':reserve', 'claim', at FROM numbered
    """,
    "entries": """
        INSERT INTO entry (id, transfer_id, account_id, amount)
        SELECT lpad(to_hex(2 * n + side), 32, '0')::uuid, numbered.id, account.id, (2 * side - 1) * worth
        FROM numbered CROSS JOIN (VALUES ('pool', 0), ('reserved', 1)) sides (name, side)
            JOIN account USING (name)
    """,
    "balances": """
        UPDATE account SET balance = balance + CASE name WHEN 'pool' THEN -moved ELSE moved END
        FROM (SELECT sum(worth) AS moved FROM numbered) sums WHERE name IN ('pool', 'reserved')
    """,
    "notices": """
        INSERT INTO notice (id, resident_id, kind, subject, dedupe_key, asked_for, about, fields_json, due_at,
                            too_late_at, state, attempts, created_at, done_at)
        SELECT id, person, 'claimed', id, 'claimed:' || id, false, '您领到一张消费券，最高减 1000 元',
               '{"thing1": "消费券", "amount2": "1000元"}', at, at + interval '30 minutes', 'inbox', 1, at, at
        FROM numbered
    """,
}


def write(town: City, database_url: str, vouchers: int) -> None:
    """Give that many vouchers, to people who come after all who claim."""
    run(_write(town, database_url, vouchers))


async def _write(town: City, database_url: str, vouchers: int) -> None:
    async with connected(database_url, bounds=WORKING):
        drops = await _drops(town, vouchers)
        await _log(town, vouchers, drops)
    connection = await asyncpg.connect(database_url)
    try:
        # every row fits to the others: looking each of them up would take as long again
        await connection.execute("SET session_replication_role = replica")
        await settle(connection, town.people + 1, town.people + -(-vouchers // DROPS), at=NOON)
        for what, statement in WRITE.items():
            print(f"writing {vouchers:,} {what}", flush=True)
            before = (vouchers, town.people + 1, drops, NOON - timedelta(days=1), WORTH)
            await connection.execute(NUMBERED + statement, *before)
        print("tidying up", flush=True)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _drops(town: City, vouchers: int) -> list[UUID]:
    programme = await Programme.get(code=town.book)
    drops = []
    for index in range(DROPS):
        issued = len(range(index, vouchers, DROPS))
        drop = await a_drop(programme, NOON - timedelta(days=DROPS - index), quota=issued)
        await Drop.filter(id=drop.id).update(issued=issued)
        drops.append(drop.id)
    return drops


async def _log(town: City, vouchers: int, drops: list[UUID]) -> None:
    print(f"writing {vouchers:,} events of the audit log", flush=True)
    for first in range(0, vouchers, TOGETHER):
        events = [_event(town, n, drops) for n in range(first, min(first + TOGETHER, vouchers))]
        async with in_transaction():
            await record_all(events, at=NOON)


def _event(town: City, n: int, drops: list[UUID]) -> Event:
    return Event(
        actor=f"resident:{UUID(int=town.people + 1 + n // DROPS)}",
        action="voucher.claimed",
        subject=f"voucher:{UUID(int=n + 1)}",
        after={"drop": str(drops[n % DROPS]), "rank": n // DROPS + 1, "reserved_fen": WORTH},
    )
