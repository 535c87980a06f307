"""What the code promises about itself: callers by type, codes, statuses, settings, one clock."""

import ast
import inspect
import re
from collections import Counter
from pathlib import Path
from typing import get_type_hints

import pytest
from sanic import Sanic

from miniapi import errors, settings
from miniapi.accounts.callers import Anyone, Newcomer, SignedInResident
from miniapi.app import build_app
from miniapi.http.described import described
from miniapi.http.problems import status_of
from miniapi.merchants.callers import Clerk, CrewMember, Dismantler, Manager, Recycler, Station
from miniapi.staff import callers as staff
from miniapi.wechat.client import WeChat

ROOT = Path(__file__).parents[1]
RESIDENTS = {SignedInResident, Clerk, Recycler, Manager, Station, Dismantler, CrewMember}
CALLERS = {Anyone, Newcomer, *RESIDENTS, *staff.KINDS}
NOBODY_ASKS = {"openapi"}  # the library's own route, which shows openapi.json
GENERIC = {"not_found", "region_unknown"}  # many things are not found, a region is unknown in two statuses
SOURCES = [path for part in ("faq", "bot", "miniapi", "scheduler") for path in (ROOT / part).rglob("*.py")]
READS_THE_ENVIRONMENT = {
    "miniapi/settings.py",
    "miniapi/starting.py",  # hands it on to the parts
    "miniapi/metrics.py",  # where the library that counts keeps its files
    "miniapi/database/embedded.py",  # hands it on to PostgreSQL's programs
}
KNOWS_THE_MACHINES_TIME = {
    "miniapi/chat/pushes.py",  # leases
    "miniapi/clock.py",  # reads the database server's
    "miniapi/database/recording.py",  # when a migration was recorded, as Tortoise does
    "miniapi/ids.py",  # keys in the order of their making
    "miniapi/operation/installation.py",  # compares the machine's with the database server's
    "miniapi/operation/restore.py",  # refuses a server whose clock is behind the backup's
    "miniapi/reminders/calls.py",  # leases
    "miniapi/reminders/holding.py",  # when a call may be made again
    "miniapi/staff/queries.py",  # sessions of the staff, and locks
    "miniapi/staff/signing_in.py",  # the same, and what an authenticator shows
    "miniapi/sandbox/state.py",  # WeChat's tokens die by the machine's time
    "miniapi/wechat/shelf.py",  # the same
}
MAY_HAVE_MOVED_BEFORE = {
    "miniapi/vouchers/issuing.py",  # the keys of vouchers that are only just made
}
MACHINE_TIME = re.compile(
    r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.(time|time_ns|localtime)\b|\bauto_now(_add)?=True"
    r"|clock_timestamp\(|statement_timestamp\(|\bCURRENT_(DATE|TIME|TIMESTAMP)\b|(?<![.\w])(?<!def )now\(\)"
)


@pytest.fixture(scope="module")
def app(library, matcher, keys, tmp_path_factory) -> Sanic:
    known = settings.Settings.from_environment({"HUANXIN_HOME": str(tmp_path_factory.mktemp("home"))})
    return build_app(known, library, matcher, keys, WeChat(known.wechat))


def asks_for_a_caller(handler):
    """Whether the signature of a route says who may call it."""
    return any(asked in CALLERS for asked in get_type_hints(inspect.unwrap(handler)).values())


def refusals(kind=errors.Refusal):
    """Every refusal of every feature."""
    for one in kind.__subclasses__():
        yield one
        yield from refusals(one)


def named(paths):
    return {path.relative_to(ROOT).as_posix() for path in paths}


class TestRoutes:
    def test_every_one_says_who_may_call_it(self, app):
        own = [
            route
            for route in app.router.routes
            if not route.extra.static and route.name.split(".")[1] not in NOBODY_ASKS
        ]

        assert len(own) > 30
        assert [route.path for route in own if not asks_for_a_caller(route.handler)] == []

    def test_one_that_asks_for_nobody_is_noticed(self):
        async def open_door(request, drop_id: str):
            """Anybody, without saying so."""

        assert not asks_for_a_caller(open_door)

    def test_what_is_personal_asks_for_a_resident(self, app):
        doors = {
            route.path
            for route in app.router.routes
            if re.match(r"api/v1/((me|logout|vouchers|inbox|reminders)(/|$)|pickups/<)", route.path)
            or route.path.endswith("/claims")
        }
        open_ones = [
            route.path
            for route in app.router.routes
            if route.path in doors
            and SignedInResident not in get_type_hints(inspect.unwrap(route.handler)).values()
        ]

        assert len(doors) >= 10
        assert open_ones == []

    def test_what_is_for_the_staff_asks_for_somebody_of_the_staff(self, app):
        desks = [
            route
            for route in app.router.routes
            if route.path.startswith("api/v1/staff/") and route.path != "api/v1/staff/login"
        ]
        open_ones = [
            route.path
            for route in desks
            if not set(get_type_hints(inspect.unwrap(route.handler)).values()) & set(staff.KINDS)
        ]

        assert len(desks) >= 5
        assert open_ones == []

    def test_what_is_for_a_merchant_asks_for_its_clerk_or_recycler(self, app):
        counters = [route for route in app.router.routes if route.path.startswith("api/v1/merchant/")]
        open_ones = [
            route.path
            for route in counters
            if not {Clerk, Recycler, Manager} & set(get_type_hints(inspect.unwrap(route.handler)).values())
        ]

        assert len(counters) >= 5
        assert open_ones == []

    def test_what_is_for_crews_asks_for_somebody_of_a_crew(self, app):
        doors = [route for route in app.router.routes if route.path.startswith("api/v1/crew/")]
        open_ones = [
            route.path
            for route in doors
            if CrewMember not in get_type_hints(inspect.unwrap(route.handler)).values()
        ]

        assert len(doors) >= 9
        assert open_ones == []

    def test_no_answer_to_the_staff_is_kept(self, app):
        kept = [
            route.path
            for route in app.router.routes
            if described(route.handler).repeatable
            and not RESIDENTS & set(get_type_hints(inspect.unwrap(route.handler)).values())
        ]

        assert kept == []

    def test_every_one_has_a_sentence_for_its_documentation(self, app):
        silent = [
            route.path
            for route in app.router.routes
            if "/v1/" in route.path and not inspect.unwrap(route.handler).__doc__
        ]

        assert silent == []


class TestRefusals:
    def test_every_code_is_declared_once(self, app):
        codes = Counter(one.code for one in refusals() if "code" in vars(one))

        assert {code for code, times in codes.items() if times > 1} <= GENERIC
        assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code) for code in codes)

    def test_every_one_has_a_status_and_a_sentence(self, app):
        final = [one for one in refusals() if hasattr(one, "code")]

        assert len(final) > 40
        for one in final:
            assert 400 <= status_of(one.__new__(one)) <= 503, one
            assert re.search(r"[一-鿿].*[。！？]$|\{because\}$", one.sentence), one

    def test_none_is_raised_without_a_code(self, app):
        kinds = {one for one in refusals() if not hasattr(one, "code")}

        assert kinds == {errors.Conflict, errors.Invalid, errors.Unavailable}


class TestSettings:
    def test_every_one_stands_in_the_example_file(self):
        lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

        assert [line.partition("=")[0] for line in lines if line.startswith("HUANXIN_")] == list(
            settings.NAMES
        )

    def test_every_one_stands_in_the_readmes_table(self):
        for name in ("README.md", "README.zh-CN.md"):
            rows = re.findall(
                r"^\| *`(HUANXIN_\w+)`", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
            )

            assert sorted(set(rows)) == sorted(settings.NAMES), name

    def test_every_one_is_known_to_the_reader(self):
        read = set(re.findall(r'"(HUANXIN_\w+)"', inspect.getsource(settings)))

        assert read == set(settings.NAMES)

    def test_nobody_else_reads_the_environment(self):
        readers = {path for path in SOURCES if re.search(r"\benviron\b|\bgetenv\b", path.read_text())}

        assert named(readers) == READS_THE_ENVIRONMENT


class TestOneClock:
    def test_no_rule_looks_at_another(self):
        migrations = ROOT / "miniapi/database/migrations"
        lookers = {
            path for path in SOURCES if path.parent != migrations and MACHINE_TIME.search(path.read_text())
        }

        assert named(lookers) == KNOWS_THE_MACHINES_TIME

    @pytest.mark.parametrize(
        "line",
        [
            "at = datetime.now(UTC)",
            "today = date.today()",
            "began = time.time()",
            "opened_at = fields.DatetimeField(auto_now_add=True)",
            'LATE = "SELECT id FROM drop WHERE opens_at < now()"',
            'LATE = "SELECT CURRENT_TIMESTAMP"',
        ],
    )
    def test_one_that_does_is_noticed(self, line):
        assert MACHINE_TIME.search(line)

    def test_the_one_clock_is_none_of_them(self):
        assert not MACHINE_TIME.search("at = clock.now(); later = self.now(); began = time.monotonic()")


def moves_unseen(source):
    """Calls of the ledger whose answer, whether the money moved, is thrown away."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(
                value=ast.Await(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id="ledger"), attr="move" | "move_all"))
                )
            ):
                yield node


class TestMoney:
    def test_nobody_forgets_to_look_whether_it_moved(self):
        forgetful = {path for path in SOURCES if any(moves_unseen(path.read_text()))}

        assert named(forgetful) == MAY_HAVE_MOVED_BEFORE

    def test_one_who_does_is_noticed(self):
        assert any(moves_unseen("async def pay(): await ledger.move(1, POOL, PAID)"))
        assert not any(moves_unseen("async def pay(): return await ledger.move(1, POOL, PAID)"))


def test_a_module_begins_with_a_sentence():
    silent = {path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))}

    assert {name for name in named(silent) if "/migrations/" not in name} == set()


def test_no_file_grows_beyond_reading():
    tests = list((ROOT / "tests").rglob("*.py"))
    long = {path for path in SOURCES + tests if path.read_text().count("\n") > 450}

    assert {name for name in named(long) if "/migrations/" not in name} == set()
