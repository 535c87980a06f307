"""Sanic with bounds: what is too much is turned away early, and nobody waits or is waited for without end."""

import asyncio
import resource
from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import BadRequest, RequestTimeout
from sanic.http import Stage
from sanic.server import HttpProtocol

from miniapi.http import observing
from miniapi.http.errors import Overloaded
from miniapi.http.limits import ALWAYS_ANSWERED, Limits

LARGEST_BODY = 1024 * 1024  # bytes; 413 beyond
LARGEST_HEADER = 16 * 1024  # bytes, the most that Sanic knows; 431 beyond
HEADER_WITHIN = 10  # seconds from a request's first byte, however slowly the rest drips; 408 beyond
BODY_WITHIN = 30  # seconds: 1 MiB over a poor mobile connection; 408 beyond
ANSWER_WITHIN = 10  # seconds in which a handler must answer, noticed within five more; 503 beyond
IDLE_FOR = 75  # seconds between two requests; longer than proxies keep theirs (60): they hang up first
OTHER_FILES = 500  # a worker may have open beside its connections
MOST_CONNECTIONS = 10_000  # a worker holds, most of them idle; more are hung up on


class Service(Sanic):
    """The application: counts a request before it is read, and holds only so many in hand at once."""

    def bound(self, limits: Limits, most_in_flight: int) -> None:
        """Set the bounds of this application; `most_in_flight` requests are in a worker's hands at most."""
        self.ctx.limits, self.ctx.most_in_flight, self.ctx.in_flight = limits, most_in_flight, 0
        self.request_class = Asked
        self.config.REQUEST_MAX_SIZE = LARGEST_BODY
        self.config.REQUEST_MAX_HEADER_SIZE = LARGEST_HEADER
        self.config.REQUEST_TIMEOUT = HEADER_WITHIN
        self.config.RESPONSE_TIMEOUT = ANSWER_WITHIN
        self.config.KEEP_ALIVE_TIMEOUT = IDLE_FOR

    async def handle_request(self, request: Request) -> None:
        """Answer a request. Raises TooMany, RequestTimeout for a slow body, and Overloaded."""
        observing.begin(request)
        self.ctx.limits.check(request)
        await _read(request)  # first: whoever sends slowly keeps nobody's place
        if request.path in ALWAYS_ANSWERED:
            await super().handle_request(request)
        elif self.ctx.in_flight >= self.ctx.most_in_flight:
            raise Overloaded()
        else:
            self.ctx.in_flight += 1
            try:
                await super().handle_request(request)
            finally:
                self.ctx.in_flight -= 1

    async def handle_exception(
        self, request: Request, exception: BaseException, run_middleware: bool = True
    ) -> None:
        """Answer with what went wrong, also where no request could be read."""
        await super().handle_exception(request, exception, run_middleware)
        observing.ended(request)


class Asked(Request):
    """A request, or what Sanic makes up to refuse bytes that are none: then any address will do."""

    def __init__(self, *, url_bytes: bytes, method: str, **more: Any) -> None:
        try:
            super().__init__(url_bytes=url_bytes, method=method, **more)
        except BadRequest:
            if method != "NONE":
                raise
            super().__init__(url_bytes=b"*", method=method, **more)


class Connection(HttpProtocol):
    """A connection whose requests must arrive in time as a whole: each byte buys no more patience."""

    def connection_made(self, transport: Any) -> None:
        """Somebody connected; where too many are already, hang up."""
        super().connection_made(transport)  # type: ignore[no-untyped-call]
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; those of a header, or of a body that was refused already, buy no new time."""
        began = self._time
        super().data_received(data)
        stage, body = getattr(self.http, "stage", None), getattr(self.http, "request_body", None)
        if stage is Stage.REQUEST or (stage is Stage.IDLE and body):
            self._time = began


def hold_many_connections() -> None:
    """Let this process hold as many files as MOST_CONNECTIONS ask for, or as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


async def _read(request: Request) -> None:
    """The whole body. Raises RequestTimeout."""
    stream: Any = request.stream  # its type says too little
    if stream is not None:
        if not stream.request_body:  # there is none
            return
        its_length_is_known = "transfer-encoding" not in request.headers
        if its_length_is_known and not stream.request_bytes_left:
            stream.request_body = None  # it is empty, and Sanic need not wait for it either
            return
        if its_length_is_known and len(stream.recv_buffer) >= stream.request_bytes_left:  # came with the head
            await request.receive_body()  # type: ignore[no-untyped-call]
            return
    try:
        async with asyncio.timeout(BODY_WITHIN):
            await request.receive_body()  # type: ignore[no-untyped-call]
    except TimeoutError:
        raise RequestTimeout("the body did not arrive in time") from None
