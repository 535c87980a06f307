import asyncio

import asyncpg
import pytest

from miniapi.accounts.models import Resident
from miniapi.database.connection import connected
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.web import a_token_of, serving

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


async def cut_all_connections(database_url, *, but=0):
    """As when the server was restarted."""
    one = await asyncpg.connect(database_url)
    await one.execute(f"{CUT} AND pid NOT IN (pg_backend_pid(), {but})")
    await one.close()


async def said_to(web, head):
    """What the server says to these very bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(web.base.rpartition(":")[2]))
    writer.write(head)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


def is_a_problem(answer, status, code):
    assert (answer.status, answer.json["status"], answer.json["code"]) == (status, status, code)
    assert answer.json["type"] == f"/problems/{code}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any("一" <= letter <= "鿿" for letter in answer.json["title"])
    assert answer.headers["X-Request-ID"]
    return True


class TestEveryErrorIsAProblem:
    async def test_a_path_that_is_not_there(self, web):
        assert is_a_problem(await web.get("/nothing"), 404, "not_found")
        assert is_a_problem(await web.get("/drops/not-a-uuid"), 404, "not_found")

    async def test_a_method_that_is_not_there(self, web):
        answer = await web.delete("/clock")
        assert is_a_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET"
        assert is_a_problem(await web.get("/login"), 405, "method_not_allowed")

    async def test_a_method_that_is_not_there_where_the_path_names_something(self, web):
        answer = await web.delete("/staff/programmes/yangling")

        assert is_a_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, PATCH"

    async def test_nobody_where_somebody_is_needed(self, web):
        answer = await web.get("/me")

        assert is_a_problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_a_fault_of_ours_tells_nothing_but_its_number(self, web, noon, caplog):
        resident = await a_resident(noon, verified=False)
        await Resident.filter(id=resident.id).update(phone_sealed="damaged")

        answer = await web.get("/me", by=resident)

        assert is_a_problem(answer, 500, "internal_error")
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]
        assert "damaged" not in str(answer.json)
        assert any(
            answer.json["request_id"] in record.getMessage() and record.exc_info for record in caplog.records
        )

    async def test_a_rule_that_refuses_cites_its_clause(self, web, noon, library):
        drop = await an_open_drop(library, noon)
        drop.opens_at = noon.replace(hour=13)
        await drop.save()

        answer = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

        assert is_a_problem(answer, 409, "drop_not_open")
        assert answer.json["opens_at"] == "2024-09-01T13:00:00+08:00"
        assert [(one["clause"], one["status"]) for one in answer.json["citations"]] == [
            ("细则四（一）", "in_force")
        ]

    @pytest.mark.parametrize(
        "head",
        [
            b"GARBAGE\r\n\r\n",
            b"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
            b"GET /api/v1/regions/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
    )
    async def test_bytes_that_are_no_request(self, web, head):
        answer = await said_to(web, head)

        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"bad_request"' in answer

    async def test_a_token_that_is_no_text_is_nobodys(self, web):
        head = b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close"

        assert b'"code":"not_signed_in"' in await said_to(web, head + b"\r\n\r\n")


async def test_every_answer_carries_its_number(web):
    numbers = {(await web.get("/clock")).headers["X-Request-ID"] for _ in range(3)}

    assert len(numbers) == 3
    assert (await web.get("/clock", headers={"X-Request-ID": "mine"})).headers["X-Request-ID"] != "mine"


class TestADatabaseThatIsAway:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://postgres@/none?host=/nowhere",
            "postgresql://postgres@127.0.0.1:1/none",
            "postgresql://postgres@nowhere.invalid/none",
        ],
    )
    async def test_is_said_by_every_route_that_needs_it(self, noon, settings, library, matcher, keys, url):
        async with connected(url), serving(settings, library, matcher, keys) as web:
            for answer in (
                await web.get("/readyz"),
                await web.get("/drops?region=yangling"),
                await web.get("/me", headers={"Authorization": "Bearer x"}),
                await web.post("/chat", text="券几点发"),
            ):
                assert is_a_problem(answer, 503, "database_unavailable")

            assert (await web.get("/healthz")).status == 200
            assert (await web.get("/regions")).status == 200

    async def test_is_found_again_when_it_is_back(self, web, noon, database):
        signed_in = {"Authorization": f"Bearer {await a_token_of(await a_resident(noon))}"}
        for _ in range(3):
            await cut_all_connections(database)

            answers = [await web.get("/vouchers", headers=signed_in) for _ in range(4)]

            assert {answer.json.get("code", answer.status) for answer in answers} <= {
                200,
                "database_unavailable",
            }
            assert answers[-1].status == 200

    async def test_cut_off_in_the_middle_nothing_happened(self, web, noon, library, database):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        blocker = await asyncpg.connect(database)
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE voucher")
            claiming = asyncio.create_task(web.post(f"/drops/{drop.id}/claims", by=resident))
            await asyncio.sleep(0.3)
            await cut_all_connections(database, but=blocker.get_server_pid())
            answer = await claiming
        await blocker.close()

        assert is_a_problem(answer, 503, "database_unavailable")
        again = await web.post(f"/drops/{drop.id}/claims", by=resident)
        assert (again.status, again.json["rank"]) == (201, 1)
