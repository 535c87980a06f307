"""A city whose residents all want a voucher: verified, signed in, before an open drop."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

import faq.packs
from miniapi import clock
from miniapi.accounts.fingerprints import make_ready
from miniapi.database import schema
from miniapi.database.connection import connected
from miniapi.database.embedded import DATABASE, Server
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from miniapi.reports.audit import differences
from tests.factories.people import KEYS
from tests.factories.season import a_drop, a_programme

NOON = datetime(2024, 9, 1, 12, tzinfo=clock.SHANGHAI)
FUND = Fen(10**14)
QUOTA = 10**8
SEALED = KEYS.seal("王小明")

# a resident's number is their id, and what the load generator makes their token of
PEOPLE = (
    """
    INSERT INTO person (id, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, encode(sha256(n::text::bytea), 'hex'), $2
    FROM generate_series(1, $1::int) n
    """,
    """
    INSERT INTO resident (id, openid, region, person_id, name_sealed, id_number_sealed, phone_verified, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'o' || lpad(n::text, 27, '0'), 'yangling',
           lpad(to_hex(n), 32, '0')::uuid, $3, $3, false, $2
    FROM generate_series(1, $1::int) n
    """,
    """
    INSERT INTO session (id, resident_id, token_hash, created_at, expires_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid,
           encode(sha256(lpad(n::text, 43, '0')::bytea), 'hex'), $2::timestamptz, $2::timestamptz + interval '30 days'
    FROM generate_series(1, $1::int) n
    """,
)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True, slots=True)
class City:
    """A seeded database, the drop in it, and how many may claim there."""

    server: Server
    drop: UUID
    people: int

    @contextmanager
    def copied(self) -> Iterator[str]:
        """The address of a database that is as this one was before anybody claimed; gone after the block."""
        admin, name = self.server.url("postgres"), f"copy_{next(_copies)}"
        _do(admin, f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY FILE_COPY", "CHECKPOINT")
        try:
            yield self.server.url(name)
        finally:
            _do(admin, f"DROP DATABASE {name} WITH (FORCE)")


_copies = itertools.count(1)


def found(server: Server, people: int) -> City:
    """Fill the server's database with so many residents, a drop that is open, and more money than they can get."""
    return asyncio.run(_found(server, people))


def rows(database_url: str) -> dict[str, int]:
    """How many rows each table has."""
    return asyncio.run(_rows(database_url))


def audited(database_url: str) -> list[str]:
    """What `huanxin audit` finds."""
    return list(asyncio.run(differences(database_url, faq.packs.load())))


async def _found(server: Server, people: int) -> City:
    url = server.url()
    await schema.migrate(url)
    await clock.start_at(url, NOON)
    async with connected(url):
        await make_ready(KEYS, at=NOON)
        programme = await a_programme(faq.packs.load(), NOON)
        await ledger.move(
            FUND,
            AccountName.FUND,
            AccountName.POOL,
            book=programme.code,
            reason="appropriation",
            key="bench:appropriation",
            at=NOON,
        )
        drop = await a_drop(programme, NOON.replace(hour=10), quota=QUOTA)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(PEOPLE[0], people, NOON)
        await connection.execute(PEOPLE[1], people, NOON, SEALED)
        await connection.execute(PEOPLE[2], people, NOON)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return City(server, drop.id, people)


async def _rows(database_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        tables = [row["tablename"] for row in await connection.fetch(TABLES)]
        return {table: await connection.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}
    finally:
        await connection.close()


def _do(database_url: str, *statements: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())
