"""Every route, asked by every kind of caller, answers as `permissions.md` says it does."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from miniapi.app import build_app
from miniapi.settings import LimitSettings
from miniapi.staff.models import StaffSession
from miniapi.wechat.client import WeChat
from tests.factories.everybody import CALLERS, Everybody, Season
from tests.factories.lottery import a_lottery
from tests.factories.season import a_drop, a_programme
from tests.factories.slots import a_slot
from tests.factories.staff import PASSWORD, a_staff
from tests.web import serving

TABLE = Path(__file__).with_name("permissions.md")
OUTCOMES = {"ok", "401", "403", "404"}
LET_IN = {200, 201, 202, 204, 409, 503}  # whatever came of it
NO_ROOT = re.compile(r"/(wechat|docs|metrics|healthz|readyz|c/|$)")
NO_LIMITS = LimitSettings(
    requests_per_minute=0, sign_ins_per_minute=0, person_requests_per_minute=0, most_in_flight=100, proxies=0
)


@pytest.fixture
def unlimited(settings):
    return replace(settings, limits=NO_LIMITS)


@pytest.fixture
async def web(database, noon, unlimited, library, matcher, keys):
    async with serving(unlimited, library, matcher, keys, wechat_seconds=0.5) as running:
        yield running


@pytest.fixture
async def season(database, noon, library):
    programme = await a_programme(library, noon)
    drop = await a_drop(programme, noon, quota=400)
    later = await a_drop(programme, noon + timedelta(days=15))
    by_lot = await a_lottery(library, noon, programme=programme)
    return Season(drop, later, by_lot, await a_slot(noon, capacity=1000), noon)


@pytest.fixture
def routes(unlimited, library, matcher, keys):
    """Every method of every route, as the table writes it: `GET /vouchers/{voucher}`."""
    app = build_app(unlimited, library, matcher, keys, WeChat(unlimited.wechat))
    known = [route for route in app.router.routes if not route.extra.static]
    return sorted(f"{method} {called(route.path)}" for route in known for method in route.methods)


def called(path):
    """A path as people write it."""
    return re.sub(r"<(\w+?)(?:_id)?(?::\w+)?>", r"{\1}", f"/{path}".removeprefix("/api/v1"))


def written():
    """What the table says: of every route the outcome for each caller."""
    rows = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("| call "):
            assert set(cells[1:]) == set(CALLERS)
            callers = cells[1:]
        elif re.match(r"\| `[A-Z]+ /", line):
            route = cells[0].strip("`")
            assert route not in rows, f"twice in the table: {route}"
            assert set(cells[1:]) <= OUTCOMES, line
            rows[route] = dict(zip(callers, cells[1:], strict=True))
    return rows


def as_row(route, outcomes):
    """A line of the table."""
    return "| " + " | ".join([f"`{route}`", *(outcomes[caller] for caller in CALLERS)]) + " |"


async def outcome(web, season, route, caller):
    """What a caller gets: `ok`, or the status of the refusal; `?` where no path can be written."""
    cast = Everybody(web, season)
    method, path = route.split(" ")
    names = re.findall(r"{(\w+)}", path)
    if not all(map(cast.knows, names)):
        return "?"
    root = "" if NO_ROOT.match(path) else "/api/v1"
    address = web.base + root + path.format(**{name: await cast.thing(name) for name in names})
    body = await cast.body(route)
    headers, query, table = await cast.headers(caller), cast.query(route), cast.table(route)
    sent = {"json": body or None} if table is None else {"data": table}
    async with web.http.request(method, address, params=query, headers=headers, **sent) as answer:
        await answer.read()
    return "ok" if answer.status in LET_IN else str(answer.status)


async def test_every_route_answers_every_caller_as_the_table_says(web, season, routes):
    table, differing = written(), []

    for route in routes:
        outcomes = {caller: await outcome(web, season, route, caller) for caller in CALLERS}
        if outcomes != table.get(route):
            differing.append(as_row(route, outcomes))

    assert not differing, "\n".join(["other than tests/permissions.md says:", *differing])


def test_the_table_has_no_row_that_is_no_route(routes):
    assert set(written()) - set(routes) == set()


def test_the_auditor_reads_and_writes_nothing_but_their_own_session():
    let_in = {route for route, row in written().items() if row["auditor"] == "ok" and row["nobody"] != "ok"}

    assert {route for route in let_in if not route.startswith("GET ")} == {
        "POST /staff/logout",
        "POST /staff/password",
        "DELETE /staff/sessions",
    }


async def test_whoever_stopped_before_the_second_factor_is_nobody(web, noon, keys):
    officer = await a_staff(noon, keys=keys)

    answer = await web.post("/staff/login", username=officer.username, password=PASSWORD)

    assert (answer.status, answer.json["code"]) == (401, "totp_required")
    assert "token" not in answer.json
    assert await StaffSession.all().count() == 0
