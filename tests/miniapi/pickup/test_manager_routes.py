"""Crews and their hours over HTTP, for their manager and for whoever joins."""

import pytest

from miniapi.merchants.models import Member
from tests.factories.people import a_resident
from tests.factories.slots import a_crew, a_crew_member, a_manager
from tests.web import a_token_of

MONDAY = {"district": "杨陵区", "weekday": 1, "begins": 9, "ends": 13, "capacity": 2}


@pytest.fixture
async def crew(database):
    return await a_crew()


@pytest.fixture
async def manager(crew, noon):
    return (await a_manager(noon, crew)).account


@pytest.fixture
def patched(web, manager, crew):
    """Change the crew."""

    async def do(**changes):
        return await web.patch(f"/merchant/crews/{crew.id}", by=manager, **changes)

    return do


@pytest.fixture
def put(web, manager, crew):
    """Put the week of the crew."""

    async def do(*spans):
        return await web.call("PUT", f"/merchant/crews/{crew.id}/hours", by=manager, hours=list(spans))

    return do


async def test_a_manager_forms_a_crew_and_finds_it(web, manager, crew):
    formed = await web.post("/merchant/crews", by=manager, name="三组")
    listed = await web.get("/merchant/crews", by=manager)
    shown = await web.get(f"/merchant/crews/{formed.json['id']}", by=manager)
    again = await web.post("/merchant/crews", by=manager, name="三组")

    assert (formed.status, formed.json["name"], formed.json["members"]) == (201, "三组", [])
    assert {one["name"] for one in listed.json["items"]} == {crew.name, "三组"}
    assert shown.json == formed.json
    assert (again.status, again.json["code"]) == (409, "crew_name_taken")


async def test_a_crew_is_renamed_closed_and_reopened(patched):
    renamed, closed, reopened = [
        await patched(**changes) for changes in ({"name": "四组"}, {"closed": True}, {"closed": False})
    ]

    assert renamed.json["name"] == "四组"
    assert closed.json["closed_at"] == "2024-09-01T12:00:00+08:00"
    assert (reopened.status, reopened.json["closed_at"]) == (200, None)


async def test_one_thing_at_a_time(patched):
    for changes in ({}, {"name": "四组", "closed": True}):
        answer = await patched(**changes)
        assert (answer.status, answer.json["code"]) == (422, "invalid_request")


async def test_somebody_is_invited_joins_and_is_seen_masked_until_dismissed(web, manager, crew, noon):
    somebody, path = await a_resident(noon), f"/merchant/crews/{crew.id}"

    invited = await web.post(f"{path}/invitations", by=manager)
    joined = await web.post("/me/crew", by=somebody, code=invited.json["code"])
    again = await web.post("/me/crew", by=await a_resident(noon), code=invited.json["code"])
    (member,) = (await web.get(path, by=manager)).json["members"]
    roles = (await web.get("/me", by=somebody)).json["roles"]
    dismissed = await web.delete(f"{path}/members/{member['id']}", by=manager)

    assert (invited.status, invited.json["expires_at"]) == (201, "2024-09-02T12:00:00+08:00")
    assert joined.json == {
        "id": str(crew.id),
        "name": crew.name,
        "merchant": str(crew.merchant_id),
        "merchant_name": "示例回收公司",
    }
    assert (again.status, again.json["code"]) == (409, "invitation_wrong")
    assert set(member["name"][1:]) == {"*"}
    assert member["phone"] is None or "****" in member["phone"]
    assert (roles, dismissed.status) == (["crew"], 204)
    assert not await Member.exists(resident_id=somebody.id)


async def test_a_week_is_put_and_read(web, put, manager, crew):
    done = await put(MONDAY)
    read = await web.get(f"/merchant/crews/{crew.id}/hours", by=manager)
    slots = await web.get("/pickups/slots?region=yangling")

    assert (done.status, done.json) == (200, {"hours": [MONDAY], "moved": 0, "cancelled": 0})
    assert read.json == {"hours": [MONDAY]}
    assert [(one["starts_at"], one["left"]) for one in slots.json["items"]][:2] == [
        ("2024-09-02T09:00:00+08:00", 2),
        ("2024-09-02T11:00:00+08:00", 2),
    ]


async def test_weeks_that_cannot_be_meant_are_refused(put):
    async def refusal(*spans):
        answer = await put(*spans)
        return answer.status, answer.json["code"]

    assert await refusal(MONDAY, {**MONDAY, "begins": 11, "ends": 15}) == (422, "hours_overlap")
    nowhere = {"district": "杨棱区"}
    for wrong in ({"begins": 13}, {"ends": 12}, {"weekday": 0}, {"capacity": 0}, {"ends": 25}, nowhere):
        assert await refusal({**MONDAY, **wrong}) == (422, "invalid_request")


async def test_who_goes_out_with_a_crew_manages_nothing(web, crew, noon):
    member = await a_crew_member(noon, crew)

    answer = await web.get("/merchant/crews", by=member.account)

    assert (answer.status, answer.json["code"]) == (403, "not_allowed")


async def test_another_recyclers_manager_finds_nothing(web, crew, noon):
    other = await a_crew("外地组", region="jining")
    headers = {"Authorization": f"Bearer {await a_token_of((await a_manager(noon, other)).account)}"}

    answer = await web.get(f"/merchant/crews/{crew.id}", headers=headers)

    assert (answer.status, answer.json["code"]) == (404, "not_found")
