"""A story is taken apart where it takes breath, and its teller is no part of the question."""

from __future__ import annotations

import pytest

from bot import stories


def test_a_story_takes_breath_where_it_turns_to_the_question() -> None:
    pieces = stories.breaths("我家冰箱坏了然后想问一下旧的怎么处理")

    assert pieces == ["我家冰箱坏了", "旧的", "怎么处理"]


@pytest.mark.parametrize(("said", "left"), [("我妹在那边补多少", "补多少"), ("补多少", "补多少")])
def test_who_tells_it_is_no_part_of_the_question(said: str, left: str) -> None:
    assert stories.without_teller(said) == left


@pytest.mark.parametrize(
    ("said", "asked"), [("上海怎么补", True), ("上海户口能补吗", False), ("上海路怎么走", False)]
)
def test_a_place_is_asked_about_unless_it_only_describes(said: str, asked: bool) -> None:
    assert stories.is_the_place_asked_about(said, "上海") is asked
