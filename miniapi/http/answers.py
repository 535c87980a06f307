"""How values look in an answer, and the types that say so to mypy and to the documentation."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import WithJsonSchema
from typing_extensions import TypedDict  # pydantic cannot read the one of `typing` before Python 3.12

from faq.packs import Citation, Status
from miniapi.clock import SHANGHAI

Row = TypeVar("Row")
Shown = TypeVar("Shown")

Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Time = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+08:00$",
            "example": "2024-09-01T10:00:00+08:00",
        }
    ),
]


class Listed(TypedDict, Generic[Shown]):
    """One page of a list; `next_cursor` gives the next one, null after the last."""

    items: list[Shown]
    next_cursor: str | None


class CitationJson(TypedDict):
    """A policy clause, and whether its document still holds."""

    region: str
    document: str
    clause: str
    heading: str
    status: Status


def written(at: datetime) -> Time:
    """A time with +08:00, to the millisecond where it has any."""
    here = at.astimezone(SHANGHAI)
    return here.isoformat(timespec="milliseconds" if here.microsecond else "seconds")


def dumps(body: Any) -> str:
    """Compact JSON with Chinese as it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def page_json(rows: Iterable[Row], next_cursor: str | None, as_json: Callable[[Row], Shown]) -> Listed[Shown]:
    """A list as every list looks."""
    return {"items": [as_json(row) for row in rows], "next_cursor": next_cursor}


def citation_json(citation: Citation) -> CitationJson:
    """A citation as every answer shows it."""
    return {
        "region": citation.region,
        "document": citation.document,
        "clause": citation.clause,
        "heading": citation.heading,
        "status": citation.status,
    }
