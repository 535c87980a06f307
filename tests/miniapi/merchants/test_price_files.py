"""A recycler's spreadsheet: what it says, and what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.packs import load
from miniapi.merchants import price_files
from miniapi.merchants.models import Size
from miniapi.merchants.price_files import OLDEST, Priced
from miniapi.money import Fen
from miniapi.sheets import SheetUnreadable
from tests.factories.prices import A_TABLE_OF_PRICES

CATEGORIES = load().categories
HEAD = "品类,大小,年数起,年数不满,能否使用,最低价,最高价,说明\n"
ANY_FRIDGE = Priced("fridge", None, 0, None, None, Fen(1000), Fen(2000), None)

ages = st.integers(0, OLDEST)
priced = st.builds(
    lambda category, size, ages, works, low, more, note: Priced(
        category, size, ages[0], ages[1], works, Fen(low), Fen(low + more), note
    ),
    st.sampled_from([category.key for category in CATEGORIES.all]),
    st.sampled_from([None, *Size]),
    st.tuples(ages, ages).filter(lambda pair: pair[0] < pair[1]) | st.tuples(ages, st.none()),
    st.sampled_from([None, True, False]),
    st.integers(0, 1_000_000),
    st.integers(0, 1_000_000),
    st.none() | st.sampled_from(["450 升以上", "=1+1", "带“引号”,和逗号"]),
)


def read(*rows):
    return price_files.read((HEAD + "\n".join(rows)).encode(), CATEGORIES)


class TestATable:
    def test_is_read_with_empty_cells_as_any(self):
        good, wrong = price_files.read(A_TABLE_OF_PRICES, CATEGORIES)

        assert wrong == []
        assert good[1] == Priced("fridge", Size.LARGE, 5, None, True, Fen(8000), Fen(16050), None)
        assert good[4] == Priced("tv", None, 0, None, None, Fen(1000), Fen(12000), None)

    @given(st.lists(priced, max_size=1))
    def test_that_is_written_says_the_same(self, rows):
        again, wrong = price_files.read(price_files.written(rows, CATEGORIES).encode(), CATEGORIES)

        assert (again, wrong) == (rows, [])

    @pytest.mark.parametrize(
        ("row", "because"),
        [
            (",大,,,,1,2,", "没有“”这个品类"),
            ("飞船,,,,,1,2,", "没有“飞船”这个品类"),
            ("冰箱,巨大,,,,1,2,", "大小应为小、中、大之一"),
            ("冰箱,,三,,,1,2,", "年数起应为 0 到 60 的整数"),
            ("冰箱,,5,5,,1,2,", "年数不满应大于年数起"),
            ("冰箱,,,,也许,1,2,", "能否使用应为能用或不能用"),
            ("冰箱,,,,,,2,", "最低价应为 0 到 100000 的金额"),
            ("冰箱,,,,,1.234,2,", "最低价应为"),
            ("冰箱,,,,,1,100001,", "最高价应为"),
            ("冰箱,,,,,3,2,", "最高价低于最低价"),
            (f"冰箱,,,,,1,2,{'长' * 101}", "说明最多 100 个字"),
        ],
    )
    def test_says_what_is_wrong_with_a_row(self, row, because):
        good, wrong = read(row)

        assert good == []
        assert because in wrong[0].because

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("冰箱,,,,,1,2,", "冰箱,大,,,,3,4,"),
            ("冰箱,,,,能用,1,2,", "冰箱,大,,,,3,4,"),
            ("冰箱,,,5,,1,2,", "冰箱,,4,,,3,4,"),
        ],
    )
    def test_has_no_two_rows_for_one_thing(self, one, other):
        good, wrong = read(one, other)

        assert len(good) == 1
        assert [bad.because for bad in wrong] == ["与第 2 行说的是同一种旧货"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("冰箱,小,,,,1,2,", "冰箱,大,,,,3,4,"),
            ("冰箱,,,5,,1,2,", "冰箱,,5,,,3,4,"),
            ("冰箱,,,,能用,1,2,", "冰箱,,,,不能用,3,4,"),
            ("冰箱,,,,,1,2,", "电视机,,,,,3,4,"),
        ],
    )
    def test_has_rows_beside_each_other(self, one, other):
        assert read(one, other)[1] == []

    def test_is_no_longer_than_can_be_compared(self):
        with pytest.raises(SheetUnreadable, match="最多 500 行"):
            read(*["电视机,,,,,1,2,"] * 501)


@given(priced, priced)
def test_two_rows_meet_whichever_comes_first(one, other):
    assert one.meets(other) == other.meets(one)
    assert one.meets(one)
