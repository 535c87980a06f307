"""Plain SQL where the hot path needs it, within the transaction that is open."""

from typing import Any

from tortoise import connections


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement; the rows it returns.

    A statement that changes something says RETURNING: Tortoise's own count of an INSERT is always 0.
    """
    found: list[dict[str, Any]] = await connections.get("default").execute_query_dict(sql, list(values))
    return found
