"""How values look in an answer, and the types that say so to mypy and to the documentation."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import WithJsonSchema
from sanic import HTTPResponse
from sanic.helpers import has_message_body
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


@lru_cache(maxsize=1024)  # what happens together happens at one time
def written(at: datetime) -> Time:
    """A time with +08:00, to the millisecond where it has any."""
    here = at.astimezone(SHANGHAI)
    return here.isoformat(timespec="milliseconds" if here.microsecond else "seconds")


def dumps(body: Any) -> str:
    """Compact JSON with Chinese as it is."""
    return orjson.dumps(body).decode()


# headers whose values we or Sanic make up: there is nothing in them to be made harmless
OURS = {name: name.encode() for name in ("content-length", "connection", "content-type", "X-Request-ID")}


class JsonAnswer(HTTPResponse):
    """JSON, with the headers that are the same for all: ready to be sent, they cost no answer anything."""

    __slots__ = ("always",)

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        super().__init__(body, status, headers, content_type)
        self.always: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """All headers as bytes."""
        if has_message_body(self.status):  # type: ignore[no-untyped-call]
            self.headers.setdefault("content-type", self.content_type)
        try:
            own = [(OURS[name], str(value).encode()) for name, value in self.headers.items()]
        except KeyError:
            return chain(self.always, super().processed_headers)
        return chain(self.always, own)


def json(body: Any, status: int = 200) -> JsonAnswer:
    """An answer of JSON."""
    return JsonAnswer(orjson.dumps(body), status)


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
