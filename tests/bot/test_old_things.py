"""What people say of an old thing."""

from datetime import date

import pytest

from bot.old_things import described

TODAY = date(2024, 9, 1)


def said(text):
    thing = described("fridge", text, TODAY)
    return thing.size, thing.age_years, thing.works


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("旧冰箱值多少钱", (None, None, None)),
        ("双开门冰箱用了八年还能用，卖多少钱", ("large", 8, True)),
        ("2016年买的小冰箱，不制冷了", (None, 8, False)),
        ("单门的，用了十二年，坏了", ("small", 12, False)),
        ("三年前买的中号冰箱，好好的", ("medium", 3, True)),
        ("大的小的都有，回收给多少", (None, None, None)),
        ("不知道还能不能用", (None, None, None)),
        ("冰箱用不了了", (None, None, False)),
        ("还能用，但是不能用冷冻", (None, None, False)),
        ("2030年买的", (None, None, None)),
        ("用了99年", (None, None, None)),
    ],
)
def test_is_understood_as_far_as_it_goes(text, understood):
    assert said(text) == understood
