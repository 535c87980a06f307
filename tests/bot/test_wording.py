from __future__ import annotations

from datetime import datetime

import pytest

from bot import wording
from faq.rules import CHINA


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (52_000, "520 元"),
        (29_990, "299.9 元"),
        (5, "0.05 元"),
        (0, "0 元"),
        (-100, "-1 元"),
        (449_910, "4499.1 元"),
    ],
)
def test_money_is_said_without_trailing_zeros(fen: int, said: str) -> None:
    assert wording.money(fen) == said


def test_the_end_of_a_day_is_midnight() -> None:
    assert wording.last_moment(datetime(2024, 9, 8, 23, 59, 59, tzinfo=CHINA)) == "9月8日 24:00"


def test_the_year_is_said_only_where_it_is_another() -> None:
    opens = datetime(2024, 9, 1, 10, tzinfo=CHINA)

    assert wording.moment(opens, datetime(2024, 8, 1, tzinfo=CHINA)) == "9月1日（周日）10:00"
    assert wording.moment(opens, datetime(2026, 8, 1, tzinfo=CHINA)) == "2024年9月1日（周日）10:00"
