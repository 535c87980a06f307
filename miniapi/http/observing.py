"""Every request as operators see it: an id, one line in the log, and what is counted of it.

The line and the counters know the route's pattern, never the address that was asked for.
"""

import logging
import random
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from miniapi import metrics
from miniapi.logs import request_id

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
HUNG_UP = 499  # the caller did not wait for the answer
HARMLESS = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Caller = Literal["nobody", "resident", "staff"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Seen:
    """What is known of one request so far."""

    request: Request
    id: str = field(default_factory=lambda: f"{random.getrandbits(128):032x}")  # a name, no secret
    began: float = field(default_factory=time.monotonic)
    caller: Caller = "nobody"
    caller_id: UUID | None = None
    code: str | None = None
    cause: str | None = None  # the kind of error behind it, where it is none of ours
    ended: bool = False


_last: ContextVar[Seen | None] = ContextVar("last_request", default=None)  # of a connection


def observe(app: Sanic) -> None:
    """Observe every request of this app, from its head to its answer or until its caller hangs up."""
    app.register_middleware(_answer, "response")
    app.add_signal(_left, "http.lifecycle.complete")


def begin(request: Request) -> None:
    """The head of a request was read."""
    _seen(request)


def ended(request: Request) -> None:
    """Sanic has answered a request that went wrong, perhaps without asking us."""
    response = request.stream.response if request.stream else None
    if response is not None:
        _answer(request, response)


def note_caller(request: Request, caller: Caller, caller_id: UUID) -> None:
    """Somebody showed who they are."""
    seen = _seen(request)
    seen.caller, seen.caller_id = caller, caller_id


def note_refusal(request: Request, code: str, cause: Exception | None) -> None:
    """A problem with this code is the answer, because of an error that is not the problem itself."""
    _seen(request).code, _seen(request).cause = code, type(cause).__name__ if cause else None
    metrics.refused(code)


def id_of(request: Request) -> str:
    """The id of a request, by which it is found in the log."""
    return _seen(request).id


def route_of(request: Request) -> str:
    """The pattern of the route that was asked for, such as `/api/v1/vouchers/<voucher_id>`."""
    return _pattern(request.route.path) if request.route else NO_ROUTE


@lru_cache(maxsize=1024)
def _pattern(path: str) -> str:
    return "/" + re.sub(r":[^<>]*>", ">", path)


def _seen(request: Request) -> Seen:
    """What is known of a request, which begins here where its head could not be read."""
    seen: Seen | None = getattr(request.ctx, "seen", None)
    if seen is None:
        seen = request.ctx.seen = Seen(request)
        request_id.set(seen.id)
        _last.set(seen)
        metrics.request_began()
    return seen


def _answer(request: Request, answer: BaseHTTPResponse) -> None:
    answer.headers["X-Request-ID"] = id_of(request)
    # Sanic gives a request whose head never came whole no information about its connection
    lost = request.conn_info.lost if request.conn_info else request.transport.is_closing()
    _end(_seen(request), HUNG_UP if lost else answer.status)


async def _left(conn_info: Any) -> None:
    """The connection is closed; what it asked last may have had no answer."""
    if (last := _last.get()) is not None:
        _end(last, HUNG_UP)


def _end(seen: Seen, status: int) -> None:
    if seen.ended:
        return
    seen.ended = True
    request, seconds = seen.request, time.monotonic() - seen.began
    method = request.method if request.method in METHODS else "OTHER"
    route = route_of(request)
    metrics.request_ended(method, route, status, seconds)
    told: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "code": seen.code,
        "cause": seen.cause,
        "ms": round(seconds * 1000, 1),
        "caller": seen.caller,
        "caller_id": seen.caller_id,
        "client_request": _told_by_client(request),
    }
    log.info("request", extra={name: value for name, value in told.items() if value is not None})


def _told_by_client(request: Request) -> str | None:
    """The id that the caller gave the request, if it is one and nothing else."""
    given = request.headers.getone("x-request-id", "")
    return given if HARMLESS.fullmatch(given) else None
