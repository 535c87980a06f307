import asyncio

import asyncpg
import pytest

from miniapi import clock
from miniapi.database import sql
from miniapi.database.connection import connected
from miniapi.database.presence import found, name_of, others

OLD, NEW = "0123abcd", "89abcdef"


def without_new(ids):
    return NEW not in ids


@pytest.fixture
async def operator(database_url):
    """Somebody who asks, and is named too."""
    connection = await asyncpg.connect(
        database_url, server_settings={"application_name": name_of([NEW, OLD])}
    )
    yield connection
    await connection.close()


async def test_a_process_tells_its_keys_and_one_without_tells_nothing(database_url, operator):
    async with connected(database_url):
        await sql.rows("SELECT 1")
        assert await others(operator) == set()

    async with connected(database_url, keys=[OLD, NEW]):
        await sql.rows("SELECT 1")
        assert await others(operator) == {(OLD, NEW)}


async def test_a_process_that_has_nothing_to_do_is_seen_by_its_clock(database_url, operator):
    await clock.follow(database_url, session_name=name_of([OLD]))
    try:
        assert await others(operator) == {(OLD,)}
        await operator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1",
            name_of([OLD]),
        )
        assert await found(operator, without_new, within=5) == {(OLD,)}
    finally:
        await clock.stop()


async def test_another_database_of_the_server_does_not_count(server, operator):
    named = {"application_name": name_of([OLD])}
    stranger = await asyncpg.connect(server.url("postgres"), server_settings=named)

    assert await others(operator) == set()
    await stranger.close()


@pytest.mark.parametrize(
    "name", ["huanxin", "psql", "huanxin x", "huanxin 0123abcd x", "", "huanxins 0123abcd"]
)
async def test_what_is_named_otherwise_does_not_count(database_url, operator, name):
    stranger = await asyncpg.connect(database_url, server_settings={"application_name": name})

    assert await others(operator) == set()
    await stranger.close()


async def test_the_first_of_many_keys_are_told_whole(database_url, operator):
    many = [f"{number:08x}" for number in range(9)]

    async with connected(database_url, keys=many):
        await sql.rows("SELECT 1")

        assert await others(operator) == {tuple(many[:6])}


async def test_only_who_is_sought_is_found(database_url, operator):
    async with connected(database_url, keys=[NEW]):
        await sql.rows("SELECT 1")

        assert await found(operator, without_new, within=0) == set()
        assert await found(operator, lambda ids: ids == (NEW,), within=0) == {(NEW,)}


async def test_who_comes_back_after_a_moment_is_found(database_url, operator):
    asked = asyncio.create_task(found(operator, without_new, within=5))
    await asyncio.sleep(0.2)
    async with connected(database_url, keys=[OLD]):
        await sql.rows("SELECT 1")

        assert await asked == {(OLD,)}
