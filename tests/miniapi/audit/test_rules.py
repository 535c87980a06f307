from datetime import UTC, datetime

from miniapi import clock
from miniapi.audit.rules import GENESIS, Link, break_between, hash_of, written_down

AT = datetime(2024, 9, 1, 12, tzinfo=clock.SHANGHAI)


def an_event(seq=1, previous=GENESIS, **facts):
    event = {
        "seq": seq,
        "at": AT,
        "actor": "staff:1",
        "action": "drop.freeze",
        "subject": "drop:2",
        "reason": None,
        "request": None,
        "before": None,
        "after": written_down({"frozen": True}),
        "previous": previous,
        **facts,
    }
    return {**event, "hash": hash_of(event)}


class TestHashes:
    def test_are_the_same_whatever_zone_the_time_is_written_in(self):
        assert an_event(at=AT.astimezone(UTC))["hash"] == an_event()["hash"]

    def test_change_with_everything_an_event_says(self):
        changes = [
            {"seq": 2},
            {"at": AT.replace(microsecond=1)},
            {"actor": "staff:2"},
            {"action": "drop.open"},
            {"subject": "drop:3"},
            {"reason": "因为"},
            {"request": "a" * 32},
            {"before": "{}"},
            {"after": "{}"},
            {"previous": "1" * 64},
        ]

        assert len({an_event()["hash"], *(an_event(**change)["hash"] for change in changes)}) == 11

    def test_of_events_from_before_requests_were_written_down_stay_as_they_were(self):
        assert an_event()["hash"] == "1ff008b8f5860827caa3aa8ad3002090f1a073cd230f3ba8054e4e068107ea6b"

    def test_do_not_depend_on_the_order_of_facts(self):
        assert written_down({"a": 1, "b": "张"}) == written_down({"b": "张", "a": 1}) == '{"a":1,"b":"张"}'


class TestBreaks:
    def test_are_none_where_one_event_follows_the_other(self):
        first = an_event()
        second = an_event(2, first["hash"])

        assert list(break_between(Link(0, GENESIS), first)) == []
        assert list(break_between(Link(1, first["hash"]), second)) == []

    def test_are_named_once_each(self):
        changed = {**an_event(), "action": "drop.open"}

        assert list(break_between(Link(0, GENESIS), changed)) == ["it was changed after it was written"]
        assert list(break_between(Link(0, GENESIS), an_event(2, "1" * 64))) == [
            "event 1 is missing before it"
        ]
        assert list(break_between(Link(3, "1" * 64), an_event(7, "2" * 64))) == [
            "events 4 to 6 are missing before it"
        ]
        assert list(break_between(Link(1, "1" * 64), an_event(2, "2" * 64))) == [
            "it follows another event 1 than the one that is there"
        ]
