import asyncio
import socket

import pytest

from miniapi.http.observing import METHODS
from tests.factories.people import a_resident
from tests.miniapi.test_metrics import shown

IN_FLIGHT = ("huanxin_http_requests_in_flight",)


@pytest.fixture
def requests(caplog):
    """The request lines so far, each with its fields."""
    caplog.set_level("INFO", logger="miniapi.http.observing")

    def found():
        return [vars(record) for record in caplog.records if record.name == "miniapi.http.observing"]

    return found


class TestTheLineOfARequest:
    async def test_names_the_route_and_not_what_was_asked(self, web, requests, noon):
        resident = await a_resident(noon)

        answer = await web.get(f"/vouchers/{resident.id}?state=mine", by=resident)

        (line,) = requests()
        assert (line["method"], line["route"], line["status"]) == (
            "GET",
            "/api/v1/vouchers/<voucher_id>",
            404,
        )
        assert line["code"] == answer.json["code"]
        assert (line["caller"], line["caller_id"]) == ("resident", resident.id)
        assert line["ms"] >= 0

    async def test_says_that_nobody_was_signed_in(self, web, requests):
        await web.get("/clock")

        (line,) = requests()
        assert (line["caller"], line["status"]) == ("nobody", 200)
        assert not {"caller_id", "code", "client_request"} & set(line)

    async def test_keeps_an_id_of_the_callers_beside_ours_where_it_is_nothing_else(self, web, requests):
        told = "0af7651916cd43dd8448eb211c80319c"
        for given in (told, "13812345678", "x" * 200):
            answer = await web.get("/clock", headers={"X-Request-ID": given})

            assert answer.headers["X-Request-ID"] != given

        assert [line.get("client_request") for line in requests()] == [told, None, None]

    async def test_stands_also_for_bytes_that_are_no_request(self, web, requests):
        await said_to(web, b"GARBAGE\r\n\r\n")

        (line,) = requests()
        assert (line["method"], line["route"], line["status"]) == ("OTHER", "none", 400)
        assert line["code"] == "bad_request"

    @pytest.mark.parametrize(
        "so_far",
        [
            b"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
            b"GET /api/v1/clo",
            b"\x00\xff\x13",
        ],
    )
    async def test_stands_also_for_a_caller_who_hung_up(self, web, requests, so_far):
        before = shown().get(IN_FLIGHT, 0)
        _, writer = await asyncio.open_connection(*address_of(web))
        writer.write(so_far)
        await writer.drain()
        await asyncio.sleep(0.1)

        writer.transport.abort()

        async with asyncio.timeout(5):
            while not requests():
                await asyncio.sleep(0.01)
        assert [line["status"] for line in requests()] == [499]
        assert shown()[IN_FLIGHT] == before


class TestWhatIsCounted:
    async def test_unknown_addresses_and_methods_are_one_route(self, web):
        before = set(shown())

        for path in ("/wechat/nothing-1", "/wechat/nothing-2", "/wechat/13812345678"):
            await said_to(web, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        for method in ("BREW", "STEEP"):
            await said_to(web, f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

        new = {labels[1:3] for labels in set(shown()) - before if labels[0] == "huanxin_http_requests_total"}
        assert new <= {("GET", "none"), ("OTHER", "none")}
        assert all(
            labels[1] in {*METHODS, "OTHER"}
            for labels in shown()
            if labels[0] == "huanxin_http_requests_total"
        )

    async def test_a_request_is_counted_once_with_its_refusal(self, web):
        counted = ("huanxin_http_requests_total", "GET", "/api/v1/me", "401")
        refused = ("huanxin_http_refusals_total", "not_signed_in")
        before = shown()

        await web.get("/me")

        after = shown()
        assert after[counted] == before.get(counted, 0) + 1
        assert after[refused] == before.get(refused, 0) + 1
        assert after[IN_FLIGHT] == before.get(IN_FLIGHT, 0)


def address_of(web):
    host, _, port = web.base.removeprefix("http://").partition(":")
    return host, int(port)


async def said_to(web, head: bytes) -> bytes:
    """What comes back for bytes that no client of ours would send."""
    reader, writer = await asyncio.open_connection(*address_of(web), family=socket.AF_INET)
    writer.write(head)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()
