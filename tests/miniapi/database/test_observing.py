import asyncio
import io
import json
import logging

import asyncpg
import pytest

from miniapi.database import observing, sql
from miniapi.database.connection import connected
from miniapi.http.observing import request_id
from miniapi.logs import handler
from tests.miniapi.test_metrics import shown

SLOW = ("huanxin_database_slow_queries_total",)


@pytest.fixture
def slow_ones(caplog):
    def found():
        return [record for record in caplog.records if record.name == "miniapi.database.observing"]

    return found


async def test_a_slow_query_is_a_warning_with_its_text_and_without_its_values(database_url, slow_ones):
    async with connected(database_url, slow_query_ms=50):
        before = shown()[SLOW]

        await sql.rows("SELECT pg_sleep(0.1),\n      $1::text AS said", "张三")
        await sql.rows("SELECT 1 AS one")
        await asyncio.sleep(0)

    (record,) = slow_ones()
    assert record.levelname == "WARNING"
    assert record.sql == "SELECT pg_sleep(0.1), $1::text AS said"
    assert 90 < record.ms < 5000
    assert shown()[SLOW] == before + 1


async def test_a_slow_query_names_the_request_that_asked(database_url, slow_ones):
    stream = io.StringIO()
    writing = handler(stream, "json")
    logging.getLogger("miniapi.database.observing").addHandler(writing)
    try:
        async with connected(database_url, slow_query_ms=1):
            request_id.set("the-one")
            await sql.rows("SELECT pg_sleep(0.01)")
            await asyncio.sleep(0)
    finally:
        logging.getLogger("miniapi.database.observing").removeHandler(writing)

    assert {
        json.loads(line).get("request") for line in stream.getvalue().splitlines() if "pg_sleep" in line
    } == {"the-one"}


async def test_nobody_is_told_where_nobody_asked(database_url, slow_ones):
    async with connected(database_url):
        await sql.rows("SELECT pg_sleep(0.25)")
        await asyncio.sleep(0)

    assert slow_ones() == []


async def test_a_pool_tells_who_works_and_who_waits(database_url):
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    async with pool, pool.acquire(), pool.acquire():
        waiting = [asyncio.create_task(pool.fetch("SELECT 1")) for _ in range(3)]
        await asyncio.sleep(0.05)

        observing.count(pool)

        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    after = shown()
    assert after["huanxin_database_pool_connections",] == 2
    assert after["huanxin_database_pool_in_use",] == 2
    assert after["huanxin_database_pool_size",] == 2
    assert after["huanxin_database_pool_waiting",] == 3


async def test_the_pool_of_a_process_is_counted_by_itself(database_url):
    async with connected(database_url, slow_query_ms=1000):
        await sql.rows("SELECT 1 AS one")
        async with asyncio.timeout(5):
            while shown()["huanxin_database_pool_size",] != 10:
                await asyncio.sleep(0.05)
