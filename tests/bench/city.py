"""A city whose residents all want a voucher: verified, signed in, before an open drop."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import asyncpg

import faq.packs
from miniapi import clock
from miniapi.accounts.fingerprints import make_ready
from miniapi.audit.actions import record
from miniapi.database import schema
from miniapi.database.connection import connected
from miniapi.database.embedded import DATABASE, Server
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import Fen
from miniapi.reports.audit import differences
from miniapi.stopping import run
from tests.factories.crowd import settle
from tests.factories.people import KEYS
from tests.factories.season import a_drop, a_programme

NOON = datetime(2024, 9, 1, 12, tzinfo=clock.SHANGHAI)
FUND = Fen(10**14)
QUOTA = 10**8
WORTH = 100_000  # fen: the item cap
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
MACHINE = (
    "SELECT 'PostgreSQL ' || current_setting('server_version') || ', fsync ' || current_setting('fsync')"
)
CLAIMED = 'SELECT issued FROM "drop" WHERE id = $1'

_copies = itertools.count(1)


@dataclass(frozen=True, slots=True)
class City:
    """A seeded database: its book and drop, how many residents may claim, the rows in its tables."""

    server: Server
    book: str
    drop: UUID
    people: int
    rows: Mapping[str, int]

    @contextmanager
    def copied(self) -> Iterator[str]:
        """The address of a database that is as this one was before anybody claimed; gone after the block."""
        admin, name = self.server.url("postgres"), f"copy_{next(_copies)}"
        do(admin, f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY FILE_COPY")
        try:
            yield self.server.url(name)
        finally:
            do(admin, f"DROP DATABASE {name} WITH (FORCE)")

    def claimed(self, database_url: str) -> int:
        """How many vouchers of the drop a copy has given out."""
        return int(run(_asked(database_url, CLAIMED, self.drop)))

    def written(self, database_url: str) -> Mapping[str, Fraction]:
        """How many rows a claim has written in a copy, by table."""
        rows, claims = run(_rows(database_url)), self.claimed(database_url)
        return {
            table: Fraction(rows[table] - before, claims)
            for table, before in self.rows.items()
            if rows[table] != before
        }


def found(server: Server, people: int) -> City:
    """Fill the server's database: so many residents, an open drop, more money than they can get."""
    return run(_found(server, people))


def audited(database_url: str) -> list[str]:
    """What `huanxin audit` finds."""
    return list(run(differences(database_url, faq.packs.load())))


def described(server: Server) -> str:
    """The server, in a few words."""
    return str(run(_asked(server.url("postgres"), MACHINE)))


def do(database_url: str, statement: str) -> None:
    """One statement."""
    run(_asked(database_url, statement))


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
            key=f"{programme.code}:unspent:bench",  # more than the notice gave, as the audit lets pass
            at=NOON,
        )
        drop = await a_drop(programme, NOON.replace(hour=10), quota=QUOTA)
        await record("operator:bench", "appropriate", f"programme:{programme.id}", at=NOON)
    connection = await asyncpg.connect(url)
    try:
        await settle(connection, 1, people, at=NOON)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return City(server, programme.code, drop.id, people, await _rows(url))


async def _asked(database_url: str, statement: str, *values: object) -> Any:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


async def _rows(database_url: str) -> Mapping[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        tables = [row["tablename"] for row in await connection.fetch(TABLES)]
        return {table: await connection.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}
    finally:
        await connection.close()
