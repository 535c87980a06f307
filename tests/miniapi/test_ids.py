from uuid import RFC_4122, UUID

from miniapi.ids import new_id, new_ids


def test_keys_are_uuids_of_version_7():
    for key in (new_id(), *new_ids(100)):
        assert isinstance(key, UUID)
        assert (key.version, key.variant) == (7, RFC_4122)
        assert UUID(str(key)) == key


def test_no_two_are_the_same():
    assert len({*new_ids(10_000), *new_ids(10_000)}) == 20_000


def test_a_later_millisecond_comes_later(monkeypatch):
    moment = 1_725_156_000_000
    monkeypatch.setattr("miniapi.ids.time.time_ns", lambda: moment * 1_000_000)
    earlier = new_ids(100)
    moment += 1
    later = new_ids(100)

    assert max(earlier) < min(later)
    assert earlier[0].int >> 80 == moment - 1


def test_all_bits_beside_version_and_variant_are_random():
    seen_set, seen_unset = 0, 0
    for key in new_ids(2_000):
        seen_set |= key.int
        seen_unset |= ~key.int

    random = (1 << 74) - 1
    both = seen_set & seen_unset
    rand_a, rand_b = both >> 64 & 0xFFF, both & (1 << 62) - 1
    assert rand_a << 62 | rand_b == random
