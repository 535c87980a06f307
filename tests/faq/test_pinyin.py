import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.pinyin import Pinyin

WORDS = ["杨凌", "补贴", "多少", "几号", "几好", "到", "补", "冰箱"]


@pytest.fixture(scope="module")
def pinyin() -> Pinyin:
    return Pinyin(WORDS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bu tie duo shao", "补贴多少"),
        ("butie duoshao", "补贴多少"),
        ("yanglinbutieduosao", "杨凌补贴多少"),  # ling and lin, shao and sao are alike to many
        ("bu tie dao ji hao?", "补贴到几号?"),  # the first of those that sound alike
        ("bing xiang 5000 bu duo shao", "冰箱 5000 补多少"),
    ],
)
def test_what_is_typed_by_its_sound_is_read_in_characters(pinyin, typed, meant):
    assert pinyin.read(typed).replace(" ", "") == meant.replace(" ", "")


@pytest.mark.parametrize(
    "typed",
    ["hello", "iphone", "ok", "5000", "", "补贴 duo shao", "duo shao", "bu tie wo", "what is the subsidy"],
)
def test_what_is_no_message_in_sounds_is_left_alone(pinyin, typed):
    assert pinyin.read(typed) is None


@given(st.text(alphabet="abutieduosh ao',?5", max_size=90))
def test_whatever_is_typed_is_read_or_left_alone(pinyin, typed):
    read = pinyin.read(typed)

    assert read is None or len(read) <= len(typed)
