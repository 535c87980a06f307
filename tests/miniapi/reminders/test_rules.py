from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.clock import SHANGHAI
from miniapi.reminders import rules
from miniapi.wechat.templates import TEMPLATES

BEGIN = datetime(2024, 1, 1, tzinfo=SHANGHAI)
times = st.integers(0, 10**8).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2024-09-01T20:59:59+08:00", None),
        ("2024-09-01T21:00:00+08:00", "2024-09-02T08:00:00+08:00"),
        ("2024-09-01T16:30:00+00:00", "2024-09-02T08:00:00+08:00"),
        ("2024-09-02T07:59:59+08:00", "2024-09-02T08:00:00+08:00"),
        ("2024-09-02T08:00:00+08:00", None),
    ],
)
def test_nights_are_quiet(now, until):
    quiet_until = rules.quiet_until(datetime.fromisoformat(now))

    assert quiet_until == (until and datetime.fromisoformat(until))


@given(times)
def test_the_evening_before_is_at_eight_of_the_day_before(at):
    evening = rules.due_at(at, rules.minutes_from_evening(at))

    assert evening.date() == at.date() - timedelta(days=1)
    assert (
        timedelta()
        <= evening - evening.replace(hour=20, minute=0, second=0, microsecond=0)
        < timedelta(minutes=1)
    )


@given(st.integers(1, 100))
def test_each_wait_is_within_its_bounds(attempt):
    assert 0.5 <= rules.wait_before(attempt) <= rules.LONGEST_WAIT


def test_every_kind_with_a_template_says_whether_a_second_copy_is_better_than_none():
    assert set(rules.SECOND_COPY_BETTER) == set(TEMPLATES)
    assert {kind for wanted in rules.WANTED_AT.values() for kind in wanted} <= set(TEMPLATES)
