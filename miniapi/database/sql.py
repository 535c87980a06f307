"""Plain SQL where the hot path needs it, within the transaction that is open."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from tortoise import connections


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes, and its values; it may be sent together with others."""

    text: str
    values: Sequence[Any]


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement; the rows it returns.

    A statement that changes something says RETURNING: Tortoise's own count of an INSERT is always 0.
    """
    found: list[dict[str, Any]] = await connections.get("default").execute_query_dict(sql, list(values))
    return found


async def write(writes: Sequence[Write]) -> None:
    """Run statements of which none needs to see what another wrote, in one way to the database and back."""
    if writes:
        joined = _joined(*((one.text, len(one.values)) for one in writes))
        await rows(joined, *chain.from_iterable(one.values for one in writes))


@lru_cache(maxsize=64)
def _joined(*statements: tuple[str, int]) -> str:
    """Each statement as a part of one, its values numbered on behind those of the part before."""
    parts, before = [], 0
    for number, (text, values) in enumerate(statements):
        parts.append(f"part_{number} AS ({_numbered_on(text, before)})")
        before += values
    return f"WITH {', '.join(parts)} SELECT"


def _numbered_on(text: str, before: int) -> str:
    return re.sub(r"\$(\d+)", lambda number: f"${int(number[1]) + before}", text)
