"""How a process reaches the database: one Tortoise configuration, one pool."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url

from miniapi.database import observing, presence, roles

POOL = 10  # connections a process holds at most
CONNECT_WITHIN = 3.0  # seconds

MODELS = (
    "miniapi.http.models",
    "miniapi.wechat.models",
    "miniapi.accounts.models",
    "miniapi.audit.models",
    "miniapi.staff.models",
    "miniapi.reminders.models",
    "miniapi.tickets.models",
    "miniapi.ledger.models",
    "miniapi.programmes.models",
    "miniapi.merchants.models",
    "miniapi.drops.models",
    "miniapi.vouchers.models",
    "miniapi.pickup.models",
    "miniapi.pickup.photo_models",
    "miniapi.pickup.handover_models",
    "miniapi.redemption.models",
    "miniapi.custody.models",
    "miniapi.settlement.models",
    "miniapi.chat.models",
    "miniapi.privacy.models",
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long, in seconds, the database may take. The server gives up first; the last bound is ours."""

    lock: float  # waiting for somebody else's
    statement: float
    command: float  # an answer to a statement, also where the server is frozen or the line is cut
    idle_in_transaction: float = 15.0  # nothing of ours waits within a transaction

    def apply_to(self, connection: dict[str, Any]) -> None:
        """Set the bounds of every session of a Tortoise connection."""
        connection["credentials"]["command_timeout"] = self.command
        connection["credentials"]["server_settings"] = {
            "lock_timeout": _milliseconds(self.lock),
            "statement_timeout": _milliseconds(self.statement),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction),
            "enable_seqscan": "off",  # a plan made while a table was empty would outlive its emptiness
            "tcp_keepalives_idle": "30",  # a session whose host is gone gives its locks back
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
        }


ANSWERING = Bounds(lock=3.0, statement=3.5, command=4.0)  # somebody waits for it
WORKING = Bounds(lock=10.0, statement=60.0, command=65.0)  # a job: nobody does


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
async def connected(
    database_url: str,
    *,
    as_owner: bool = False,
    bounds: Bounds = ANSWERING,
    slow_query_ms: int | None = None,
    keys: Sequence[str] = (),
) -> AsyncIterator[None]:
    """The database while the block runs, for every task of this process: as the service, or its owner.

    With `slow_query_ms` operators see it: queries over so long, and the connections. `keys` are the ids of
    those that the process works with, the sealing one first: whoever replaces a key asks for them.
    """
    wanted = configuration(database_url)
    bounds.apply_to(wanted["connections"]["default"])
    if keys:
        wanted["connections"]["default"]["credentials"]["application_name"] = presence.name_of(keys)
    prepare: observing.Prepare | None = None if as_owner else roles.become
    if slow_query_ms is not None:
        prepare = observing.noticing_slow(slow_query_ms, prepare)
    if prepare is not None:
        wanted["connections"]["default"]["credentials"]["init"] = prepare
    await Tortoise.init(config=wanted, _enable_global_fallback=True)
    try:
        async with observing.counted(POOL) if slow_query_ms is not None else nullcontext():
            yield
    finally:
        await Tortoise.close_connections()


def _connection(database_url: str) -> dict[str, Any]:
    rest = database_url.partition("://")[2]
    found: dict[str, Any] = expand_db_url(f"asyncpg://{rest}")
    # expand_db_url leaves a socket folder in the query escaped as it was written
    if host := parse_qs(urlsplit(f"asyncpg://{rest}").query).get("host"):
        found["credentials"]["host"] = host[0]
    found["engine"] = "miniapi.database.pool"
    if sslmode := found["credentials"].pop("sslmode", None):  # libpq's word for what asyncpg calls ssl
        found["credentials"]["ssl"] = sslmode
    found["credentials"]["minsize"], found["credentials"]["maxsize"] = 0, POOL
    found["credentials"]["timeout"] = CONNECT_WITHIN
    return found


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
