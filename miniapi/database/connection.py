"""How a process reaches the database: one Tortoise configuration, one pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url

POOL = 10  # connections a process holds at most

MODELS = (
    "miniapi.http.models",
    "miniapi.accounts.models",
    "miniapi.reminders.models",
    "miniapi.tickets.models",
    "miniapi.ledger.models",
    "miniapi.programmes.models",
    "miniapi.merchants.models",
    "miniapi.drops.models",
    "miniapi.vouchers.models",
    "miniapi.pickup.models",
    "miniapi.chat.models",
)


def configuration(database_url: str) -> dict[str, Any]:
    """Tortoise's configuration for this database."""
    return {
        "connections": {"default": _connection(database_url)},
        "apps": {
            "miniapi": {
                "models": list(MODELS),
                "default_connection": "default",
                "migrations": "miniapi.database.migrations",
            }
        },
        "use_tz": True,
        "timezone": "Asia/Shanghai",
    }


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[None]:
    """The database while the block runs, for every task of this process."""
    await Tortoise.init(config=configuration(database_url), _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


def _connection(database_url: str) -> dict[str, Any]:
    rest = database_url.partition("://")[2]
    found: dict[str, Any] = expand_db_url(f"asyncpg://{rest}")
    # expand_db_url leaves a socket folder in the query escaped as it was written
    if host := parse_qs(urlsplit(f"asyncpg://{rest}").query).get("host"):
        found["credentials"]["host"] = host[0]
    found["credentials"]["minsize"], found["credentials"]["maxsize"] = 1, POOL
    return found
