import asyncio
import contextlib
import resource
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from miniapi.http import service
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.miniapi.http.test_problems import is_a_problem
from tests.web import serving

POST = b"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def web_within(monkeypatch, database, noon, settings, library, matcher, keys):
    """The application with bounds of this test alone."""

    @asynccontextmanager
    async def running(*, most_in_flight=1000, **bounds):
        for name, bound in bounds.items():
            monkeypatch.setattr(service, name, bound)
        known = replace(settings, limits=replace(settings.limits, most_in_flight=most_in_flight))
        async with serving(known, library, matcher, keys) as web:
            yield web

    return running


@asynccontextmanager
async def connected_to(web):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(web.base.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()


async def until_it_ends(reader):
    answer = b""
    with contextlib.suppress(ConnectionResetError):  # hung up on while still sending
        async with asyncio.timeout(10):
            while more := await reader.read(65536):
                answer += more
    return answer


def says(answer, status, code):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b"application/problem+json" in head
    assert b'"code":"%s"' % code.encode() in body
    return True


class TestWhoeverSendsSlowly:
    async def test_gets_no_patience_for_each_byte_of_a_header(self, web_within):
        async with web_within(HEADER_WITHIN=0.6) as web, connected_to(web) as (reader, writer):

            async def drip():
                for letter in POST * 100:
                    writer.write(bytes([letter]))
                    await asyncio.sleep(0.05)

            dripping = asyncio.create_task(drip())
            answer = await until_it_ends(reader)
            dripping.cancel()

            assert says(answer, 408, "request_too_slow")

    async def test_gets_none_for_a_body_either(self, web_within):
        async with web_within(BODY_WITHIN=0.5, IDLE_FOR=0.5) as web, connected_to(web) as (reader, writer):
            writer.write(POST + b"Content-Length: 1000\r\n\r\n")

            async def drip():
                while True:
                    writer.write(b" ")
                    await asyncio.sleep(0.05)

            dripping = asyncio.create_task(drip())
            answer = await until_it_ends(reader)
            dripping.cancel()

            assert says(answer, 408, "request_too_slow")

    async def test_keeps_nobodys_place(self, web_within):
        async with web_within(most_in_flight=1) as web, connected_to(web) as (_, writer):
            writer.write(POST + b"Content-Length: 1000\r\n\r\n{")
            await asyncio.sleep(0.1)

            assert (await web.get("/clock")).status == 200

    async def test_is_hung_up_on_when_nothing_comes_any_more(self, web_within):
        async with web_within(IDLE_FOR=0.3) as web, connected_to(web) as (reader, writer):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

            answer = await until_it_ends(reader)

            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.count(b"HTTP/1.1") == 1


class TestWhatIsTooLarge:
    async def test_a_body_is_refused_before_it_is_read(self, web):
        async with connected_to(web) as (reader, writer):
            writer.write(POST + b"Content-Length: 1048577\r\n\r\n" + b" " * 65536)

            async with asyncio.timeout(10):
                answer = await reader.readuntil(b"}")

            assert says(answer, 413, "too_large")

    async def test_a_body_in_pieces_is_counted_too(self, web):
        async with connected_to(web) as (reader, writer):
            writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(17):
                writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

            async with asyncio.timeout(10):
                answer = await reader.readuntil(b"}")

            assert says(answer, 413, "too_large")

    async def test_a_header_has_a_bound_of_its_own(self, web):
        async with connected_to(web) as (reader, writer):
            writer.write(POST + b"X-Long: " + b"x" * service.LARGEST_HEADER + b"\r\n\r\n")

            assert says(await until_it_ends(reader), 431, "header_too_large")


class TestTooMuchAtOnce:
    async def test_is_turned_away_at_once_and_monitors_are_not(self, web_within, database, library, noon):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        async with web_within(most_in_flight=1) as web:
            blocker = await asyncpg.connect(database)
            async with blocker.transaction():
                await blocker.execute("LOCK TABLE voucher")
                claiming = asyncio.create_task(web.post(f"/drops/{drop.id}/claims", by=resident))
                await asyncio.sleep(0.3)

                began = time.monotonic()
                answer = await web.get("/clock")

                assert is_a_problem(answer, 503, "overloaded")
                assert answer.headers["Retry-After"] == "1"
                assert time.monotonic() - began < 1
                assert (await web.get("/healthz")).status == (await web.get("/readyz")).status == 200
            await blocker.close()

            assert (await claiming).status == 201
            assert (await web.get("/clock")).status == 200

    async def test_whoever_hangs_up_gives_the_place_back(self, web_within, database, library, noon):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        async with web_within(most_in_flight=1) as web:
            blocker = await asyncpg.connect(database)
            async with blocker.transaction():
                await blocker.execute("LOCK TABLE voucher")
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await web.post(f"/drops/{drop.id}/claims", by=resident)
            await blocker.close()
            await asyncio.sleep(0.3)

            assert (await web.get("/clock")).status == 200

    async def test_connections_beyond_the_most_are_hung_up_on(self, web_within):
        async with web_within(MOST_CONNECTIONS=2) as web:
            async with connected_to(web), connected_to(web), connected_to(web) as (reader, _):
                assert await until_it_ends(reader) == b""
            await asyncio.sleep(0.3)  # until the server has seen that they are gone

            assert (await web.get("/healthz")).status == 200


def test_a_process_may_hold_as_many_connections_as_it_needs():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

        service.hold_many_connections()

        allowed, still = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = service.MOST_CONNECTIONS + service.OTHER_FILES
        assert allowed == (most if hard == resource.RLIM_INFINITY else min(most, hard))
        assert still == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


KEY = {"Idempotency-Key": "k-1"}


async def test_a_handler_whose_time_is_over_is_answered_for(web_within, database, library, noon):
    drop, resident = await an_open_drop(library, noon), await a_resident(noon)
    async with web_within(ANSWER_WITHIN=0.5) as web:
        blocker = await asyncpg.connect(database)
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE voucher")
            answer = await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)
        await blocker.close()

        assert is_a_problem(answer, 503, "took_too_long")
        assert answer.headers["Retry-After"] == "5"
        assert (await web.post(f"/drops/{drop.id}/claims", by=resident, headers=KEY)).json["rank"] == 1
