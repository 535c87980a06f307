from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.accounts import rules
from tests.factories.people import an_id_number

TODAY = date(2024, 9, 1)


def test_the_standards_own_example_is_a_number():
    assert rules.is_id_number("11010519491231002X", TODAY)


@given(st.integers(0, 999), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_found(serial, place, other):
    number = an_id_number(serial)

    changed = number[:place] + other + number[place + 1 :]

    assert rules.is_id_number(changed, TODAY) == (changed == number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "61040319900307001",  # 17 characters
        "6104031990030700181",
        "61040319901307001X",  # a thirteenth month
        "６１０４０３１９９００３０７００１８",
        "990403199003070018",  # no such province
    ],
)
def test_what_cannot_be_a_number_is_refused(number):
    assert not rules.is_id_number(number, TODAY)


def test_nobody_is_born_in_the_future():
    assert not rules.is_id_number(an_id_number(), date(1990, 3, 6))


def test_what_is_shown_hides_the_middle():
    assert rules.masked_phone("13812345678") == "138****5678"
    assert rules.masked_name("张小明") == "张**"
    assert rules.masked_id_number("61040319900307123X") == "6104**********123X"
