"""Tortoise's PostgreSQL client with a pool that lets nobody wait without end."""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

CONNECTION_WITHIN = 8.0  # seconds in which a free or a new connection must be had


class Session(asyncpg.Connection):  # type: ignore[misc]  # asyncpg says no types
    """A connection of the pool. Nothing of ours outlives its transaction: there is nothing to clean up."""

    def get_reset_query(self) -> str:
        """What would be asked after every use otherwise: a second way to the database for each statement."""
        return ""


class Pool(asyncpg.Pool):  # type: ignore[misc]  # asyncpg says no types
    """asyncpg's pool, where waiting for a connection and giving it back are bounded."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        """A connection. Raises TimeoutError where none is to be had in time."""
        return super().acquire(timeout=timeout or CONNECTION_WITHIN)


class Client(AsyncpgDBClient):
    """What Tortoise speaks to PostgreSQL through."""

    connection_class = Session

    async def create_pool(self, **wanted: Any) -> asyncpg.Pool:
        """A pool that connects when somebody asks, so that making it never fails."""
        fixed = {
            "record_class": asyncpg.Record,
            "max_queries": 50_000,
            "max_inactive_connection_lifetime": 300.0,
        }
        return await Pool(None, **fixed, **wanted)


client_class = Client  # the name by which Tortoise finds it
