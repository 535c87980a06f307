from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.replies import LONGEST, Action, Reply


@given(st.text(max_size=1500), st.text(max_size=1500))
def test_a_reply_always_fits(first: str, second: str) -> None:
    reply = Reply(first, "answer").followed_by(Reply(second, "answer")).within_bounds()

    assert len(reply.text) <= LONGEST


def test_what_comes_second_is_kept_whole() -> None:
    reply = Reply("长" * 900, "answer").followed_by(Reply("哪天方便上门？", "book_pickup"))

    assert len(reply.text) == LONGEST
    assert reply.text.endswith("…\n哪天方便上门？")


def test_nothing_is_shown_twice() -> None:
    button = Action("drop", "看发券场次")

    reply = Reply("好", "answer", 1.7, suggestions=("补多少",) * 3, actions=(button, button)).within_bounds()

    assert (reply.confidence, reply.suggestions, reply.actions) == (1.0, ("补多少",), (button,))


@pytest.mark.parametrize(
    ("written", "even"),
    [
        ("活动到 2024年10月15日 截止", "活动到2024年10月15日截止"),
        ("名单于 8 月 13 日之前公布", "名单于8月13日之前公布"),
        ("在 2024 年 10 月 15 日 结束", "在2024年10月15日结束"),
        ("用到 9月8日 24:00", "用到9月8日 24:00"),
        ("每月 1号、16号 上午 10:00 发券", "每月 1号、16号上午 10:00 发券"),
        ("地址：示例路 8 号 2 单元，补 520 元", "地址：示例路 8 号 2 单元，补 520 元"),
        ("每月 12 日前，7 日内", "每月 12 日前，7 日内"),
    ],
)
def test_dates_are_evenly_spaced(written: str, even: str) -> None:
    reply = Reply(written, "answer").within_bounds()

    assert reply.text == even
