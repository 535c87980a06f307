"""Migrations that were interrupted, or asked for twice at once."""

import asyncio
import os
import signal
import sys

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api import migrate

from miniapi.database import recording, schema
from miniapi.database.connection import configuration
from miniapi.ledger.models import AccountName

MIGRATE = """
import asyncio, os, signal, sys
from tortoise.migrations.recorder import MigrationRecorder
from miniapi.database import schema
recorded = MigrationRecorder.record_applied
async def record_applied(recorder, app, name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)  # applied, committed, not recorded
    await recorded(recorder, app, name)
MigrationRecorder.record_applied = record_applied
asyncio.run(schema.migrate(sys.argv[1]))
"""
BEFORE_THE_SOURCES = "0006_kept_with_its_act"
BEFORE_THE_CREWS = "0007_money"
A_CITY_WITHOUT_CREWS = (
    "INSERT INTO merchant (id, region, kind, name, address, demo)"
    " SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'r', kind, name, 'a', true"
    " FROM (VALUES (1, 'seller', 's'), (2, 'recycler', 'first'), (3, 'recycler', 'r')) m (n, kind, name)",
    "INSERT INTO slot_pattern (id, region, district, begins, ends, capacity, demo)"
    " VALUES (gen_random_uuid(), 'r', 'd', 9, 11, 3, true)",
    "INSERT INTO slot (id, region, district, starts_at, ends_at, capacity, taken)"
    " VALUES (gen_random_uuid(), 'r', 'd', '2024-09-01T09:00:00+08:00', '2024-09-01T11:00:00+08:00', 3, 1)",
)
RECORDED = "SELECT name FROM tortoise_migrations WHERE app = 'miniapi' ORDER BY name"


@pytest.fixture
async def empty_url(server, database_url):
    """A database with nothing in it."""
    name = f"empty_{os.urandom(6).hex()}"
    admin = await asyncpg.connect(database_url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def migrating(url, killed_at="never"):
    """A process that migrates, killed after it applied one migration; how it ended."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, url, killed_at)
    return await process.wait()


async def asked(url, sql):
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


SHAPE = """
    SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT conname FROM pg_constraint
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


async def shape(url):
    """All columns, constraints, triggers and functions."""
    return sorted(await asked(url, SHAPE))


@pytest.mark.parametrize("name", [recording.NAMES[0], recording.NAMES[-1]])
async def test_killed_between_applying_and_recording_it_goes_on(empty_url, database_url, name, caplog):
    assert await migrating(empty_url, killed_at=name) == -signal.SIGKILL
    assert name not in await asked(empty_url, RECORDED)

    await schema.migrate(empty_url)

    assert await asked(empty_url, RECORDED) == recording.NAMES
    assert await shape(empty_url) == await shape(database_url)
    assert f"applied before and not recorded, recorded now: {name}" in caplog.text


@pytest.mark.parametrize("forgotten", [recording.NAMES[:1], recording.NAMES[-1:]])
async def test_what_was_applied_is_recorded_again_and_nothing_is_lost(database_url, forgotten):
    await asked(database_url, "CREATE TABLE kept AS SELECT 7 AS n")
    before = await shape(database_url)
    names = ", ".join(f"'{name}'" for name in forgotten)
    await asked(database_url, f"DELETE FROM tortoise_migrations WHERE name IN ({names})")

    await schema.migrate(database_url)

    assert await asked(database_url, RECORDED) == recording.NAMES
    assert await shape(database_url) == before
    assert await asked(database_url, "SELECT n FROM kept") == [7]


async def test_a_book_of_before_gets_the_accounts_of_all_sources(empty_url):
    await migrate(config=configuration(empty_url), target=f"miniapi.{BEFORE_THE_SOURCES}")
    await Tortoise.close_connections()
    await asked(
        empty_url,
        "INSERT INTO account (id, book, name, balance)"
        " SELECT gen_random_uuid(), 'b', name, 7"
        " FROM unnest(ARRAY['fund', 'pool', 'reserved', 'payable', 'paid', 'clawback']) name",
    )

    await schema.migrate(empty_url)

    found = await asked(empty_url, "SELECT name || ' ' || balance FROM account WHERE book = 'b'")
    assert {one.split()[0] for one in found} == set(AccountName)
    assert {"pool 7", "province 0", "zone 0", "district 0"} <= set(found)


async def test_what_was_offered_without_a_crew_is_offered_by_a_crew(empty_url):
    await migrate(config=configuration(empty_url), target=f"miniapi.{BEFORE_THE_CREWS}")
    await Tortoise.close_connections()
    for statement in A_CITY_WITHOUT_CREWS:
        await asked(empty_url, statement)

    await schema.migrate(empty_url)

    crews = "SELECT m.name || ' ' || c.name FROM crew c JOIN merchant m ON m.id = c.merchant_id"
    hours = "SELECT DISTINCT begins || '-' || ends || ' ' || capacity || ' ' || district FROM crew_hours"
    assert await asked(empty_url, crews) == ["first 示例上门一组"]
    assert await asked(empty_url, hours) == ["9-11 3 d"]
    assert await asked(empty_url, "SELECT count(DISTINCT weekday) FROM crew_hours") == [7]
    assert await asked(empty_url, "SELECT capacity FROM shift") == [3]
    assert await asked(empty_url, "SELECT taken || ' ' || capacity FROM slot") == ["1 3"]


async def test_two_hosts_at_once_wait_for_each_other(empty_url, database_url):
    ended = await asyncio.gather(migrating(empty_url), migrating(empty_url))

    assert ended == [0, 0]
    assert await asked(empty_url, RECORDED) == recording.NAMES
    assert await shape(empty_url) == await shape(database_url)


async def test_killed_at_any_moment_the_next_one_goes_on(empty_url, database_url):
    for after in (1.0, 1.3, 1.6):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_url, "never")
        await asyncio.sleep(after)
        if process.returncode is None:
            process.kill()
        await process.wait()

    assert await migrating(empty_url) == 0
    assert await shape(empty_url) == await shape(database_url)
