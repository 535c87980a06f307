"""Migrations that were applied and not recorded: Tortoise was killed after the one and before the other.

A migration is one transaction, so what it adds tells whether it was applied. One of plain SQL alone adds
nothing that could be seen: it must bear to run twice.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import asyncpg
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations import Migration
from tortoise.migrations import operations as ops

from miniapi.database.operations import AddConstraints, Make

NAMES = sorted(path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py"))
RECORDED = "SELECT name FROM tortoise_migrations WHERE app = 'miniapi'"
RECORD = "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('miniapi', $1, clock_timestamp())"
HAS_TABLE = "SELECT to_regclass(quote_ident($1)) IS NOT NULL"
HAS_THING = "SELECT to_regclass(quote_ident($1)) IS NOT NULL OR to_regproc(quote_ident($1)) IS NOT NULL"
HAS_COLUMN = """
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(quote_ident($1)) AND attname = $2
                   AND NOT attisdropped)
"""
HAS_CONSTRAINT = """
    SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = $1)
        OR to_regclass(quote_ident($1)) IS NOT NULL
"""

Sign = tuple[str, ...]  # a question that is answered true once the migration was applied, and its values


async def record_the_applied(connection: asyncpg.Connection) -> list[str]:
    """Record the migrations that were applied and not recorded; their names come back."""
    found = await _applied_unrecorded(connection)
    for name in found:
        await connection.execute(RECORD, name)
    return found


async def _applied_unrecorded(connection: asyncpg.Connection) -> list[str]:
    if not await connection.fetchval(HAS_TABLE, "tortoise_migrations"):
        return []
    recorded = {row["name"] for row in await connection.fetch(RECORDED)}
    newest = max(recorded & set(NAMES), default="")
    found = []
    for name in NAMES:
        if name in recorded:
            continue
        if name > newest and not await _was_applied(connection, name):
            break
        found.append(name)  # seen to be, or a later one is and builds on it
    return found


async def _was_applied(connection: asyncpg.Connection, name: str) -> bool:
    signs = list(_signs(_migration(name).operations, _tables()))
    return bool(signs) and all([await connection.fetchval(*sign) for sign in signs])


def _signs(operations: Sequence[ops.Operation], tables: dict[str, str]) -> Iterator[Sign]:
    """What is there after these operations and was not before."""
    replaced = {one.name for one in operations if isinstance(one, ops.RemoveConstraint)}
    for one in operations:
        match one:
            case ops.CreateModel():
                yield HAS_TABLE, tables[one.name]
            case ops.AddField():
                yield HAS_COLUMN, tables[one.model_name], _column(one)
            case AddConstraints():
                names = (constraint.name for _, constraint in one.added)
                yield from ((HAS_CONSTRAINT, name) for name in names if name and name not in replaced)
            case Make():
                yield HAS_THING, one.name
            case ops.AddConstraint() if one.constraint.name and one.constraint.name not in replaced:
                yield HAS_CONSTRAINT, one.constraint.name


def _column(added: ops.AddField) -> str:
    field = added.field
    if isinstance(field, ForeignKeyFieldInstance):
        return field.source_field or f"{added.name}_id"
    return getattr(field, "source_field", None) or added.name


def _tables() -> dict[str, str]:
    """The table of each model that a migration creates."""
    return {
        one.name: str((one.options or {}).get("table", one.name.lower()))
        for name in NAMES
        for one in _migration(name).operations
        if isinstance(one, ops.CreateModel)
    }


def _migration(name: str) -> type[Migration]:
    migration: type[Migration] = import_module(f"miniapi.database.migrations.{name}").Migration
    return migration
