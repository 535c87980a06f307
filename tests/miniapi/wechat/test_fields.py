"""Values made to fit the fields of a subscribe message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.sandbox.values import is_accepted
from miniapi.wechat import fields


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("thing1", "二" * 20, "二" * 20),
        ("thing1", "二" * 21, "二" * 19 + "…"),
        ("thing1", "两行\n一起\t说", "两行 一起 说"),
        ("name1", "名字超过了十个汉字的人", "名字超过了十个汉字…"),
        ("name1", "Alexander Hamilton Junior", "Alexander Hamilton…"),
        ("character_string1", "PK-20240901-7", "PK-20240901-7"),
        ("phrase2", "处理中", "处理中"),
        ("amount2", "299.9元", "299.9元"),
        ("time2", "2024年9月1日 10:00~12:00", "2024年9月1日 10:00~12:00"),
        ("date2", "2024-09-01", "2024-09-01"),
    ],
)
def test_texts_are_cut_and_the_rest_stays(field, value, expected):
    assert fields.fitted(field, value) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thing1", " \n"),
        ("character_string1", "单号"),
        ("character_string1", "x" * 33),
        ("phrase2", "处理完毕并已归档"),
        ("amount2", "520 元"),
        ("time2", "24:00"),
        ("car_number1", "A"),
        ("enum_string1", "是"),
        ("fax1", "x"),
    ],
)
def test_what_cannot_fit_is_refused(field, value):
    with pytest.raises(fields.DoesNotFit):
        fields.fitted(field, value)


@given(st.sampled_from([f"{kind}1" for kind in fields.ALLOWED]), st.text(max_size=60))
def test_whatever_fits_is_accepted_by_wechat(field, value):
    try:
        fitting = fields.fitted(field, value)
    except fields.DoesNotFit:
        return

    assert is_accepted(field, fitting)


@given(st.text(min_size=1, max_size=60))
def test_any_visible_text_is_some_thing(value):
    assert 1 <= len(fields.fitted("thing1", f"。{value}")) <= 20


@given(st.text(max_size=1500))
def test_a_reply_is_short_enough_and_holds_no_link(text):
    reply = fields.reply_of(text, "wx1")

    assert len(reply.encode()) <= fields.LONGEST_REPLY
    assert "<" not in reply
