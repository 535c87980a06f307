"""Whatever the tables' owner does to the log is found, but for its cut end, which the anchors show."""

import asyncpg
import pytest

from miniapi.audit import queries
from miniapi.audit.actions import Event, record, record_all
from miniapi.audit.models import AuditEvent
from miniapi.audit.rules import CHAINED, hash_of
from miniapi.reports.audit import differences
from tests.miniapi.reports.test_audit import by_hand

CHANGED = "it was changed after it was written"
RULE = "(rule: the audit log is one unbroken chain)"


@pytest.fixture
async def log(database, noon):
    """A database whose log has five events."""
    for number in range(1, 6):
        event = Event("staff:1", "test.act", f"test:{number}", after={"number": number}, request="a" * 32)
        await record_all([event], at=noon)
    return database


async def found(database, library):
    return [line.replace(f" {RULE}", "") for line in await differences(database, library)]


async def test_a_whole_log_has_no_breaks(log, library):
    assert await found(log, library) == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'staff:2'",
        "at = at + interval '1 microsecond'",
        "reason = 'x'",
        f"request = '{'b' * 32}'",
        "request = NULL",
        "after = '{\"number\":30}'",
        "after = NULL",
        f"hash = '{'a' * 64}'",
    ],
)
async def test_a_changed_event_is_named(log, library, change):
    await by_hand(log, f"UPDATE audit_event SET {change} WHERE seq = 3")

    lines = await found(log, library)
    assert lines[0] == f"audit event 3: {CHANGED}"
    assert lines[1:] in ([], ["audit event 4: it follows another event 3 than the one that is there"])


async def test_a_changed_event_with_its_hash_made_anew_breaks_what_follows(log, library):
    await by_hand(log, "UPDATE audit_event SET actor = 'staff:2' WHERE seq = 3")
    event = await AuditEvent.get(seq=3)
    fresh = hash_of({name: getattr(event, name) for name in CHAINED})
    await by_hand(log, f"UPDATE audit_event SET hash = '{fresh}' WHERE seq = 3")

    assert await found(log, library) == [
        "audit event 4: it follows another event 3 than the one that is there"
    ]


@pytest.mark.parametrize(
    ("gone", "line"),
    [
        ("seq = 3", "audit event 4: event 3 is missing before it"),
        ("seq IN (2, 3)", "audit event 4: events 2 to 3 are missing before it"),
        ("seq = 1", "audit event 2: event 1 is missing before it"),
    ],
)
async def test_a_removed_event_is_noticed(log, library, gone, line):
    await by_hand(log, f"DELETE FROM audit_event WHERE {gone}")

    assert await found(log, library) == [line]


async def test_events_that_changed_places_are_noticed(log, library):
    for old, new in ((3, 99), (4, 3), (99, 4)):
        await by_hand(log, f"UPDATE audit_event SET seq = {new} WHERE seq = {old}")

    lines = await found(log, library)
    assert f"audit event 3: {CHANGED}" in lines
    assert f"audit event 4: {CHANGED}" in lines


async def test_a_cut_end_cannot_be_seen_from_within_but_its_anchor_tells(log, library):
    anchor = await queries.head()
    await by_hand(log, "DELETE FROM audit_event WHERE seq > 3")

    assert anchor is not None
    assert await found(log, library) == []
    last = await queries.head()
    assert last is not None
    assert (last.seq, last.hash) != (anchor.seq, anchor.hash)


async def test_a_long_log_is_read_piece_by_piece(log, noon, library, monkeypatch):
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    await by_hand(log, "UPDATE audit_event SET reason = 'x' WHERE seq = 5")

    assert await found(log, library) == [f"audit event 5: {CHANGED}"]


async def test_the_log_is_read_in_one_snapshot(log, noon):
    connection = await asyncpg.connect(log)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            assert await connection.fetchval("SELECT count(*) FROM audit_event") == 5
            await record("staff:1", "test.act", "test:6", at=noon)
            await by_hand(log, "UPDATE audit_event SET reason = 'x' WHERE seq = 2")

            assert [line async for line in queries.breaks(connection)] == []
    finally:
        await connection.close()
