"""One scheduler works; a second one waits, ready to take over."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from miniapi import outages

LOCK = 0x73_63_68_65_64  # "sched"
ASK_AGAIN = 1.0  # seconds between two tries to become the leader
SAY_AGAIN = 60.0  # seconds between two lines about a database that is away
CONNECT_WITHIN = 5.0  # seconds
CHECK_EVERY = 2.0  # seconds between two looks whether we still are

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """The connection that holds the lock is gone; another scheduler may work now."""


@asynccontextmanager
async def leading(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Wait until this process is the leader, also for the database; then lead while the block runs."""
    log.info("waiting to lead")
    connection, says_again = None, 0.0
    try:
        while True:
            try:
                if connection is None:
                    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
                # a statement that waits for the lock would hold back vacuum
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK, timeout=CONNECT_WITHIN):
                    break
            except outages.AWAY as problem:
                if time.monotonic() > says_again:
                    log.warning("waiting for the database: %s", outages.reason(problem))
                    says_again = time.monotonic() + SAY_AGAIN
                if connection is not None:
                    connection.terminate()
                connection = None
            await asyncio.sleep(ASK_AGAIN)
        log.info("this scheduler leads")
        yield connection
    finally:
        if connection is not None:
            connection.terminate()


async def watch(connection: asyncpg.Connection) -> None:
    """Come back only when the leadership is lost. Raises LeadershipLost."""
    while True:
        await asyncio.sleep(CHECK_EVERY)
        try:
            await asyncio.wait_for(connection.fetchval("SELECT 1"), timeout=CHECK_EVERY)
        except outages.AWAY as problem:
            raise LeadershipLost(outages.reason(problem)) from problem
