from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import understanding
from faq.packs import Library


@pytest.mark.parametrize(
    "said", ["是的", "确认", "好", "好的。", "可以", "OK", "嗯嗯", "没问题！", "行吧", "对"]
)
def test_a_yes_is_heard(said: str) -> None:
    assert understanding.says_yes(said)


@pytest.mark.parametrize(
    "said", ["好多钱", "可以上门吗", "不是", "好的，改成下午", "确认一下价格", "", "对了还有事"]
)
def test_what_is_more_than_a_yes_is_none(said: str) -> None:
    assert not understanding.says_yes(said)


@pytest.mark.parametrize("said", ["不", "不对", "不行", "先不", "错了"])
def test_a_no_is_heard(said: str) -> None:
    assert understanding.says_no(said)


@pytest.mark.parametrize("said", ["算了", "取消", "不约了", "不用了谢谢", "先不约", "下次再说吧", "停"])
def test_a_stop_is_heard(said: str) -> None:
    assert understanding.says_stop(said)


@pytest.mark.parametrize("said", ["取消提醒", "康乐路12号", "明天", "能取消吗"])
def test_what_only_mentions_stopping_is_no_stop(said: str) -> None:
    assert not understanding.says_stop(said)


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ("收旧冰箱和空调", ["fridge", "ac"]),
        ("两台冰箱，冰箱很旧", ["fridge"]),
        ("不是空调，是冰箱", ["fridge"]),
        ("随便看看", []),
    ],
)
def test_things_are_found_each_once(said: str, keys: list[str], library: Library) -> None:
    assert understanding.things(said, library.categories) == keys


@pytest.mark.parametrize(
    ("said", "half"),
    [
        ("明天上午", "morning"),
        ("早上来", "morning"),
        ("下午3点", "afternoon"),
        ("晚上下班后", "evening"),
        ("上午不行，下午吧", "afternoon"),
        ("都可以", "any"),
        ("明天", None),
    ],
)
def test_the_half_of_the_day_is_heard(said: str, half: str | None) -> None:
    assert understanding.half(said) == half


@pytest.mark.parametrize(
    ("said", "hour"),
    [("下午3点", 15), ("十点", 10), ("晚上八点", 20), ("14:30", 14), ("明天", None), ("99点", None)],
)
def test_the_hour_is_heard(said: str, hour: int | None) -> None:
    assert understanding.hour(said) == hour


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("明天上午来康乐路12号收旧冰箱", "康乐路12号"),
        ("地址：邰城路8号1单元201", "邰城路8号1单元201"),
        ("我家住在西农路22号家属院3号楼", "西农路22号家属院3号楼"),
        ("后天下午，杨村乡毕公村二组，收空调", "杨村乡毕公村二组"),
        ("地址改成邰城路5号", "邰城路5号"),
        ("明天上午来收旧冰箱", None),
        ("最高补几千？", None),
        ("附近哪个小区有回收点", None),
    ],
)
def test_an_address_is_cut_out_of_what_stands_around_it(said: str, address: str | None) -> None:
    assert understanding.address(said) == address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("我家在毕公村", "毕公村"),
        ("教工宿舍", "教工宿舍"),
        ("是的", None),
        ("多少钱？", None),
        ("嗯", None),
        ("123", None),
        ("上周五", None),
        ("下个月5号", None),
    ],
)
def test_an_answer_to_the_question_where_may_be_any_place(said: str, address: str | None) -> None:
    assert understanding.address_when_asked(said) == address


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("提前15分钟", 15),
        ("提前半小时", 30),
        ("提前两小时", 120),
        ("提前一天", 1440),
        ("十分钟前", 10),
        ("提醒我", None),
        ("提前一刻钟", 15),
    ],
)
def test_how_long_before_is_heard(said: str, minutes: int | None) -> None:
    assert understanding.minutes(said) == minutes


@given(st.text(max_size=300))
def test_any_text_can_be_listened_to(text: str) -> None:
    understanding.says_yes(text)
    understanding.says_no(text)
    understanding.says_stop(text)
    understanding.asks(text)
    understanding.half(text)
    understanding.hour(text)
    understanding.minutes(text)
    for address in (understanding.address(text), understanding.address_when_asked(text)):
        assert address is None or 0 < len(address) <= understanding.LONGEST_ADDRESS
