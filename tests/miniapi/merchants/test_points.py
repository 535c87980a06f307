"""Points as anybody looks for them."""

from datetime import timedelta

import pytest

from miniapi import clock
from tests.factories.points import a_point

AROUND = "/points?region=yangling&lat=34.27&lon=108.08"  # noon is that of a Sunday


def names(answer):
    return [one["name"] for one in answer.json["items"]]


@pytest.fixture
async def three(database):
    """Three points, a kilometre, seven and fourteen kilometres away."""
    for name, lat in (("远", 34.40), ("近", 34.28), ("中", 34.33)):
        await a_point(name, lat=lat)
    await a_point("别处", region="jining")


class TestTheList:
    async def test_is_nearest_first(self, web, three):
        near = await web.get(AROUND)
        anywhere = await web.get("/points?region=yangling")

        assert names(near) == ["近", "中", "远"]
        assert 1_050 < near.json["items"][0]["distance_m"] < 1_170
        assert {one["distance_m"] for one in anywhere.json["items"]} == {None}

    async def test_tells_all_there_is_to_know_of_a_point(self, web, noon):
        point = await a_point(
            "五泉站",
            kind="station",
            district="五泉镇",
            phone="029-0000000",
            categories=["fridge", "tv"],
            open_at="周六至周日 10:00-12:30",
        )

        answer = await web.get(AROUND)

        weekend = [{"weekday": day, "begins": "10:00", "ends": "12:30"} for day in (6, 7)]
        assert answer.json["items"] == [
            {
                "id": str(point.id),
                "name": "五泉站",
                "kind": "station",
                "kind_name": "回收站",
                "district": "五泉镇",
                "address": "示例路 1 号",
                "phone": "029-0000000",
                "lat": 34.27,
                "lon": 108.08,
                "distance_m": 0,
                "categories": [
                    {"category": "fridge", "category_name": "冰箱"},
                    {"category": "tv", "category_name": "电视机"},
                ],
                "hours": weekend,
                "hours_text": "周六至周日 10:00-12:30",
                "open_now": True,
                "demo": True,
            }
        ]

    async def test_of_old_points_knows_no_hours(self, web, three):
        answer = await web.get(AROUND)

        assert {(str(one["hours"]), one["hours_text"], one["open_now"]) for one in answer.json["items"]} == {
            ("[]", None, None)
        }

    async def test_ends_at_the_radius(self, web, three):
        assert names(await web.get(f"{AROUND}&radius_m=1000")) == []
        assert names(await web.get(f"{AROUND}&radius_m=7000")) == ["近", "中"]
        assert names(await web.get(f"{AROUND}&radius_m=200000")) == ["近", "中", "远"]

    async def test_measures_along_the_parallel_too(self, web, noon):
        await a_point("东", lon=108.09)

        assert names(await web.get(f"{AROUND}&radius_m=900")) == []
        assert names(await web.get(f"{AROUND}&radius_m=930")) == ["东"]

    async def test_is_of_what_takes_a_category(self, web, noon):
        await a_point("收电视", categories=["tv"])
        await a_point("收冰箱", categories=["fridge", "freezer"])
        await a_point("没说收什么")

        assert names(await web.get(f"{AROUND}&category=fridge")) == ["收冰箱"]
        assert names(await web.get(f"{AROUND}&category=彩电")) == ["收电视"]
        unknown = await web.get(f"{AROUND}&category=飞船")
        assert (unknown.status, unknown.json["code"]) == (422, "category_unknown")

    async def test_is_of_one_district(self, web, noon):
        await a_point("甲", district="五泉镇")
        await a_point("乙", district="揉谷镇")

        assert names(await web.get(f"{AROUND}&district=五泉镇")) == ["甲"]

    async def test_is_of_what_is_open_now(self, web, noon):
        await a_point("周日上午", open_at="周日 09:00-12:00")
        await a_point("周日下午", open_at="周日 12:00-18:00")
        await a_point("平日", open_at="周一至周六 00:00-24:00")
        await a_point("没说")

        assert names(await web.get(f"{AROUND}&open_now=true")) == ["周日下午"]
        assert len(names(await web.get(f"{AROUND}&open_now=false"))) == 4
        clock.stand_still(noon - timedelta(minutes=1))
        assert names(await web.get(f"{AROUND}&open_now=true")) == ["周日上午"]

    @pytest.mark.parametrize(
        "path", ["/points?region=yangling", AROUND, f"{AROUND}&radius_m=20000", f"{AROUND}&open_now=true"]
    )
    async def test_comes_in_pages_that_miss_and_repeat_nothing(self, web, noon, path):
        for number in range(5):  # pairs of them equally far
            await a_point(f"点 {number}", lat=34.27 + number // 2 / 100, open_at="每天 00:00-24:00")
        whole = names(await web.get(path))

        found, cursor = [], ""
        while cursor is not None:
            page = await web.get(f"{path}&limit=2{cursor and f'&cursor={cursor}'}")
            found += names(page)
            cursor = page.json["next_cursor"]

        assert found == whole
        assert len(whole) == 5

    async def test_refuses_a_cursor_of_another_list(self, web, three):
        elsewhere = (await web.get("/points?region=jining")).json["items"][0]["id"]

        answer = await web.get(f"{AROUND}&cursor={elsewhere}")

        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "cursor")


async def test_half_a_position_is_none(web):
    wrong = ("lat=34.2", "lon=108", "lat=91&lon=0", "lat=nan&lon=0", "lat=0&lon=inf", "lat=x&lon=y")
    for query in (*wrong, "radius_m=100", "lat=34&lon=108&radius_m=0", "lat=34&lon=108&radius_m=200001"):
        answer = await web.get(f"/points?region=yangling&{query}")

        assert (answer.status, answer.json["code"]) == (422, "invalid_request"), query
