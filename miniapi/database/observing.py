"""What operators see of a process's database: slow queries, and how its connections stand."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
from tortoise import Tortoise

from miniapi import metrics

LONGEST_SQL = 500  # characters of a query in the log
COUNT_EVERY = 1.0  # seconds

log = logging.getLogger(__name__)

Prepare = Callable[[asyncpg.Connection], Coroutine[Any, Any, None]]


def noticing_slow(over_ms: int, first: Prepare | None = None) -> Prepare:
    """What prepares a connection of the pool: after `first`, its queries over so many ms are warnings.

    The SQL is written, its parameters never.
    """

    async def prepare(connection: asyncpg.Connection) -> None:
        if first is not None:
            await first(connection)
        connection.add_query_logger(notice)

    def notice(query: Any) -> None:
        if (ms := query.elapsed * 1000) >= over_ms:
            metrics.slow_query()
            log.warning(
                "slow query", extra={"ms": round(ms), "sql": " ".join(query.query.split())[:LONGEST_SQL]}
            )

    return prepare


@contextlib.asynccontextmanager
async def counted(size: int) -> AsyncIterator[None]:
    """While the block runs, the connections of this process's pool, `size` at most, are counted."""
    counting = asyncio.create_task(_keep_counting(size))
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)


async def _keep_counting(size: int) -> None:
    metrics.pool(connections=0, in_use=0, size=size, waiting=0)
    while True:
        pool: asyncpg.Pool | None = getattr(Tortoise.get_connection("default"), "_pool", None)
        if pool is not None:  # it is made when it is first needed
            count(pool)
        await asyncio.sleep(COUNT_EVERY)


def count(pool: asyncpg.Pool) -> None:
    """Note how a pool stands now."""
    open_now = pool.get_size()
    metrics.pool(
        connections=open_now,
        in_use=open_now - pool.get_idle_size(),
        size=pool.get_max_size(),
        waiting=len(pool._queue._getters),  # asyncpg tells it nowhere else
    )
