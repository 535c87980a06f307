import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.drops import lottery_rules
from miniapi.programmes.rules import Standing
from tests.factories.lottery import a_lottery

READY = Standing()
SEED = "0123456789abcdef" * 4
FIRST = UUID("01917f2c-0000-7000-8000-000000000001")
SECOND = UUID("01917f2c-0000-7000-8000-000000000002")

seeds = st.text("0123456789abcdef", min_size=64, max_size=64)
entries = st.lists(st.uuids(), unique=True, max_size=30)


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()


class TestCommitment:
    def test_is_the_hash_of_the_characters_of_the_seed(self):
        assert lottery_rules.commitment(SEED) == hashed(SEED)
        assert (
            lottery_rules.commitment(SEED)
            == "a8ae6e6ee929abea3afcfc5258c8ccd6f85273e0d4626d26c7279f3250f77c8e"
        )


class TestDigest:
    def test_is_the_hash_of_sorted_lines(self):
        assert lottery_rules.digest([SECOND, FIRST]) == hashed(f"{FIRST}\n{SECOND}\n")

    @given(entries, st.uuids())
    def test_changes_with_anybody_who_comes_or_goes(self, some, other):
        without = [one for one in some if one != other]

        assert lottery_rules.digest(without) != lottery_rules.digest([*without, other])


class TestRanking:
    def test_goes_by_the_hash_of_the_seed_with_the_key_behind_it(self):
        by_hand = sorted([FIRST, SECOND], key=lambda one: hashed(f"{SEED}{one}"))

        assert lottery_rules.ranking(SEED, [FIRST, SECOND]) == by_hand

    @given(seeds, entries)
    def test_ranks_everybody_once(self, seed, some):
        assert sorted(lottery_rules.ranking(seed, some)) == sorted(some)

    @given(seeds, entries, st.randoms())
    def test_is_the_same_in_whatever_order_people_came(self, seed, some, chance):
        shuffled = list(some)
        chance.shuffle(shuffled)

        assert lottery_rules.ranking(seed, shuffled) == lottery_rules.ranking(seed, some)

    @given(seeds, entries, st.uuids())
    def test_keeps_the_order_of_the_others_when_one_is_missing(self, seed, some, other):
        together = lottery_rules.ranking(seed, {*some, other})

        assert [one for one in together if one != other] == lottery_rules.ranking(
            seed, [one for one in some if one != other]
        )

    def test_favours_nobody(self):
        ids = [UUID(int=number) for number in range(10)]
        firsts = [lottery_rules.ranking(hashed(str(draw)), ids)[0] for draw in range(2000)]

        counts = [firsts.count(one) for one in ids]

        assert min(counts) > 140  # 200 each, and 4.5 standard deviations
        assert max(counts) < 260


class TestWaits:
    @pytest.fixture
    async def drop(self, database, noon, library):
        return await a_lottery(library, noon)

    async def test_until_its_time_has_come(self, drop):
        assert lottery_rules.waits(drop, drop.draws_at - timedelta(microseconds=1), READY)
        assert not lottery_rules.waits(drop, drop.draws_at, READY)

    async def test_for_ever_once_it_is_drawn(self, drop):
        drop.drawn_at = drop.draws_at

        assert lottery_rules.waits(drop, drop.draws_at, READY)

    async def test_while_it_or_its_programme_is_frozen_and_could_still_give_something(self, drop):
        drop.frozen_because = "核查"
        assert lottery_rules.waits(drop, drop.draws_at, READY)

        drop.frozen_because, frozen = None, Standing(frozen_because="核查")
        assert lottery_rules.waits(drop, drop.closes_at - timedelta(seconds=1), frozen)
        assert not lottery_rules.waits(drop, drop.closes_at, frozen)

    async def test_while_too_few_enterprises_take_part(self, drop):
        lacking = Standing(lacking="家电销售企业要有 5 家，现有 4 家")

        assert lottery_rules.waits(drop, drop.draws_at, lacking)
        assert not lottery_rules.waits(drop, drop.closes_at, lacking)
