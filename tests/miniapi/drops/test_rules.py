from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.clock import SHANGHAI
from miniapi.drops import rules
from miniapi.drops.models import Drop, DropMode, DropState
from miniapi.programmes.rules import Standing

OPENS = datetime(2024, 9, 1, 10, tzinfo=SHANGHAI)
CLOSES = datetime(2024, 9, 8, 23, 59, 59, tzinfo=SHANGHAI)
BEFORE, AFTER = OPENS - timedelta(microseconds=1), CLOSES
GOOD = Standing()
FROZEN = Standing(frozen_because="核查中")
LACKING = Standing(lacking="家电销售企业要有 5 家，现有 4 家")


def a_drop(**facts) -> Drop:
    known = {"opens_at": OPENS, "closes_at": CLOSES, "valid_until": CLOSES, "quota": 2} | facts
    return Drop(**known)


class TestState:
    @pytest.mark.parametrize(
        ("at", "standing", "state"),
        [
            (BEFORE, GOOD, DropState.PLANNED),
            (OPENS, GOOD, DropState.OPEN),
            (AFTER, GOOD, DropState.CLOSED),
            (BEFORE, FROZEN, DropState.FROZEN),
            (OPENS, FROZEN, DropState.FROZEN),
            (AFTER, FROZEN, DropState.CLOSED),
            (BEFORE, LACKING, DropState.PLANNED),
            (OPENS, LACKING, DropState.FROZEN),
            (AFTER, LACKING, DropState.CLOSED),
        ],
    )
    def test_is_the_clocks_word_and_the_programmes(self, at, standing, state):
        assert rules.state(a_drop(), at, standing) is state

    def test_of_a_drop_that_is_frozen_itself(self):
        assert rules.state(a_drop(frozen_because="核查中"), OPENS, GOOD) is DropState.FROZEN

    def test_of_an_empty_drop_is_sold_out_unless_frozen(self):
        empty = a_drop(issued=2)

        assert rules.state(empty, OPENS, GOOD) is DropState.SOLD_OUT
        assert rules.state(empty, OPENS, FROZEN) is DropState.FROZEN


class TestWhyNotOpen:
    @pytest.mark.parametrize(
        ("drop", "at", "standing", "because"),
        [
            (a_drop(), OPENS, GOOD, None),
            (a_drop(), BEFORE, GOOD, "本场 09月01日 10:00 开始。"),
            (a_drop(), BEFORE, LACKING, "本场 09月01日 10:00 开始。"),
            (a_drop(), AFTER, GOOD, "本场已于 09月08日 23:59 结束。"),
            (a_drop(frozen_because="设备检修"), OPENS, GOOD, "本场已暂停（设备检修）。"),
            (a_drop(frozen_because="设备检修"), OPENS, FROZEN, "本场已暂停（核查中）。"),
            (a_drop(), OPENS, LACKING, "活动还不能开始（家电销售企业要有 5 家，现有 4 家）。"),
        ],
    )
    def test_says_it_in_a_sentence(self, drop, at, standing, because):
        assert rules.why_not_open(drop, at, standing) == because

    @pytest.mark.parametrize(
        ("at", "standing", "clauses"),
        [
            (BEFORE, GOOD, ["细则四（一）"]),
            (AFTER, GOOD, ["细则四（一）"]),
            (OPENS, LACKING, ["细则五（一）"]),
            (OPENS, FROZEN, []),
        ],
    )
    def test_cites_the_clause_where_the_policy_refuses(self, library, at, standing, clauses):
        refused = rules.refusal(a_drop(), at, standing, library.packs["yangling"])

        assert [one.clause for one in refused.citations] == clauses
        assert refused.facts["opens_at"] == OPENS

    def test_an_open_drop_refuses_nobody(self, library):
        assert rules.refusal(a_drop(), OPENS, GOOD, library.packs["yangling"]) is None


class TestWhyOver:
    def test_a_drop_is_over_when_it_closes_or_is_drawn(self):
        drawn = a_drop(mode=DropMode.LOTTERY, draws_at=OPENS + timedelta(hours=2), drawn_at=OPENS)

        assert rules.why_over(a_drop(), BEFORE) is None
        assert rules.why_over(a_drop(), CLOSES - timedelta(microseconds=1)) is None
        assert rules.why_over(a_drop(), CLOSES) == "结束"
        assert rules.why_over(drawn, OPENS) == "抽签"


@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_the_room_is_all_that_the_pool_covers_and_no_more(pool, item_cap):
    room = rules.room(pool, item_cap)

    assert room * item_cap <= pool < (room + 1) * item_cap
