import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.text import plain


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("補貼標準", "补贴标准"),
        ("５２００元", "5200元"),
        ("消费卷", "消费券"),
        ("领劵", "领券"),
        ("补帖", "补贴"),
        ("  冰箱   多少 钱 ", "冰箱多少钱"),
        ("以旧换新", "以旧换新"),
        ("旧换新", "以旧换新"),
        ("真的吗？？？", "真的吗?"),
        ("TCL 电视", "tcl电视"),
    ],
)
def test_writes_what_people_type_the_way_our_files_do(typed, meant):
    assert plain(typed) == meant


@pytest.mark.parametrize("word", ["卷发棒", "试卷", "窗帘卷帘", "胶卷"])
def test_leaves_a_roll_a_roll(word):
    assert plain(word) == word


@given(st.text(max_size=80))
def test_is_plain_after_the_first_time(text):
    once = plain(text)

    assert plain(once) == once


def test_keeps_an_empty_text_empty():
    assert plain("") == ""
