import asyncio

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from miniapi.database import pool, sql
from miniapi.database.connection import ANSWERING, POOL, WORKING, Bounds, configuration, connected
from miniapi.http.errors import DatabaseUnavailable
from miniapi.http.problems import refusal_for

SHORT = Bounds(lock=0.2, statement=0.3, command=1.0)
SHOWN = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


async def shown():
    return [(await sql.rows(f"SHOW {name}"))[0][name] for name in SHOWN]


async def test_a_session_has_the_bounds_of_its_work(database_url):
    async with connected(database_url):
        assert await shown() == ["3s", "3500ms", "15s"]
    async with connected(database_url, bounds=WORKING):
        assert await shown() == ["10s", "1min", "15s"]


def test_the_server_gives_up_before_we_do():
    for bounds in (ANSWERING, WORKING):
        assert bounds.lock < bounds.statement < bounds.command


def test_a_migration_may_take_its_time():
    credentials = configuration("postgresql://nowhere/none")["connections"]["default"]["credentials"]

    assert {"command_timeout", "server_settings"}.isdisjoint(credentials)


async def test_waiting_for_a_connection_has_an_end(database_url, monkeypatch):
    monkeypatch.setattr(pool, "CONNECTION_WITHIN", 0.3)
    async with connected(database_url):
        held = asyncio.Event()
        over = asyncio.Event()

        async def hold(n):
            async with in_transaction():
                if n == POOL - 1:
                    held.set()
                await over.wait()

        holding = [asyncio.create_task(hold(n)) for n in range(POOL)]
        await held.wait()
        with pytest.raises(TimeoutError):
            await sql.rows("SELECT 1")
        over.set()
        await asyncio.gather(*holding)

        assert await sql.rows("SELECT 1 AS one") == [{"one": 1}]


class TestWhatTakesTooLong:
    async def test_is_ended_and_the_connection_is_good_again(self, database_url):
        async with connected(database_url, bounds=SHORT):
            with pytest.raises(asyncpg.QueryCanceledError) as ended:
                await sql.rows("SELECT pg_sleep(30)")

            assert isinstance(refusal_for(ended.value, request=None), DatabaseUnavailable)
            assert await sql.rows("SELECT 1 AS one") == [{"one": 1}]

    async def test_to_lock_is_not_waited_for(self, database_url):
        holder = await asyncpg.connect(database_url)
        async with connected(database_url, bounds=SHORT), holder.transaction():
            await holder.execute("LOCK TABLE voucher")
            with pytest.raises(asyncpg.LockNotAvailableError) as ended:
                async with in_transaction():
                    await sql.rows("SELECT id FROM voucher")
        await holder.close()

        assert isinstance(refusal_for(ended.value, request=None), DatabaseUnavailable)


@pytest.mark.parametrize(
    "trouble",
    [
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidCatalogNameError("database does not exist"),
        asyncpg.DiskFullError("no space left on device"),
        TimeoutError(),
    ],
)
def test_a_database_that_cannot_is_unavailable(trouble):
    assert isinstance(refusal_for(trouble, request=None), DatabaseUnavailable)
