"""Sealing everything anew with the first key, beside a running service; and which key seals what.

The columns are found, not listed: every text column of the database whose name ends in `_sealed`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from miniapi.keys import Keys, SealBroken

BATCH = 500
WITHOUT_ID = ""  # sealed before keys had ids

SEALED_COLUMNS = """
    SELECT c.relname AS "table", a.attname AS "column", k.attname AS key,
           format_type(k.atttypid, k.atttypmod) AS key_type
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
      AND a.attname LIKE '%\\_sealed' AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
    ORDER BY 1, 2
"""
COUNT = r"""
    SELECT coalesce(substring("{column}" FROM '^([0-9a-f]{{8}}):'), '') AS id, count(*) AS rows
    FROM "{table}" WHERE "{column}" IS NOT NULL GROUP BY 1
"""
STALE = """
    SELECT "{key}" AS key, "{column}" AS sealed FROM "{table}"
    WHERE "{column}" NOT LIKE $1 || ':%' AND ($2::{key_type} IS NULL OR "{key}" > $2)
    ORDER BY "{key}" LIMIT {batch}
"""
REPLACE = 'UPDATE "{table}" SET "{column}" = $1 WHERE "{key}" = $2 AND "{column}" = $3'

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where sealed text stands, and the key of its rows."""

    table: str
    column: str
    key: str
    key_type: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"

    def sql(self, statement: str) -> str:
        """A statement about this column; the names are those of the database's own catalogue."""
        return statement.format(
            table=self.table, column=self.column, key=self.key, key_type=self.key_type, batch=BATCH
        )


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many texts were sealed anew, and which could not be opened: the column and why, once each."""

    rows: int
    closed: Sequence[str]


async def sealed_columns(connection: asyncpg.Connection) -> Sequence[SealedColumn]:
    """Every column that holds sealed text."""
    return [SealedColumn(**row) for row in await connection.fetch(SEALED_COLUMNS)]


async def rows_by_key(connection: asyncpg.Connection) -> Mapping[str, int]:
    """How many texts are sealed with the key of which id; `WITHOUT_ID` for those that do not say."""
    found: dict[str, int] = {}
    for column in await sealed_columns(connection):
        for row in await connection.fetch(column.sql(COUNT)):
            found[row["id"]] = found.get(row["id"], 0) + row["rows"]
    return found


async def reseal(connection: asyncpg.Connection, keys: Keys, progress: Progress) -> Resealed:
    """Seal with the first key whatever is not, a row at a time; cut off, it goes on where it was.

    A row that the service changes meanwhile is left as the service wrote it. No lock is held from one row
    to the next, and no row waits for the disk: what a crash takes back is only sealed once more.
    """
    await connection.execute("SET synchronous_commit = off")
    rows, closed = 0, set()
    for column in await sealed_columns(connection):
        last: Any = None
        while batch := await connection.fetch(column.sql(STALE), keys.id, last):
            for row in batch:
                try:
                    fresh = keys.seal(keys.unseal(row["sealed"]))
                except SealBroken as broken:
                    closed.add(f"{column}: {broken}")
                    continue
                done = await connection.execute(column.sql(REPLACE), fresh, row["key"], row["sealed"])
                rows += done == "UPDATE 1"
            last = batch[-1]["key"]
            progress(f"{column}：已重新加密 {rows} 处")
    await connection.execute("SET synchronous_commit = on")
    return Resealed(rows, sorted(closed))
