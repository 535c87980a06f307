"""How values look in an answer."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from miniapi.clock import SHANGHAI

Row = TypeVar("Row")


def written(at: datetime) -> str:
    """A time with +08:00, to the millisecond where it has any."""
    here = at.astimezone(SHANGHAI)
    return here.isoformat(timespec="milliseconds" if here.microsecond else "seconds")


def dumps(body: Any) -> str:
    """Compact JSON with Chinese as it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def page_json(
    rows: Iterable[Row], next_cursor: str | None, as_json: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """A list as every list looks."""
    return {"items": [as_json(row) for row in rows], "next_cursor": next_cursor}
