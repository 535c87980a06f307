from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.rules import FundRule, ReadinessRule
from miniapi.ledger.models import SOURCES, AccountName
from miniapi.programmes import rules
from miniapi.programmes.models import Programme

FUND, PROVINCE, ZONE, DISTRICT = SOURCES
READINESS = ReadinessRule(date(2024, 8, 1), None, sellers_at_least=5, recyclers_at_least=3, cites="x#一")


def a_fund(*split: int) -> FundRule:
    return FundRule(date(2024, 8, 1), None, total_yuan=475_000, local_split=split, cites="x#一")


def a_programme(**decided) -> Programme:
    return Programme(code="p", region="r", name="n", **decided)


totals = st.integers(1, 10**12)
splits = st.tuples(st.integers(0, 99), st.integers(1, 99))
attributions = st.fixed_dictionaries({name: st.integers(0, 10**10) for name in SOURCES})


class TestSources:
    @pytest.mark.parametrize(
        ("province", "zone", "district"),
        [
            (0, 23_750_000, 23_750_000),
            (10_000_000, 18_750_000, 18_750_000),
            (47_499_999, 1, 0),
            (46_999_997, 250_002, 250_001),
            (47_500_000, 0, 0),
        ],
    )
    def test_split_the_local_remainder_in_halves_and_the_odd_fen_is_the_zones(self, province, zone, district):
        given = rules.sources(47_500_000, 47_500_000, province, a_fund(1, 1))

        assert given == {FUND: 0, PROVINCE: province, ZONE: zone, DISTRICT: district}

    @given(totals, st.data(), splits)
    def test_give_the_whole_fund_and_the_local_ones_within_a_fen_of_their_shares(self, total, data, split):
        province = data.draw(st.integers(0, total))

        given = rules.sources(total, total, province, a_fund(*split))

        local = total - province
        assert sum(given.values()) == total
        assert min(given.values()) >= 0
        assert 0 <= given[ZONE] * sum(split) - local * split[0] < sum(split)

    @pytest.mark.parametrize(
        ("kept", "province", "zone", "district"),
        [(40_000_000, 8_421_052, 15_789_474, 15_789_474), (1, 0, 1, 0), (0, 0, 0, 0)],
    )
    def test_are_in_the_proportion_of_the_whole_fund_when_the_unspent_is_gone(
        self, kept, province, zone, district
    ):
        given = rules.sources(kept, 47_500_000, 10_000_000, a_fund(1, 1))

        assert given == {FUND: 0, PROVINCE: province, ZONE: zone, DISTRICT: district}

    @given(totals, st.data(), splits)
    def test_get_back_never_less_than_nothing_however_often(self, total, data, split):
        province = data.draw(st.integers(0, total))
        more = data.draw(st.integers(0, total))
        less = data.draw(st.integers(0, more))

        first, second = (rules.sources(kept, total, province, a_fund(*split)) for kept in (more, less))

        assert (sum(first.values()), sum(second.values())) == (more, less)
        assert all(first[name] >= second[name] >= 0 for name in SOURCES)

    def test_are_unattributed_while_the_grant_is_not_known(self):
        given = rules.sources(99, 100, None, a_fund(1, 1))

        assert given == {FUND: 99, PROVINCE: 0, ZONE: 0, DISTRICT: 0}


class TestShifts:
    @given(attributions, st.data())
    def test_turn_one_attribution_into_another(self, before, data):
        after = {name: before[name] for name in SOURCES}
        for _ in range(data.draw(st.integers(0, 6))):
            giver, other = data.draw(st.permutations(SOURCES))[:2]
            amount = data.draw(st.integers(0, after[other]))
            after[giver], after[other] = after[giver] + amount, after[other] - amount

        found = rules.shifts(before, after)

        reached = dict(before)
        for shift in found:
            assert shift.amount > 0
            reached[shift.source] += shift.amount
            reached[shift.instead_of] -= shift.amount
            assert reached[shift.instead_of] >= 0
        assert reached == after
        assert {one.source for one in found} & {one.instead_of for one in found} == set()
        assert len({(one.source, one.instead_of) for one in found}) == len(found) <= len(SOURCES) - 1

    def test_are_none_where_nothing_changes(self):
        given = rules.sources(100, 100, 40, a_fund(1, 1))

        assert rules.shifts(given, given) == []

    def test_a_corrected_grant_moves_the_difference(self):
        first, second = (rules.sources(100, 100, grant, a_fund(1, 1)) for grant in (40, 60))

        found = rules.shifts(first, second)

        assert {(one.amount, one.source, one.instead_of) for one in found} == {
            (10, AccountName.PROVINCE, AccountName.ZONE),
            (10, AccountName.PROVINCE, AccountName.DISTRICT),
        }


class TestStanding:
    @pytest.mark.parametrize(
        ("sellers", "recyclers", "lacking"),
        [
            (5, 3, None),
            (50, 30, None),
            (4, 3, "家电销售企业要有 5 家，现有 4 家"),
            (5, 2, "家电回收企业要有 3 家，现有 2 家"),
            (0, 0, "家电销售企业要有 5 家，现有 0 家；家电回收企业要有 3 家，现有 0 家"),
        ],
    )
    def test_says_who_is_lacking(self, sellers, recyclers, lacking):
        assert rules.standing(a_programme(), sellers, recyclers, READINESS).lacking == lacking
        assert rules.is_ready(sellers, recyclers, READINESS) is (lacking is None)

    def test_nobody_is_lacking_where_the_bureau_opened_anyway(self):
        opened = a_programme(opened_because="演示")

        assert rules.standing(opened, 0, 0, READINESS).lacking is None

    def test_nobody_is_lacking_where_the_policy_requires_nobody(self):
        assert rules.standing(a_programme(), 0, 0, None).lacking is None

    def test_a_freeze_holds_whoever_takes_part(self):
        frozen = a_programme(claims_frozen_because="核查中")

        assert rules.standing(frozen, 5, 3, READINESS).frozen_because == "核查中"
