from miniapi.database.connection import connected
from miniapi.database.schema import LATEST
from tests.web import serving


async def test_it_lives_and_can_work(web):
    live, ready = await web.get("/healthz"), await web.get("/readyz")

    assert (live.status, live.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (200, {"status": "ok", "database": "ok", "schema": LATEST})


async def test_without_this_versions_tables_it_lives_and_cannot_work(
    server, noon, settings, library, matcher, keys
):
    async with connected(server.url("postgres")), serving(settings, library, matcher, keys) as web:
        live, ready = await web.get("/healthz"), await web.get("/readyz")

    assert live.status == 200
    assert (ready.status, ready.json["code"]) == (503, "schema_outdated")
    assert "huanxin migrate" in ready.json["title"]


async def test_the_first_page_says_what_there_is(web):
    answer = await web.get("/")

    assert answer.status == 200
    assert all(address in answer.raw.decode() for address in ("/api/v1", "/docs", "/healthz", "/readyz"))
