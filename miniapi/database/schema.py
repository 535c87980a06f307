"""Bringing a database to the schema of this version, once, whoever asks."""

import logging
from pathlib import Path

import asyncpg
from tortoise import Tortoise
from tortoise.apps import Apps
from tortoise.migrations.api import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector

from miniapi.database import roles
from miniapi.database.connection import configuration
from miniapi.database.recording import record_the_applied

log = logging.getLogger(__name__)

LOCK = 0x68_75_61_6E_78_69_6E  # "huanxin": migrations of two hosts wait for each other
LATEST = max((path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py")), default="")


async def migrate(database_url: str) -> None:
    """Apply what is missing; a second caller waits, then finds nothing to do."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        try:
            if applied := await record_the_applied(connection):
                log.warning("applied before and not recorded, recorded now: %s", ", ".join(applied))
            await run_migrations(config=configuration(database_url))
        finally:
            await Tortoise.close_connections()
        await roles.grant(connection)
    finally:
        await connection.close()


async def is_current(connection: asyncpg.Connection) -> bool:
    """Whether the newest migration of this version has been recorded."""
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return False
    asked = "SELECT EXISTS (SELECT FROM tortoise_migrations WHERE app = 'miniapi' AND name = $1)"
    return bool(await connection.fetchval(asked, LATEST))


def loaded_apps() -> Apps:
    """The models of this version, once Tortoise has been told of them."""
    apps: Apps | None = Tortoise.apps
    if apps is None:
        raise RuntimeError("Tortoise is not initialised")
    return apps


async def missing_migrations() -> list[str]:
    """What the models say and no migration does; empty when all is well. Opens no connection."""
    wanted = configuration("postgresql://nowhere/none")
    await Tortoise.init(config=wanted, init_connections=False)
    try:
        changes = await MigrationAutodetector(loaded_apps(), wanted["apps"]).changes()
        return [repr(operation.describe()) for change in changes for operation in change.operations]
    finally:
        await Tortoise.close_connections()
