import asyncio

from miniapi import clock, health
from miniapi.database.connection import connected
from miniapi.database.schema import LATEST
from tests.web import serving

READY = {"status": "ok", "database": "ok", "schema": LATEST, "wechat": "ok"}


async def test_it_lives_and_can_work(web):
    live, ready = await web.get("/healthz"), await web.get("/readyz")

    assert (live.status, live.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (200, READY)


async def test_a_wechat_that_is_away_is_shown_and_is_no_status(web_and_wechat, sandbox):
    await sandbox.fault("*", "error")
    await web_and_wechat.post("/login", code=await sandbox.login_code())
    away = await web_and_wechat.get("/readyz")
    await sandbox.call("DELETE", "/sandbox/faults")
    await web_and_wechat.post("/login", code=await sandbox.login_code())
    back = await web_and_wechat.get("/readyz")

    assert (away.status, away.json) == (200, {**READY, "wechat": "degraded"})
    assert (back.status, back.json) == (200, READY)


async def test_a_person_whom_wechat_refuses_is_no_trouble_of_its(web_and_wechat, sandbox):
    await web_and_wechat.post("/login", code="no-such-code")

    assert (await web_and_wechat.get("/readyz")).json == READY


async def test_without_this_versions_tables_it_lives_and_cannot_work(
    server, noon, settings, library, matcher, keys
):
    async with connected(server.url("postgres")), serving(settings, library, matcher, keys) as web:
        live, ready = await web.get("/healthz"), await web.get("/readyz")

    assert live.status == 200
    assert (ready.status, ready.json["code"]) == (503, "schema_outdated")
    assert "huanxin migrate" in ready.json["title"]


async def test_a_database_that_hangs_is_said_in_time(web, monkeypatch):
    never = asyncio.Event()

    async def hang(statement, *values):
        await never.wait()
        return []

    monkeypatch.setattr(health.sql, "rows", hang)

    async with asyncio.timeout(3):
        answers = await asyncio.gather(*(web.get("/readyz") for _ in range(5)))

    assert {(answer.status, answer.json["code"]) for answer in answers} == {(503, "database_unavailable")}
    never.set()


async def test_a_monitors_token_is_not_looked_at(web, noon):
    headers = {"Authorization": "Bearer of-the-monitor"}

    assert (await web.get("/healthz", headers=headers)).status == 200
    assert (await web.get("/readyz", headers=headers)).status == 200


async def test_it_lives_where_there_is_no_database_at_all(settings, library, matcher, keys, noon):
    async with (
        connected("postgresql://nobody@127.0.0.1:1/none"),
        serving(settings, library, matcher, keys) as web,
    ):
        live, ready = await web.get("/healthz"), await web.get("/readyz")

    assert live.status == 200
    assert (ready.status, ready.json["code"]) == (503, "database_unavailable")


async def test_without_the_time_it_cannot_work(database, settings, library, matcher, keys):
    await clock.follow("postgresql://nobody@127.0.0.1:1/none")
    try:
        async with serving(settings, library, matcher, keys) as web:
            live, ready = await web.get("/healthz"), await web.get("/readyz")
    finally:
        await clock.stop()

    assert live.status == 200
    assert (ready.status, ready.json["code"]) == (503, "database_unavailable")


async def test_the_first_page_says_what_there_is(web):
    answer = await web.get("/")

    assert answer.status == 200
    assert all(
        address in answer.raw.decode() for address in ("/api/v1", "/docs", "/healthz", "/readyz", "/metrics")
    )
