from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.rules import SubsidyRule
from miniapi.clock import SHANGHAI
from miniapi.redemption import afterwards_rules as rules
from miniapi.vouchers.models import Voucher, VoucherState

RULE = SubsidyRule(
    since=date(2024, 8, 1),
    until=None,
    percent=10,
    item_cap_yuan=1000,
    person_cap_yuan=3000,
    categories=("fridge",),
    energy_grades=(1, 2),
    declared_categories=(),
    cites="yangling#细则三",
)
NOON = datetime(2024, 9, 1, 12, tzinfo=SHANGHAI)
LAST_SECOND = datetime(2024, 9, 8, 23, 59, 59, tzinfo=SHANGHAI)
CLOSES = datetime(2024, 10, 16, tzinfo=SHANGHAI)

sums = st.integers(0, 400_000)
faces = st.integers(1, 100_000)
prices = st.integers(1, 100_000_000)


def back(worth=100, *, at=NOON, owner_left=False, used_up=False, window_closes=CLOSES):
    voucher = Voucher(valid_until=LAST_SECOND)
    return rules.voucher_back(
        voucher, worth, owner_left=owner_left, used_up=used_up, window_closes=window_closes, at=at
    )


class TestWorthAgain:
    @given(faces, st.integers(-100_000, 300_000), sums)
    def test_is_never_more_than_anything_allows(self, face, room, pool):
        worth = rules.worth_again(face, RULE, room=room, pool=pool)

        assert 0 <= worth <= min(face, 100_000, pool)
        assert worth <= max(0, room)

    @given(faces, st.integers(-100_000, 300_000), sums)
    def test_is_as_much_as_all_of_them_allow(self, face, room, pool):
        worth = rules.worth_again(face, RULE, room=room, pool=pool)

        assert worth in {0, face, 100_000, room, pool}
        assert worth or face > room <= 0 or not pool

    @given(faces, st.integers(0, 300_000), sums, sums)
    def test_grows_with_what_came_back(self, face, room, pool, returned):
        without = rules.worth_again(face, RULE, room=room, pool=pool)

        assert rules.worth_again(face, RULE, room=room, pool=pool + returned) >= without

    def test_is_the_whole_face_where_there_is_enough(self):
        assert rules.worth_again(80_000, RULE, room=300_000, pool=47_500_000) == 80_000


class TestVoucherBack:
    def test_returns_within_its_face(self):
        returned = back(52_000)

        assert (returned.state, returned.worth) == (VoucherState.ISSUED, 52_000)
        assert returned.because == "券已恢复，最高减 520 元"

    @pytest.mark.parametrize(
        ("facts", "state", "because"),
        [
            ({"at": LAST_SECOND + timedelta(seconds=1)}, VoucherState.EXPIRED, "有效期"),
            ({"window_closes": NOON}, VoucherState.EXPIRED, "有效期"),
            ({"owner_left": True}, VoucherState.VOID, "注销"),
            ({"used_up": True}, VoucherState.VOID, "规定"),
            ({"worth": 0}, VoucherState.VOID, "用完"),
        ],
    )
    def test_stays_away_and_says_why(self, facts, state, because):
        returned = back(**facts)

        assert (returned.state, returned.worth) == (state, 0)
        assert because in returned.because

    def test_returns_in_its_last_second(self):
        assert back(at=LAST_SECOND + timedelta(milliseconds=999)).state is VoucherState.ISSUED

    @given(sums, st.booleans(), st.booleans(), st.integers(-100, 100))
    def test_is_worth_something_exactly_when_it_is_issued(self, worth, left, used_up, hours):
        returned = back(worth, at=LAST_SECOND + timedelta(hours=hours), owner_left=left, used_up=used_up)

        assert (returned.state is VoucherState.ISSUED) == (returned.worth > 0)
        assert returned.worth in (0, worth)


class TestSubsidyAt:
    @given(prices, faces)
    def test_never_more_than_it_was_nor_the_share_nor_the_cap(self, price, before):
        subsidy = rules.subsidy_at(price, RULE, before)

        assert 0 <= subsidy <= min(before, 100_000)
        assert subsidy * 100 <= price * RULE.percent

    @pytest.mark.parametrize(
        ("price", "before", "subsidy"),
        [(500_000, 52_000, 50_000), (1_500_000, 100_000, 100_000), (519_999, 30_000, 30_000), (9, 1, 0)],
    )
    def test_follows_the_price(self, price, before, subsidy):
        assert rules.subsidy_at(price, RULE, before) == subsidy


def test_the_day_of_the_sale_is_not_counted_when_goods_come_back():
    assert rules.refundable_until(NOON, 7) == datetime(2024, 9, 9, tzinfo=SHANGHAI)
    assert rules.refundable_until(NOON, 0) == datetime(2024, 9, 2, tzinfo=SHANGHAI)
