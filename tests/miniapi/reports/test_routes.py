import asyncio
from datetime import timedelta

from miniapi.database.connection import connected
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reports import routes
from miniapi.vouchers import claiming
from tests.factories.people import a_resident
from tests.factories.season import a_drop, an_open_drop
from tests.miniapi.test_metrics import samples
from tests.web import serving


async def shown(web):
    answer = await web.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return samples(answer.raw)


async def test_the_metrics_tell_how_the_city_stands(web, library, noon):
    drop = await an_open_drop(library, noon, quota=5)
    await a_drop(await drop.programme, noon + timedelta(days=15), quota=7)
    residents = [await a_resident(noon) for _ in range(2)]
    for resident in residents:
        await claiming.claim(drop.id, resident, library, at=noon)
    for minutes in (-3, -1, 60):
        at = noon + timedelta(minutes=minutes)
        await Notice.create(**a_notice(residents[0], at))

    found = await shown(web)

    assert found["huanxin_drops_remaining", "yangling", "open"] == 3
    assert found["huanxin_drops_remaining", "yangling", "planned"] == 7
    assert found["huanxin_vouchers", "yangling", "issued"] == 2
    assert found["huanxin_reminders_owed",] == await Notice.all().count() >= 3
    assert found["huanxin_reminders_oldest_overdue_seconds",] == 180
    assert found["huanxin_clock_offset_seconds",] == 0


async def test_they_are_shown_without_the_figures_where_the_database_is_away(
    server, noon, settings, library, matcher, keys
):
    async with connected(server.url("postgres")), serving(settings, library, matcher, keys) as web:
        found = await shown(web)

    assert "huanxin_vouchers" not in {name for name, *_ in found}
    assert "huanxin_http_requests_in_flight" in {name for name, *_ in found}


async def test_they_do_not_wait_for_a_database_that_hangs(web, monkeypatch):
    never = asyncio.Event()

    async def hang(library, *, at):
        await never.wait()

    monkeypatch.setattr(routes, "figures", hang)

    async with asyncio.timeout(2 * routes.FIGURES_WITHIN):
        found = await shown(web)

    never.set()
    assert "huanxin_vouchers" not in {name for name, *_ in found}


async def test_nobodys_token_is_looked_at(web):
    answer = await web.get("/metrics", headers={"Authorization": "Bearer of-the-monitor"})

    assert answer.status == 200


def a_notice(resident, at):
    return {
        "resident": resident,
        "kind": "drop",
        "subject": resident.id,
        "dedupe_key": at.isoformat(),
        "asked_for": True,
        "about": "",
        "fields_json": {},
        "state": NoticeState.OWED,
        "due_at": at,
        "too_late_at": at + timedelta(minutes=30),
        "created_at": at,
    }
