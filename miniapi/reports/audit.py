"""The audit: every rule that must always hold, checked against one snapshot of the database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from faq.packs import Library
from miniapi.audit.queries import breaks
from miniapi.money import from_yuan
from miniapi.reports.checks import BY_POLICY, CHECKS
from miniapi.reports.custody_checks import CUSTODY
from miniapi.reports.draws import wrong_draws
from miniapi.reports.visit_checks import VISITS

ROOM = "SET LOCAL work_mem = '128MB'"  # what is compared is as large as the whole house


@asynccontextmanager
async def snapshot(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The database as it is now, whatever goes on in it meanwhile; nothing can be changed in it.

    Raises OSError or asyncpg.PostgresError when the database cannot be read.
    """
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(ROOM)
            yield connection
    finally:
        await connection.close()


async def differences(database_url: str, library: Library) -> Sequence[str]:
    """Every broken rule, one line each, naming the row. Raises what `snapshot` raises."""
    async with snapshot(database_url) as connection:
        return await differences_in(connection, library)


async def differences_in(connection: asyncpg.Connection, library: Library) -> Sequence[str]:
    """The same, in a snapshot."""
    return [line async for line in _broken(connection, library)]


async def _broken(connection: asyncpg.Connection, library: Library) -> AsyncIterator[str]:
    for check in (*CHECKS, *VISITS, *CUSTODY):
        for row, trouble in await connection.fetch(check.broken):
            yield f"{row}: {trouble} (rule: {check.rule})"
    async for line in wrong_draws(connection):
        yield line
    async for line in breaks(connection):
        yield line
    versions = _versions(library)
    for check in BY_POLICY:
        for row, trouble in await connection.fetch(check.broken, *versions):
            yield f"{row}: {trouble} (rule: {check.rule})"


def _versions(library: Library) -> list[list[Any]]:
    """Every version of every region's subsidy rule, column by column, with the days that go by it.

    Before the first one and after the last the nearest holds, as everywhere.
    """
    rows = []
    for pack in library.packs.values():
        versions = pack.rules.subsidies
        for place, rule in enumerate(versions):
            since = rule.since if place else None
            until = versions[place + 1].since if place + 1 < len(versions) else None
            caps = from_yuan(rule.item_cap_yuan), from_yuan(rule.person_cap_yuan)
            rows.append((pack.region, since, until, *caps, rule.percent))
    return [list(column) for column in zip(*rows, strict=True)]
