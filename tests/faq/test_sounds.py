import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.sounds import Ears

NAMES = ["爱尚重庆", "明白纸", "重庆"]
WORDS = ["退货", "补贴", "几级", "维修点", "负责"]


@pytest.fixture(scope="module")
def ears() -> Ears:
    return Ears(NAMES, WORDS, is_a_word={"补铁", "意识"}.__contains__)


@pytest.mark.parametrize(
    ("tokens", "meant"),
    [
        (["退", "获", "补贴", "怎么", "办"], "退货补贴怎么办"),
        (["能效", "几", "及"], "能效几级"),
        (["归", "谁", "负", "则"], "归谁负责"),
        (["崇", "庆", "的", "活动"], "重庆的活动"),
        (["爱", "商", "重庆"], "爱尚重庆"),
        (["明白", "指", "是", "什么"], "明白纸是什么"),
    ],
)
def test_a_character_of_the_same_sound_is_heard_as_the_word_of_the_trade(ears, tokens, meant):
    assert ears.mended(tokens) == meant


def test_sounds_that_many_do_not_tell_apart_are_alike():
    ears = Ears(["济宁"], [], is_a_word=lambda word: False)

    assert ears.mended(["济", "林", "补", "多少"]) == "济宁补多少"


@pytest.mark.parametrize(
    "tokens",
    [
        ["补铁"],  # a word of the dictionary is what was meant
        ["不", "贴", "发票"],  # 不 stands everywhere
        ["维修", "店", "能", "参加", "吗"],
        ["发布", "贴", "子"],  # 布贴 is no word by itself here
        ["获", "退"],
        ["退", "囧"],
        [],
    ],
)
def test_what_is_no_slip_stays(tokens):
    ears = Ears(NAMES, [*WORDS, "店"], is_a_word={"补铁", "发布"}.__contains__)

    assert ears.mended(tokens) == "".join(tokens)


@given(st.lists(st.text(max_size=3), max_size=20))
def test_as_much_is_heard_as_was_said(tokens):
    ears = Ears(NAMES, WORDS, is_a_word=lambda word: False)

    assert len(ears.mended(tokens)) == len("".join(tokens))


def test_no_asking_is_misheard_for_another_word_of_its_own(matcher):
    for asking in (
        "哪些店能用券",
        "拆解厂能报名吗",
        "租个洗衣机有没有",
        "补到几月几号为止",
        "官网会公布放券时间吗",
    ):
        assert matcher.aright(asking) == asking
