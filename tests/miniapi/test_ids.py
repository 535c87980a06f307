from uuid import RFC_4122, UUID

from miniapi.ids import new_id, new_ids


def test_keys_are_uuids_of_version_7():
    for key in (new_id(), *new_ids(100)):
        assert isinstance(key, UUID)
        assert (key.version, key.variant) == (7, RFC_4122)
        assert UUID(str(key)) == key


def test_no_two_are_the_same():
    assert len({*new_ids(10_000), *new_ids(10_000)}) == 20_000


def test_each_is_greater_than_those_before_it():
    made = [new_id(), *new_ids(5_000), new_id(), *new_ids(3)]

    assert made == sorted(made)


def test_begin_with_the_milliseconds_since_1970(monkeypatch):
    moment = 1_725_156_000_000
    monkeypatch.setattr("miniapi.ids._last", 0)
    monkeypatch.setattr("miniapi.ids.time.time_ns", lambda: moment * 1_000_000)

    assert new_id().int >> 80 == moment


def test_a_clock_that_was_set_back_makes_none_of_before(monkeypatch):
    before = new_id()
    monkeypatch.setattr("miniapi.ids.time.time_ns", lambda: 1_725_156_000_000_000_000)

    assert new_id() > before


def test_all_bits_behind_the_time_are_random():
    seen_set, seen_unset = 0, 0
    for key in new_ids(2_000):
        seen_set |= key.int
        seen_unset |= ~key.int

    random = (1 << 62) - 1
    assert seen_set & seen_unset & random == random
