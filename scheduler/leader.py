"""One scheduler works; a second one waits, ready to take over."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

LOCK = 0x73_63_68_65_64  # "sched"
ASK_AGAIN = 1.0  # seconds between two tries to become the leader
CHECK_EVERY = 2.0  # seconds between two looks whether we still are

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """The connection that holds the lock is gone; another scheduler may work now."""


@asynccontextmanager
async def leading(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Wait until this process is the leader, then lead while the block runs."""
    connection = await asyncpg.connect(database_url)
    try:
        log.info("waiting to lead")
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110
            await asyncio.sleep(ASK_AGAIN)  # a statement that waits would hold back vacuum
        log.info("this scheduler leads")
        yield connection
    finally:
        connection.terminate()


async def watch(connection: asyncpg.Connection) -> None:
    """Come back only when the leadership is lost. Raises LeadershipLost."""
    while True:
        await asyncio.sleep(CHECK_EVERY)
        try:
            await asyncio.wait_for(connection.fetchval("SELECT 1"), timeout=CHECK_EVERY)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            raise LeadershipLost(str(problem)) from problem
