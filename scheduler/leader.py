"""One scheduler works; a second one waits, ready to take over."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from miniapi import outages
from miniapi.operation.installation import LEADER_LOCK
from scheduler.outage import Outage

TRY = "SELECT pg_try_advisory_lock($1)"
ASK_AGAIN = 1.0  # seconds between two tries to become the leader
CONNECT_WITHIN = 5.0  # seconds
CHECK_EVERY = 2.0  # seconds between two looks whether we still are

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """The connection that holds the lock is gone; another scheduler may work now."""


@asynccontextmanager
async def leading(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Wait until this process is the leader, also for the database; then lead while the block runs."""
    log.info("waiting to lead")
    connection, outage = None, Outage()
    try:
        while True:
            try:
                if connection is None:
                    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
                # a statement that waits for the lock would hold back vacuum
                if await connection.fetchval(
                    "SELECT pg_try_advisory_lock($1)", LEADER_LOCK, timeout=CONNECT_WITHIN
                ):
                    break
            except outages.AWAY as problem:
                outage.tell(problem)
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
            async with asyncio.timeout(CHECK_EVERY):
                await connection.fetchval("SELECT 1")
        except outages.AWAY as problem:
            raise LeadershipLost(outages.reason(problem)) from problem
