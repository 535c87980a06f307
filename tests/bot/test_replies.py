from __future__ import annotations

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
