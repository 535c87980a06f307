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


NOTHING = Write("SELECT", ())


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement; the rows it returns.

    A statement that changes something says RETURNING: Tortoise's own count of an INSERT is always 0.
    """
    found: list[dict[str, Any]] = await connections.get("default").execute_query_dict(sql, list(values))
    return found


async def write(writes: Sequence[Write]) -> None:
    """Run statements of which none needs to see what another wrote, in one way to the database and back."""
    if writes:
        await write_and_ask(writes, NOTHING)


async def write_and_ask(writes: Sequence[Write], last: Write) -> list[dict[str, Any]]:
    """The same, and one more statement, which may have parts of its own (`WITH`); the rows it returns."""
    joined = _joined(last.text, *((one.text, len(one.values)) for one in writes))
    return await rows(joined, *chain.from_iterable(one.values for one in (*writes, last)))


@lru_cache(maxsize=64)
def _joined(last: str, *statements: tuple[str, int]) -> str:
    """Each statement as a part of one, its values numbered on behind those of the part before."""
    parts, before = [], 0
    for number, (text, values) in enumerate(statements):
        parts.append(f"part_{number} AS ({_numbered_on(text, before)})")
        before += values
    if not parts:
        return last
    last = _numbered_on(last, before).strip()
    if last.startswith("WITH "):
        return f"WITH {', '.join(parts)}, {last.removeprefix('WITH ')}"
    return f"WITH {', '.join(parts)} {last}"


def _numbered_on(text: str, before: int) -> str:
    return re.sub(r"\$(\d+)", lambda number: f"${int(number[1]) + before}", text)
