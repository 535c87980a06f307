"""Every route of the document, called with whatever schemathesis thinks of: it must keep its word."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as bounded
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi import checks

from miniapi import clock
from miniapi.accounts.models import Resident, Session
from miniapi.database.connection import connected
from miniapi.keys import Keys
from miniapi.staff.models import Staff, StaffRole, StaffSession
from tests.apart import Apart, apart
from tests.factories.counter import a_clerk, a_counter_quote, a_redemption, a_voucher
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme
from tests.factories.settlement import a_settlement
from tests.factories.slots import a_slot
from tests.factories.staff import a_desk_of, a_staff
from tests.miniapi.sandbox.running import running_sandbox
from tests.web import a_token_of, serving

SEED = 20240901
BUDGET = bounded(
    max_examples=20,  # for each route
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LEAVING = "DELETE /api/v1/me"
# several fields at once; what the region or the list knows
BEYOND_A_SCHEMA = {"body", "clause", "cursor", "district"}


def what_is_well_formed_is_read(_ctx, answer, case):
    """Data that fit the document may find nothing or come too late; they are never called malformed."""
    if case.meta.generation.mode.is_positive and answer.status_code == 422:
        wrong = [one for one in answer.json().get("errors", ()) if one["field"] not in BEYOND_A_SCHEMA]
        assert wrong == []


def what_is_malformed_is_refused(context, answer, case):
    """Data that do not fit are refused, unless an address shows nothing of them: `[]` is no parameter."""
    sent = parse_qs(urlsplit(answer.request.url).query, keep_blank_values=True)
    if set(case.query or ()) <= set(sent):
        checks.negative_data_rejection(context, answer, case)


CHECKS = [
    what_is_well_formed_is_read,
    what_is_malformed_is_refused,
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.ignored_auth,
]


@dataclass(frozen=True, slots=True)
class City:
    """A running application with something of everything in it, and somebody who lives there."""

    app: Apart
    resident: Resident
    desks: Iterator[Staff]

    def headers(self, operation) -> dict[str, str]:
        """Signed in as whoever the route is for, whatever the call before did to the session."""
        return {"Authorization": f"Bearer {self.app.do(self._token(operation))}"}

    async def _token(self, operation) -> str:
        if operation.path.startswith("/api/v1/staff"):
            await StaffSession.all().update(ended_at=None)
            return await a_desk_of(next(self.desks))
        if operation.label == LEAVING:
            return await a_token_of(await a_resident(clock.now()))
        await Session.all().update(ended_at=None)
        return await a_token_of(self.resident)


@pytest.fixture
def city(database_url, noon, settings, library, matcher, keys, tmp_path) -> Iterator[City]:
    unlimited = replace(
        settings.limits, requests_per_minute=0, sign_ins_per_minute=0, person_requests_per_minute=0
    )

    async def begin(opened: AsyncExitStack):
        await opened.enter_async_context(connected(database_url))
        sandbox = await opened.enter_async_context(running_sandbox(tmp_path))
        known = replace(settings, limits=unlimited, wechat=sandbox.wechat)
        return await opened.enter_async_context(serving(known, library, matcher, keys, wechat_seconds=0.5))

    with apart(begin) as running:
        resident, known_ids = running.do(somebody_busy(running, noon, library))
        desks = running.do(everybody_at_the_bureau(noon, keys))
        schemathesis.openapi.format("uuid", st.sampled_from(known_ids) | st.uuids().map(str))
        schemathesis.openapi.format("region", st.sampled_from([*library.packs, "nowhere"]))
        schemathesis.openapi.format("category", st.sampled_from(["fridge", "空调", "sofa", "nothing"]))
        yield City(running, resident, cycle(desks))


async def everybody_at_the_bureau(noon: datetime, keys: Keys) -> list[Staff]:
    """As few accounts as have every role."""
    bureau, reviewer, finance, auditor, support = StaffRole
    pairs = (bureau, reviewer, support), (bureau, finance), (auditor,)
    return [await a_staff(noon, *roles, keys=keys) for roles in pairs]


async def somebody_busy(running: Apart, noon: datetime, library) -> tuple[Resident, list[str]]:
    """A resident with a voucher, a booking, a reminder, a ticket and a counter; the ids of all there is."""
    resident, web = await a_resident(noon), running.web
    programme = await a_programme(library, noon)
    drops = [await a_drop(programme, noon + timedelta(days=days)) for days in (-1, 0, 1)]
    slots = [await a_slot(noon, hours_ahead=hours, capacity=50) for hours in (1, 24, 48)]
    made = [
        await web.post(f"/drops/{drops[0].id}/claims", by=resident),
        await web.post("/reminders", by=resident, kind="drop", drop=str(drops[2].id)),
        await web.post("/tickets", by=resident, kind="help", text="实名认证过不了"),
        await web.post(
            "/pickups",
            by=resident,
            slot=str(slots[1].id),
            items=[{"category": "fridge"}],
            address={"district": "杨陵区", "street": "示例路 8 号"},
        ),
    ]
    said = await web.post("/chat", by=resident, text="券几点发", region="yangling")
    assert [answer.status for answer in made] == [201] * 4
    clerk = await a_clerk(noon, resident=resident)
    sold = await a_redemption(noon, library, clerk=clerk)
    promised = (await a_counter_quote(await a_voucher(noon, library), clerk, library, at=noon)).quote
    paid = await a_redemption(noon, library, clerk=clerk)
    settlement = (await a_settlement(noon, paid)).settlement
    known = [one.id for one in (*drops, *slots, sold, promised, paid, settlement, clerk.merchant)]
    told = [answer.json.get("voucher", answer.json)["id"] for answer in made]
    return resident, [*map(str, known), *told, said.json["message"]]


def keeps_its_word(case, city):
    """One call, and whether its answer is one that the document promises."""
    case.call_and_validate(checks=CHECKS, headers=city.headers(case.operation))


def test_every_route_keeps_its_word(city):
    config = schemathesis.Config.from_dict({"seed": SEED, "generation": {"allow-x00": False}})
    document = schemathesis.openapi.from_url(f"{city.app.web.base}/docs/openapi.json", config=config)
    broken = []

    for found in get_all_tests(schema=document, test_func=keeps_its_word, settings=BUDGET, given_kwargs=None):
        operation, fuzz = found.ok()
        try:
            fuzz(city=city)
        except BaseExceptionGroup as failures:
            broken += [f"{operation.label}\n{failure}" for failure in failures.exceptions]

    assert not broken, "\n\n".join(broken)
