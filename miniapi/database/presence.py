"""Which keys a process works with: its database sessions are named after them, so that one can ask.

A process that has no keys has no such name. Whoever follows the clock has one session open at all times.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

import asyncpg

from miniapi import clock

MOST = 6  # ids that fit into a name, which PostgreSQL cuts at 63 bytes
LOOK_EVERY = 0.5  # seconds
BACK_WITHIN = 2 * clock.CONNECT_WITHIN + clock.ASK_AGAIN  # seconds: a session that was cut is there again
REPLACED_WITHIN = 3.0  # seconds: and so is a worker that was killed

NAME = re.compile(r"huanxin( [0-9a-f]{8})+")
OTHERS = """
    SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

Ids = tuple[str, ...]


def name_of(keys: Sequence[str]) -> str:
    """The name of a session whose process seals with the first of these keys and opens with all of them.

    More than fit are left out: what counts is the first, and a new key stands near the front.
    """
    return " ".join(["huanxin", *keys[:MOST]])


async def others(connection: asyncpg.Connection) -> set[Ids]:
    """The keys of every other process that uses this database now, the sealing one first."""
    names = [row["application_name"] or "" for row in await connection.fetch(OTHERS)]
    return {tuple(name.split()[1:]) for name in names if NAME.fullmatch(name)}


async def found(connection: asyncpg.Connection, sought: Callable[[Ids], bool], *, within: float) -> set[Ids]:
    """The keys of the sought ones of them, looked for so many seconds: one that is just away is found too."""
    until = time.monotonic() + within
    while True:
        those = set(filter(sought, await others(connection)))
        if those or time.monotonic() >= until:
            return those
        await asyncio.sleep(LOOK_EVERY)
