"""Bytes that no client of ours would send, to every route: nobody breaks, and everybody is told why not."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from miniapi import clock
from miniapi.accounts.models import Resident
from miniapi.database.connection import connected
from tests.apart import Apart, apart
from tests.factories.people import a_resident
from tests.web import a_token_of, serving

PATIENCE = 10.0  # seconds for an answer, or for the end of a connection
MIB = 1024 * 1024
BUDGET = bounded(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SAID_ANYWAY = {"miniapi.http.limits"}  # once: X-Forwarded-For is not believed here

NASTY = (
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"%00",
    b"%ff",
    b"%ED%A0%80",
    b"%",
    b"%zz",
    b"9" * 400,
    b"-1",
    b"1e999",
    b"NaN",
    b"..%2f..%2fetc%2fpasswd",
    b"'\"<script>;--",
    "𠮷壹﷽".encode(),
    b"%F0%A0%AE%B7",
    b"00000000-0000-0000-0000-000000000000",
    b"",
)
BODIES = {
    "nothing": b"",
    "null": b"null",
    "brackets that open": b"[" * 100_000,
    "lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "no number": b"NaN",
    "no end": b"-Infinity",
    "the same name again": b'{"region": "yangling", "region": {"region": []}}',
    "half a character": b'{"text": "\\ud800"}',
    "two halves, wrong way round": b'{"text": "\\udc00\\ud800", "code": "\\u0000"}',
    "half a character in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "a number without end": b'{"items": [{"price_fen": ' + b"9" * 5000 + b"}]}",
    "a number beyond all": b'{"items": [{"price_fen": 1e400}]}',
    "less than nothing": b'{"minutes_before": -0, "kind": "drop", "drop": 1}',
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "UTF-16": '{"text": "你好"}'.encode("utf-16"),
    "elements in elements": b"<xml><ToUserName>" + b"<a>" * 5000,
    "a document type": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    "a form": b"a=1&b=2",
    "a form in parts": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--x--",
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 20,
    "zeros": b"\x00" * 4096,
    "more than a mebibyte": b" " * MIB + b"{",
}
HEADERS = (
    b"Content-Type",
    b"Content-Encoding",
    b"Authorization",
    b"Idempotency-Key",
    b"X-Request-ID",
    b"X-Forwarded-For",
    b"Forwarded",
    b"Cookie",
    b"Accept",
    b"Accept-Encoding",
    b"Expect",
    b"Upgrade",
    b"Range",
    b"If-None-Match",
    b"X\xff",
)
VALUES = (
    *NASTY,
    b"Bearer",
    b"Bearer \xff\xfe",
    b"Bearer " + b"a" * 4000,
    b"Basic Og==",
    b"multipart/form-data",
    b"multipart/form-data; boundary=x",
    b"application/x-www-form-urlencoded; charset=nothing",
    b"application/json; charset=\xff",
    b"100-continue",
    b"websocket",
    b"bytes=0-1,5-",
    b"gzip",
)


@pytest.fixture
def service(database_url, noon, settings, library, matcher, keys) -> Iterator[Apart]:
    unlimited = replace(
        settings.limits, requests_per_minute=0, sign_ins_per_minute=0, person_requests_per_minute=0
    )

    async def begin(opened: AsyncExitStack):
        await opened.enter_async_context(connected(database_url))
        return await opened.enter_async_context(
            serving(replace(settings, limits=unlimited), library, matcher, keys)
        )

    with apart(begin) as running:
        yield running


def sent(service: Apart, raw: bytes, *, hang_up: bool = False) -> bytes:
    """What comes back for these very bytes, until the server hangs up, or the client does at once."""
    port = int(service.web.base.rpartition(":")[2])
    came = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was whole
            line.sendall(raw)
        with suppress(OSError):
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := line.recv(65536):
                came += piece
    return bytes(came)


def refused_properly(came: bytes) -> list[tuple[int, str | None]]:
    """Status and code of each answer; none is our fault, and each refusal is a problem."""
    found = []
    while came:
        head, separator, rest = came.partition(b"\r\n\r\n")
        assert separator, came
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        status, length = int(first.split(" ")[1]), int(headers.get("content-length", 0))
        content, came = rest[:length], rest[length:]
        if status == 100:
            came = rest
            continue
        code = None
        if status >= 400:
            assert headers["content-type"] == "application/problem+json", (first, headers)
            problem = json.loads(content) if content else {"status": status, "code": None}  # none to a HEAD
            code = problem["code"]
            assert problem["status"] == status
        assert status != 500, content
        assert headers["x-request-id"]
        found.append((status, code))
    return found


def a_request(
    method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, token: str | None
) -> bytes:
    known = [(b"Host", b"x"), (b"Connection", b"close"), *headers]
    if token is not None and not any(name == b"Authorization" for name, _ in headers):
        known.append((b"Authorization", b"Bearer " + token.encode()))
    if body:
        known.append((b"Content-Length", str(len(body)).encode()))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in known)
    return method + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n" + body


def still_well(service: Apart) -> bool:
    """Whether a plain request is answered, and in this very state of the service."""
    return refused_properly(sent(service, a_request(b"GET", b"/api/v1/clock", [], b"", None))) == [
        (200, None)
    ]


def unexpected(caplog) -> list[str]:
    return [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name not in SAID_ANYWAY
    ]


def operations(service: Apart) -> list[tuple[bytes, str]]:
    """Method and path of every documented route."""
    return sorted(
        (method.upper().encode(), path)
        for path, known in service.web.document.written["paths"].items()
        for method in known
    )


async def signed_in(resident: Resident) -> str:
    return await a_token_of(resident)


def test_whatever_comes_is_answered_or_hung_up_on(service, caplog):
    token = service.do(signed_in(service.do(a_resident(clock.now()))))
    routes = operations(service)
    pieces = st.sampled_from(NASTY) | st.binary(max_size=12).filter(lambda raw: not {*raw} & {*b" \r\n"})
    values = st.sampled_from(VALUES) | st.binary(max_size=40).filter(lambda raw: not {*raw} & {*b"\r\n"})

    @BUDGET
    @given(
        route=st.sampled_from(routes),
        part=pieces,
        query=st.lists(
            st.tuples(st.sampled_from([b"region", b"limit", b"cursor", b"date"]) | pieces, pieces)
        ),
        headers=st.lists(st.tuples(st.sampled_from(HEADERS), values), max_size=4),
        body=st.sampled_from(sorted(BODIES)) | st.binary(max_size=60),
        known=st.booleans(),
    )
    def anything(route, part, query, headers, body, known):
        method, path = route
        before, brace, after = path.partition("{")
        target = before.encode() + (part + after.partition("}")[2].encode() if brace else b"")
        asked = b"&".join(name + b"=" + value for name, value in query)
        raw = a_request(
            method, target + b"?" + asked, headers, BODIES.get(body, body), token if known else None
        )

        refused_properly(sent(service, raw))

    anything()

    assert still_well(service)
    assert unexpected(caplog) == []


def test_every_route_that_takes_a_body_refuses_these(service, caplog):
    routes = [route for route in operations(service) if route[0] != b"GET"]
    for method, path in routes:
        target = path.replace("{", "").replace("}", "").encode()
        for name, body in BODIES.items():
            found = refused_properly(sent(service, a_request(method, target, [], body, None)))
            assert [status for status, _ in found if status < 400] == [], (path, name)

    assert still_well(service)
    assert unexpected(caplog) == []


HEAD = b"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


NO_REQUESTS = (  # and the statuses each may get; None: hung up on without a word
    (b"\x00", {400, None}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, {400, None}),
    (b"GET", {400, None}),
    (b"GET / HTTP/9.9\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nConnection: close\r\n: nothing\r\n\r\n", {400, 200}),
    (b"BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 405}),
    (b"A" * 5000 + b" / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 405, 431}),
    (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 413, 414, 431}),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", {400, 431}),
    (b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", {400, 431}),
    (HEAD + b"Content-Length: abc\r\n\r\n", {400}),
    (HEAD + b"Content-Length: -5\r\n\r\n", {400}),
    (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", {413}),
    (HEAD + b"Content-Length: 1048577\r\n\r\n" + b" " * 1_048_577, {413}),
    (HEAD + b"Content-Length: 100\r\n\r\n{}", {400, None}),
    (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400, 422, None}),
    (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", {400, None}),
    (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", {400, 422}),
    (HEAD + b"Expect: something\r\nContent-Length: 2\r\n\r\n{}", {400, 417, 422}),
    (CHUNKED + b"zz\r\n", {400, None}),
    (CHUNKED + b"-1\r\n\r\n", {400, None}),
    (CHUNKED + b"fffffffffffffffff\r\n", {400, 413, None}),
    (CHUNKED + b"2\r\n{}", {400, None}),
    (CHUNKED + b"2\r\n{}garbage\r\n0\r\n\r\n", {400, None}),
    (CHUNKED + b"100001\r\n" + b" " * 1_048_577 + b"\r\n0\r\n\r\n", {413}),
    (b"POST http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404}),
    (b"GET //api//v1//clock HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404}),
    (b"GET /\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404}),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 405}),
    (b"GET /api/v1/clock HTTP/1.0\r\n\r\n", {200}),
    (b"GET /api/v1/clock HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n", {200, 400}),
)


def test_what_is_no_request_is_refused(service, caplog):
    for raw, statuses in NO_REQUESTS:
        came = sent(service, raw, hang_up=None in statuses)
        found = {status for status, _ in refused_properly(came)} or {None}
        assert found <= statuses, raw[:200]

    assert still_well(service)
    assert unexpected(caplog) == []
