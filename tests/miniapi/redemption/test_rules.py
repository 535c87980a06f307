from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.packs import load
from miniapi.money import Fen
from miniapi.redemption import rules
from miniapi.subsidies import rules as subsidies
from miniapi.subsidies.rules import Item
from miniapi.vouchers.models import Voucher

LIBRARY = load()
RULE = LIBRARY.packs["yangling"].rules.subsidy(date(2024, 9, 1))
CAP, NO_LIMIT = Fen(100_000), Fen(300_000)


def a(category: str, price: int, grade: int | None = None) -> Item:
    return Item(LIBRARY.categories[category], Fen(price), grade)


items = st.builds(
    a,
    category=st.sampled_from(RULE.categories),
    price=st.integers(1, 100_000_000),
    grade=st.sampled_from(RULE.energy_grades),
)
sums = st.integers(1, 300_000).map(Fen)


class TestOffer:
    @given(items, sums, sums)
    def test_never_more_than_the_share_the_cap_the_room_and_the_voucher(self, item, room, worth):
        offer = rules.offer(item, RULE, room=room, worth=worth)

        assert 0 <= offer.subsidy <= min(CAP, room, worth)
        assert offer.subsidy * 100 <= item.price * RULE.percent

    @given(items, sums)
    def test_is_what_everybody_is_told_where_the_voucher_is_worth_it(self, item, room):
        (told,) = subsidies.quote([item], RULE, room)

        offer = rules.offer(item, RULE, room=room, worth=CAP)

        assert offer.subsidy == told.subsidy
        assert offer.steps[: len(told.steps)] == told.steps

    def test_a_voucher_of_less_worth_says_so(self):
        offer = rules.offer(a("tv", 1_500_000, 1), RULE, room=NO_LIMIT, worth=Fen(50_000))

        assert offer.subsidy == 50_000
        assert offer.steps[-1] == "这张券最高减 500 元，按 500 元算。"

    def test_a_sofa_is_what_the_shop_says_it_is(self):
        offer = rules.offer(a("sofa", 300_000, 5), RULE, room=NO_LIMIT, worth=CAP)

        assert offer.subsidy == 30_000
        assert offer.steps[-1] == "沙发没有能效等级，以商家申明的绿色、智能产品为准。"

    @pytest.mark.parametrize(
        ("item", "says"),
        [
            (a("fridge", 520_000, 3), "3 级能效"),
            (a("freezer", 520_000, 1), "不在列出的补贴品类里"),
            (a("fridge", 9, 1), "不到一分钱"),
        ],
    )
    def test_nothing_says_why(self, item, says):
        offer = rules.offer(item, RULE, room=NO_LIMIT, worth=CAP)

        assert offer.subsidy == 0
        assert says in "".join(offer.steps)


class TestGrade:
    def test_stands_on_the_label_of_what_has_one(self):
        assert rules.lacks_grade(a("fridge", 520_000), RULE)
        assert not rules.lacks_grade(a("fridge", 520_000, 5), RULE)

    def test_is_nothing_that_furniture_or_unlisted_goods_lack(self):
        assert not rules.lacks_grade(a("bed", 520_000), RULE)
        assert not rules.lacks_grade(a("freezer", 520_000), RULE)


class TestPromise:
    def test_holds_ten_minutes(self, noon):
        voucher = Voucher(valid_until=noon + timedelta(days=7))

        assert rules.promised_until(voucher, noon) == noon + timedelta(minutes=10)

    def test_ends_with_the_last_second_of_the_voucher(self, noon):
        voucher = Voucher(valid_until=noon + timedelta(seconds=119))

        assert rules.promised_until(voucher, noon) == noon + timedelta(seconds=120)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("sn-0042", "SN-0042"),
        (" SN 0042 ", "SN0042"),
        ("ＳＮ－００４２", "SN-0042"),
        ("sn\u30000042", "SN0042"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(written, plain):
    assert rules.plain_number(written) == plain
