"""The life of WeChat's access tokens."""

from miniapi.sandbox.tokens import EXPIRED, MISSING, WRONG, Tokens


def issued(*names, family="plain", at=0.0):
    tokens = Tokens()
    for name in names:
        tokens.issue(name, family, forced=False, at=at)
    return tokens


def test_a_token_works_for_two_hours():
    tokens = issued("one")

    assert tokens.verdict("one", 7199.0) == 0
    assert tokens.verdict("one", 7200.0) == EXPIRED


def test_nothing_and_nonsense_are_refused_differently():
    assert issued("one").verdict("", 0.0) == MISSING
    assert issued("one").verdict("two", 0.0) == WRONG


def test_a_plain_refresh_leaves_the_last_one_five_minutes():
    tokens = issued("one", "two", at=1000.0)

    assert tokens.verdict("one", 1299.0) == 0
    assert tokens.verdict("one", 1300.0) == EXPIRED
    assert tokens.verdict("two", 1300.0) == 0


def test_a_second_refresh_ends_the_first_at_once():
    tokens = issued("one", "two", "three")

    assert [tokens.verdict(name, 1.0) for name in ("one", "two", "three")] == [WRONG, 0, 0]


def test_the_two_families_leave_each_other_alone():
    tokens = issued("plain")
    tokens.issue("stable", "stable", forced=False, at=0.0)
    tokens.issue("forced", "stable", forced=True, at=1.0)

    assert [tokens.verdict(name, 2.0) for name in ("plain", "stable", "forced")] == [0, WRONG, 0]


def test_the_stable_token_is_rolled_five_minutes_early():
    tokens = issued("one", family="stable")

    assert tokens.stable(6899.0) is not None
    assert tokens.stable(6900.0) is None


def test_forcing_counts_for_a_day_and_needs_thirty_seconds():
    tokens = Tokens()
    tokens.issue("one", "stable", forced=True, at=0.0)

    assert not tokens.may_force(29.0)
    assert tokens.may_force(30.0)
    assert tokens.forced_today(86399.0) == 1
    assert tokens.forced_today(86400.0) == 0
