import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.chat.common_words import LONGEST_KEPT, common_words


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("小区停车位怎么申请", "小区 停车位 怎么 申请"),
        ("身份证 610403199001011234 实名认证过不了", "身份证 实名认证 不了"),
        ("我叫李梓萱，电话１３８１２３４５６７８，社保断缴怎么办", "电话 社保 怎么办"),
        ("康乐路12号3栋501，王小明家的冰箱", "冰箱"),
        ("一三八一二三四五六七八打不通", "不通"),
        ("asdfgh 8801", ""),
        ("補貼怎麼領", "补贴 怎么"),
        ("补贴补贴补贴怎么怎么", "补贴 怎么"),
    ],
)
def test_only_common_words_are_kept(library, text, kept):
    assert common_words(text, library) == kept


@given(st.text(alphabet="补贴怎么社保王小明李康乐路号0123456789一二三 ,abcX", max_size=300))
def test_never_a_number_nor_too_much(library, text):
    kept = common_words(text, library)

    assert not any(sign.isdigit() for sign in kept)
    assert len(kept) <= LONGEST_KEPT
    assert all(len(word) > 1 for word in kept.split())
