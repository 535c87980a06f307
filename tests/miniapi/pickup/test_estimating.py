"""What an old thing may be worth: a range with its basis, or that nobody has said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.packs import load
from miniapi.merchants import pricing
from miniapi.merchants.models import Size
from miniapi.pickup import estimating
from miniapi.pickup.estimating import OldThing, Range
from tests.factories.prices import A_TABLE_OF_PRICES, a_recycler

CATEGORIES = load().categories
FRIDGE, TV, SOFA = (CATEGORIES[key] for key in ("fridge", "tv", "sofa"))

known = st.builds(
    OldThing,
    st.just(FRIDGE),
    st.sampled_from([None, *Size]),
    st.none() | st.integers(0, 60),
    st.sampled_from([None, True, False]),
)


async def published(recycler, at, table=A_TABLE_OF_PRICES):
    return await pricing.publish(table, CATEGORIES, recycler, at=at)


async def of(thing, at, region="yangling"):
    return (await estimating.estimate(region, [thing], at=at))[0]


class TestARange:
    @pytest.mark.parametrize(
        ("thing", "low", "high", "rows"),
        [
            (OldThing(FRIDGE, Size.LARGE, 3, True), 15_000, 30_000, [1]),
            (OldThing(FRIDGE, Size.LARGE, 5, True), 8_000, 16_050, [2]),
            (OldThing(FRIDGE, Size.LARGE, None, True), 8_000, 30_000, [1, 2]),
            (OldThing(FRIDGE, None, 30, False), 2_000, 6_000, [4]),
            (OldThing(FRIDGE), 2_000, 30_000, [1, 2, 3, 4]),
            (OldThing(TV, Size.SMALL, 60, False), 1_000, 12_000, [5]),
        ],
    )
    async def test_is_of_the_rows_that_may_be_meant(self, database, noon, thing, low, high, rows):
        await published(await a_recycler(noon), noon)

        found = await of(thing, noon)

        assert found.range == Range(low, high)
        assert list(found.basis[0].prices.rows) == rows

    async def test_is_over_all_recyclers_of_the_region(self, database, noon):
        first, second = await a_recycler(noon, "甲"), await a_recycler(noon, "乙")
        elsewhere = await a_recycler(noon, "丙", region="jining")
        await published(first, noon)
        await published(second, noon, "品类,最低价,最高价\n电视机,5,80\n".encode())
        await published(elsewhere, noon, "品类,最低价,最高价\n电视机,1,999\n".encode())

        found = await of(OldThing(TV), noon)

        assert found.range == Range(500, 12_000)
        assert {one.prices.merchant.name: one.range for one in found.basis} == {
            "甲": Range(1_000, 12_000),
            "乙": Range(500, 8_000),
        }

    async def test_is_by_the_table_of_its_moment(self, database, noon):
        recycler, later = await a_recycler(noon), noon + timedelta(days=1)
        await published(recycler, noon)
        await published(recycler, later, "品类,最低价,最高价\n电视机,1,2\n".encode())

        assert (await of(OldThing(TV), later - timedelta(seconds=1))).range == Range(1_000, 12_000)
        assert (await of(OldThing(TV), later)).range == Range(100, 200)
        assert (await of(OldThing(FRIDGE), later)).range is None
        assert (await of(OldThing(TV), noon - timedelta(seconds=1))).range is None

    async def test_is_none_where_no_row_is_meant(self, database, noon):
        await published(await a_recycler(noon), noon)

        found = await of(OldThing(FRIDGE, Size.MEDIUM, 3, True), noon)

        assert (found.range, found.basis) == (None, ())

    async def test_of_all_together_is_the_sum_or_none(self, database, noon):
        await published(await a_recycler(noon), noon)

        both = await estimating.estimate("yangling", [OldThing(TV), OldThing(TV)], at=noon)
        one_unknown = await estimating.estimate("yangling", [OldThing(TV), OldThing(SOFA)], at=noon)

        assert estimating.total(both) == Range(2_000, 24_000)
        assert estimating.total(one_unknown) is None


@given(known, known)
def test_who_says_more_never_gets_a_wider_range(vague, more):
    rows = dict(enumerate(price_rows(), start=1))
    exact = OldThing(
        FRIDGE,
        vague.size or more.size,
        more.age_years if vague.age_years is None else vague.age_years,
        more.works if vague.works is None else vague.works,
    )

    meant = {number for number, row in rows.items() if exact.may_be(row)}

    assert meant <= {number for number, row in rows.items() if vague.may_be(row)}
    if None not in (exact.size, exact.age_years, exact.works):
        assert len(meant) <= 1


def price_rows():
    return pricing.price_files.read(A_TABLE_OF_PRICES, CATEGORIES)[0]


class TestOverHttp:
    async def test_a_range_comes_with_its_basis(self, web, noon):
        recycler = await a_recycler(noon, "示例回收站")
        table = await published(recycler, noon)

        items = [{"category": "电视"}, {"category": "fridge", "size": "large", "age_years": 3, "works": True}]
        answer = await web.post("/pickups/estimate", region="yangling", items=items)

        assert answer.status == 200
        assert (answer.json["low_fen"], answer.json["high_fen"]) == (16_000, 42_000)
        fridge = answer.json["items"][1]
        assert (fridge["category_name"], fridge["low_fen"], fridge["high_fen"]) == ("冰箱", 15_000, 30_000)
        assert fridge["basis"] == [
            {
                "table": str(table.id),
                "merchant": str(recycler.merchant.id),
                "merchant_name": "示例回收站",
                "demo": True,
                "valid_from": "2024-09-01T12:00:00+08:00",
                "rows": [
                    {
                        "number": 1,
                        "size": "large",
                        "from_years": 0,
                        "under_years": 5,
                        "works": True,
                        "low_fen": 15_000,
                        "high_fen": 30_000,
                        "note": "450 升以上",
                    }
                ],
                "low_fen": 15_000,
                "high_fen": 30_000,
            }
        ]

    async def test_where_nobody_has_published_a_price_it_says_so(self, web, noon):
        answer = await web.post("/pickups/estimate", region="jining", items=[{"category": "sofa"}])

        assert (answer.status, answer.json["low_fen"], answer.json["high_fen"]) == (200, None, None)
        assert answer.json["items"][0]["basis"] == []
        assert "还没有回收企业公布" in answer.json["items"][0]["note"]

    @pytest.mark.parametrize(
        ("item", "code"),
        [
            ({"category": "飞船"}, "category_unknown"),
            ({"category": "tv", "size": "huge"}, "invalid_request"),
            ({"category": "tv", "age_years": 61}, "invalid_request"),
            ({"category": "tv", "age_years": -1}, "invalid_request"),
            ({"category": "tv", "works": "yes"}, "invalid_request"),
        ],
    )
    async def test_what_is_no_old_thing_is_refused(self, web, noon, item, code):
        answer = await web.post("/pickups/estimate", region="yangling", items=[item])

        assert (answer.status, answer.json["code"]) == (422, code)
