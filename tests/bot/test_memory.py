from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.memory import Memory, Task

texts = st.none() | st.text(max_size=50)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def test_what_is_kept_comes_back() -> None:
    memory = Memory(
        region="yangling",
        given_region="jining",
        pending="券是哪天发",
        offered="book_pickup",
        question="补多少",
        topic="subsidy_amount",
        items=[["fridge", 520_000]],
        task=Task("book_pickup", {"categories": ["fridge"], "day": "2024-09-02"}, "address", False, 1),
    )

    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory


def test_what_is_kept_stays_small() -> None:
    memory = Memory(
        pending="长" * 5000,
        question="长" * 5000,
        items=[["fridge", 1]] * 500,
        task=Task("book_pickup", {f"k{n}": ["长" * 5000] for n in range(3)}),
    )

    assert len(json.dumps(memory.to_json(), ensure_ascii=False)) < 5000


@given(anything)
def test_anything_unreadable_is_a_fresh_start(kept: object) -> None:
    assert isinstance(Memory.from_json(kept), Memory)


@given(st.dictionaries(st.sampled_from(list(Memory().to_json())), anything))
def test_half_readable_values_keep_what_can_be_read(kept: dict[str, object]) -> None:
    again = Memory.from_json(kept)

    assert Memory.from_json(again.to_json()) == again
