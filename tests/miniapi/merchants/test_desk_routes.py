"""The list of points as the bureau keeps it."""

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.merchants.models import Point, PointHours
from miniapi.staff.models import StaffRole
from tests.factories.points import A_TABLE_OF_POINTS, a_point
from tests.factories.staff import a_staff

HEAD = "名称,区域,地址,纬度,经度,类型,品类,开放时间\n"
GOOD = "东街点,杨陵区,东街 1 号,34.27,108.08,社区回收点,冰箱,每天 08:00-18:00\n"
LOAD = "/staff/points?region=yangling"


@pytest.fixture
async def bureau(database, noon):
    return await a_staff(noon, StaffRole.BUREAU)


class TestAFile:
    async def test_becomes_points_with_all_that_it_tells(self, web, bureau):
        answer = await web.post(LOAD, by=bureau, raw=A_TABLE_OF_POINTS)

        assert (answer.status, answer.json) == (
            200,
            {"added": 2, "updated": 0, "refused": 0, "refused_csv": None},
        )
        shop = (await web.get("/points?region=yangling&category=sofa")).json["items"][0]
        assert (shop["name"], shop["kind_name"], shop["phone"]) == ("示例西街门店", "门店", "029-0000000")
        assert (shop["district"], shop["hours_text"], shop["demo"]) == (
            "杨陵区",
            "周一至周五 09:00-17:00",
            False,
        )

    async def test_describes_a_point_of_the_same_name_anew(self, web, bureau):
        old = await a_point("东街点", open_at="每天 00:00-24:00", lat=30.0)
        elsewhere = await a_point("东街点", region="jining")

        answer = await web.post(LOAD, by=bureau, raw=(HEAD + GOOD).encode("gb18030"))

        assert (answer.json["added"], answer.json["updated"]) == (0, 1)
        changed = await Point.get(id=old.id)
        assert (changed.lat, changed.categories, changed.demo) == (34.27, ["fridge"], False)
        assert [(one.begins, one.ends) for one in await PointHours.filter(point=old, weekday=1)] == [
            (480, 1080)
        ]
        assert (await Point.get(id=elsewhere.id)).demo

    async def test_gives_back_its_bad_rows_with_what_is_wrong(self, web, bureau):
        bad = "=1+1,杨陵区,西街 2 号,108.08,34.27,社区回收点,冰箱,每天 08:00-18:00\n"

        answer = await web.post(LOAD, by=bureau, raw=(HEAD + GOOD + bad).encode())

        assert (answer.json["added"], answer.json["refused"]) == (1, 1)
        head, row = answer.json["refused_csv"].removeprefix("\ufeff").splitlines()
        assert head == "name,district,address,lat,lon,kind,categories,hours,phone,error"
        assert row.startswith("'=1+1,杨陵区,西街 2 号,108.08,34.27")
        assert "请看看经纬度有没有写反" in row

    async def test_that_is_mended_can_be_sent_as_it_came_back(self, web, bureau):
        sent = await web.post(LOAD, by=bureau, raw=(HEAD + GOOD.replace("冰箱", "飞船")).encode())

        mended = sent.json["refused_csv"].replace("飞船,每天", "冰箱,每天").encode()
        answer = await web.post(LOAD, by=bureau, raw=mended)

        assert (answer.json["added"], answer.json["refused"]) == (1, 0)

    @pytest.mark.parametrize(
        ("good", "bad", "because"),
        [
            ("东街点,", ",", "名称没有填"),
            ("东街点,", f"{'长' * 101},", "名称最多 100 个字"),
            (",杨陵区", ",", "区域没有填"),
            ("34.27", "北纬", "纬度应为小数"),
            ("34.27", "nan", "纬度应在 3 到 54 之间"),
            ("社区回收点", "城堡", "类型应为社区回收点、回收站、门店、维修服务点之一"),
            ("冰箱", "飞船", "没有“飞船”这个品类"),
            ("冰箱", "", "品类没有填"),
            ("每天 08:00-18:00", "随时", "开放时间看不懂"),
            ("每天 08:00-18:00", "", "开放时间没有填"),
        ],
    )
    async def test_says_what_is_wrong_with_a_row(self, web, bureau, good, bad, because):
        row = GOOD.replace(good, bad, 1)

        answer = await web.post(LOAD, by=bureau, raw=(HEAD + row).encode())

        assert (answer.json["added"], answer.json["refused"]) == (0, 1)
        assert because in answer.json["refused_csv"]

    async def test_with_one_name_twice_keeps_the_first(self, web, bureau):
        answer = await web.post(
            LOAD, by=bureau, raw=(HEAD + GOOD + GOOD.replace("东街 1", "东街 9")).encode()
        )

        assert "与第 2 行同名" in answer.json["refused_csv"]
        assert (await Point.get(name="东街点")).address == "东街 1 号"

    async def test_that_is_no_table_changes_nothing(self, web, bureau):
        answer = await web.post(LOAD, by=bureau, raw="名称\n东街点\n".encode())

        assert (answer.status, answer.json["code"]) == (422, "sheet_unreadable")
        assert "缺少这些列" in answer.json["title"]

    async def test_is_for_a_region_that_there_is(self, web, bureau):
        answer = await web.post("/staff/points?region=atlantis", by=bureau, raw=A_TABLE_OF_POINTS)

        assert (answer.status, answer.json["code"]) == (422, "region_unknown")

    async def test_is_on_record(self, web, bureau):
        await web.post(LOAD, by=bureau, raw=A_TABLE_OF_POINTS)

        event = await AuditEvent.get(action="points.loaded")
        assert (event.actor, event.subject) == (f"staff:{bureau.id}", "region:yangling")
        assert event.after == '{"added":2,"refused":0,"updated":0}'


class TestAPoint:
    async def test_is_taken_off_the_list(self, web, bureau):
        point = await a_point("东街点", open_at="每天 08:00-18:00")

        answer = await web.delete(f"/staff/points/{point.id}", by=bureau)

        assert answer.status == 204
        assert (await Point.all().count(), await PointHours.all().count()) == (0, 0)
        assert (await AuditEvent.get(action="point.removed")).subject == f"point:{point.id}"

    async def test_that_is_not_there_cannot_be(self, web, bureau):
        point = await a_point("东街点")

        await web.delete(f"/staff/points/{point.id}", by=bureau)
        answer = await web.delete(f"/staff/points/{point.id}", by=bureau)

        assert (answer.status, answer.json["title"]) == (404, "没有找到这个回收点。")
