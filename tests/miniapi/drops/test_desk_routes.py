import pytest

from miniapi.drops.models import Drop
from miniapi.ids import new_id
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme
from tests.factories.staff import a_staff

WHY = "按公告调整"
WANTED = {"region": "yangling", "opens_at": "2024-09-16T10:00:00+08:00", "quota": 50}


@pytest.fixture
async def bureau(web, noon, library):
    await a_programme(library, noon)
    return await a_staff(noon)


class TestPlanning:
    async def test_answers_with_the_drop(self, web, bureau):
        answer = await web.post("/staff/drops", by=bureau, **WANTED)

        assert answer.status == 201
        assert answer.json == {
            "id": str((await Drop.get()).id),
            "mode": "first_come",
            "opens_at": "2024-09-16T10:00:00+08:00",
            "draws_at": None,
            "closes_at": "2024-09-23T23:59:59+08:00",
            "valid_until": "2024-09-23T23:59:59+08:00",
            "quota": 50,
            "remaining": 50,
            "state": "planned",
        }
        assert (await web.get(f"/drops/{answer.json['id']}")).json == answer.json

    async def test_takes_a_time_of_any_zone(self, web, bureau):
        answer = await web.post("/staff/drops", by=bureau, **WANTED | {"opens_at": "2024-09-16T02:00:00Z"})

        assert answer.json["opens_at"] == "2024-09-16T10:00:00+08:00"

    async def test_makes_a_lottery(self, web, bureau):
        draws_at = "2024-09-17T10:00:00+08:00"

        answer = await web.post("/staff/drops", by=bureau, **WANTED, mode="lottery", draws_at=draws_at)

        assert (answer.status, answer.json["mode"], answer.json["draws_at"]) == (201, "lottery", draws_at)

    @pytest.mark.parametrize(
        ("wanted", "status", "code"),
        [
            ({"region": "atlantis"}, 422, "region_unknown"),
            ({"region": "jining"}, 404, "not_found"),
            ({"opens_at": "2024-10-16T10:00:00+08:00"}, 422, "outside_window"),
            ({"opens_at": "2024-09-01T10:00:00+08:00"}, 422, "drop_in_the_past"),
            ({"quota": 476}, 409, "quota_over_room"),
            ({"quota": 10**30}, 409, "quota_over_room"),
            ({"mode": "lottery", "draws_at": "2024-09-16T10:00:00+08:00"}, 422, "draw_time_unfit"),
            ({"quota": 0}, 422, "invalid_request"),
            ({"quota": "50"}, 422, "invalid_request"),
            ({"mode": "auction"}, 422, "invalid_request"),
            ({"draws_at": "2024-09-17T10:00:00+08:00"}, 422, "invalid_request"),
            ({"opens_at": "2024-09-16T10:00:00"}, 422, "invalid_request"),
            ({"opens_at": "2024-09-16"}, 422, "invalid_request"),
            ({"opens_at": "2024-02-30T10:00:00Z"}, 422, "invalid_request"),
            ({"opens_at": "1726452000"}, 422, "invalid_request"),
            ({"opens_at": 1726452000}, 422, "invalid_request"),
            ({"opens_at": None}, 422, "invalid_request"),
        ],
    )
    async def test_says_what_cannot_be(self, web, bureau, wanted, status, code):
        answer = await web.post("/staff/drops", by=bureau, **WANTED | wanted)

        assert (answer.status, answer.json["code"]) == (status, code)
        assert await Drop.all().count() == 0

    async def test_says_how_much_room_there_is_and_which_clause_ends_the_window(self, web, bureau):
        many = await web.post("/staff/drops", by=bureau, **WANTED | {"quota": 476})
        late = await web.post("/staff/drops", by=bureau, **WANTED | {"opens_at": "2024-10-16T10:00:00+08:00"})

        assert many.json["room"] == 475
        assert [one["clause"] for one in late.json["citations"]] == ["细则一"]
        assert late.json["closes_at"] == "2024-10-16T00:00:00+08:00"

    async def test_of_a_time_that_is_taken_is_a_conflict(self, web, bureau):
        await web.post("/staff/drops", by=bureau, **WANTED)

        again = await web.post("/staff/drops", by=bureau, **WANTED)

        assert (again.status, again.json["code"]) == (409, "drop_at_that_time")
        assert "09月16日 10:00" in again.json["title"]


class TestChanging:
    @pytest.fixture
    async def drop(self, noon, library, bureau):
        return await a_drop(await a_programme(library, noon), noon, quota=50)

    async def test_sets_a_quota_and_freezes(self, web, noon, bureau, drop):
        changed = await web.patch(
            f"/staff/drops/{drop.id}", by=bureau, quota=60, frozen=True, reason="设备检修"
        )
        claimed = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))
        again = await web.patch(f"/staff/drops/{drop.id}", by=bureau, frozen=False, reason=WHY)

        assert changed.status == 200
        assert (changed.json["quota"], changed.json["remaining"], changed.json["state"]) == (60, 60, "frozen")
        assert (claimed.status, claimed.json["code"]) == (409, "drop_not_open")
        assert "设备检修" in claimed.json["title"]
        assert again.json["state"] == "open"

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"quota": 476, "reason": WHY}, 409, "quota_over_room"),
            ({"quota": 0, "reason": WHY}, 422, "invalid_request"),
            ({"frozen": "yes", "reason": WHY}, 422, "invalid_request"),
            ({"frozen": True}, 422, "invalid_request"),
            ({"frozen": True, "reason": " 短 "}, 422, "invalid_request"),
            ({"reason": WHY}, 422, "invalid_request"),
        ],
    )
    async def test_says_what_cannot_be(self, web, bureau, drop, change, status, code):
        answer = await web.patch(f"/staff/drops/{drop.id}", by=bureau, **change)

        assert (answer.status, answer.json["code"]) == (status, code)

    async def test_of_what_is_not_there_is_not_found(self, web, bureau):
        answer = await web.patch(f"/staff/drops/{new_id()}", by=bureau, frozen=True, reason=WHY)

        assert (answer.status, answer.json["code"]) == (404, "not_found")

    async def test_takes_nothing_back(self, web, noon, bureau, drop):
        for _ in range(2):
            await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

        answer = await web.patch(f"/staff/drops/{drop.id}", by=bureau, quota=1, reason=WHY)

        assert (answer.status, answer.json["code"], answer.json["issued"]) == (409, "quota_below_issued", 2)
