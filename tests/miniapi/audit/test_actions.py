"""Writing the audit log: one unbroken chain, whoever writes at the same time and whatever is rolled back."""

import asyncio
import json

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from miniapi.audit.actions import FIRST, OWN, Event, record, record_all, recording
from miniapi.audit.models import AuditEvent
from miniapi.audit.rules import GENESIS, Link
from miniapi.database import sql
from miniapi.logs import request_id
from miniapi.reports.audit import differences
from tests.factories.people import a_resident

INDEXES_USED = """
    SELECT indexrelname AS name FROM pg_stat_user_indexes WHERE relname = 'audit_event' AND idx_scan > 0
"""


async def test_an_event_says_who_did_what_to_what_and_why(database, noon):
    await record(
        "staff:1",
        "drop.freeze",
        "drop:2",
        at=noon,
        reason="设备检修",
        before={"frozen": False},
        after={"frozen": True, "since": noon},
    )

    event = await AuditEvent.get()
    assert (event.seq, event.previous) == (1, GENESIS)
    assert (event.actor, event.action, event.subject, event.reason) == (
        "staff:1",
        "drop.freeze",
        "drop:2",
        "设备检修",
    )
    assert event.at == noon
    assert json.loads(event.before) == {"frozen": False}
    assert json.loads(event.after) == {"frozen": True, "since": str(noon)}


async def test_an_event_names_the_request_it_was_made_in_whoever_writes_it_down(database, noon):
    request_id.set("a" * 32)
    ours = Event("resident:1", "test.act", "test:1")
    request_id.set("b" * 32)
    theirs = Event("resident:2", "test.act", "test:2")
    request_id.set(None)

    await record_all([ours, theirs, Event("operator:cli", "test.act", "test:3")], at=noon)

    written = await AuditEvent.all().order_by("seq").values_list("request", flat=True)
    assert written == ["a" * 32, "b" * 32, None]


async def test_many_are_chained_in_their_order_to_the_last(database, noon, library):
    await record("staff:1", "test.act", "test:0", at=noon)
    await record_all(
        [Event("staff:1", "test.act", f"test:{number}", after={"number": number}) for number in range(1, 40)],
        at=noon,
    )

    events = await AuditEvent.all().order_by("seq")
    assert [event.subject for event in events] == [f"test:{number}" for number in range(40)]
    assert [event.previous for event in events] == [GENESIS, *(event.hash for event in events[:-1])]
    assert await differences(database, library) == []


async def test_nothing_to_write_writes_nothing(database, noon):
    await record_all([], at=noon)

    assert await AuditEvent.all().count() == 0


async def test_thirty_at_once_never_fork_the_chain(database, noon, library):
    async def act(number):
        async with in_transaction():
            await a_resident(noon, verified=False)
            await record(f"staff:{number}", "test.act", "test:1", at=noon, after={"number": number})

    await asyncio.gather(*(act(number) for number in range(30)))

    events = await AuditEvent.all().order_by("seq")
    assert [event.seq for event in events] == list(range(1, 31))
    assert [event.previous for event in events] == [GENESIS, *(event.hash for event in events[:-1])]
    assert {event.actor for event in events} == {f"staff:{number}" for number in range(30)}
    assert await differences(database, library) == []


async def test_an_act_that_was_rolled_back_leaves_none_and_no_gap(database, noon, library):
    async def act(number):
        async with in_transaction():
            await record(f"staff:{number}", "test.act", "test:1", at=noon)
            if number % 3 == 0:
                raise ZeroDivisionError

    outcomes = await asyncio.gather(*(act(number) for number in range(15)), return_exceptions=True)

    assert outcomes.count(None) == 10
    assert await AuditEvent.all().order_by("seq").values_list("seq", flat=True) == list(range(1, 11))
    assert await differences(database, library) == []


@pytest.mark.parametrize(
    ("number", "follows"),
    [(4, "nothing"), (4, "the first"), (5, "the last"), (1, "the last"), (0, "nothing")],
)
async def test_the_database_refuses_what_does_not_follow_the_last(database, noon, number, follows):
    await record_all([Event("staff:1", "test.act", f"test:{index}") for index in range(3)], at=noon)
    first, *_, last = await AuditEvent.all().order_by("seq")
    previous = {"nothing": GENESIS, "the first": first.hash, "the last": last.hash}[follows]

    with pytest.raises(IntegrityError):
        await sql.write(
            recording([Event("staff:1", "test.act", "test:3")], Link(number - 1, previous), at=noon)
        )

    assert await AuditEvent.all().count() == 3


@pytest.mark.parametrize("broken", [0, 1])
async def test_of_several_each_follows_the_one_before_it(database, noon, broken):
    (events,) = recording([Event("staff:1", "test.act", "test:1")] * 2, FIRST, at=noon)
    events.values[OWN.index("previous")][broken] = "f" * 64

    with pytest.raises(IntegrityError, match="does not follow"):
        await sql.write([events])

    assert await AuditEvent.all().count() == 0


async def test_the_event_before_is_found_at_once_however_long_the_log_is(database, noon):
    await record("staff:1", "test.act", "test:first", at=noon)
    owner = await asyncpg.connect(database)
    await owner.execute("VACUUM ANALYZE audit_event")  # any index will do, as long as it is so short
    await owner.close()
    async with in_transaction():  # one session, which keeps its plans
        for number in range(60):
            await record("staff:1", "test.act", f"test:{number}", at=noon)
        await sql.rows("SELECT pg_stat_force_next_flush()")

    used = await sql.rows(INDEXES_USED)
    assert used == [{"name": "audit_event_pkey"}]


@pytest.mark.parametrize("nobody", ["", "somebody", "staff:"])
async def test_an_event_names_both(database, noon, nobody):
    with pytest.raises(Exception, match="audit_names_both"):
        await record(nobody, "test.act", "test:1", at=noon)
