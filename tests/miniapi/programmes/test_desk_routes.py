import pytest

from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.staff import a_staff

WHY = "按公告调整"


@pytest.fixture
async def drop(web, noon, library):
    return await an_open_drop(library, noon)


@pytest.fixture
async def bureau(web, noon):
    return await a_staff(noon)


async def test_a_grant_is_answered_with_who_gave_what(web, bureau, drop):
    answer = await web.patch("/staff/programmes/yangling", by=bureau, province_fen=20_000_001, reason=WHY)

    assert answer.status == 200
    assert answer.json["province_fen"] == 20_000_001
    assert answer.json["sources"] == {
        "province_fen": 20_000_001,
        "zone_fen": 13_750_000,
        "district_fen": 13_749_999,
        "unattributed_fen": 0,
    }


async def test_claims_are_frozen_for_a_reason_that_residents_read(web, noon, bureau, drop):
    path = "/staff/programmes/yangling"

    frozen = await web.patch(path, by=bureau, claims_frozen=True, reason="核查中，请稍后")
    claimed = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))
    shown = await web.get("/drops?region=yangling")
    await web.patch(path, by=bureau, claims_frozen=False, reason=WHY)
    claimed_later = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

    assert (frozen.status, frozen.json["claims_frozen_because"]) == (200, "核查中，请稍后")
    assert (claimed.status, claimed.json["code"]) == (409, "drop_not_open")
    assert "核查中，请稍后" in claimed.json["title"]
    assert [one["state"] for one in shown.json["items"]] == ["frozen"]
    assert claimed_later.status == 201


async def test_the_gate_is_opened_and_shut_for_a_reason(web, noon, bureau, drop):
    path = "/staff/programmes/yangling"

    shut = await web.patch(path, by=bureau, open_anyway=False, reason=WHY)
    state = (await web.get(f"/drops/{drop.id}")).json["state"]
    claimed = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))
    opened = await web.patch(path, by=bureau, open_anyway=True, reason="演示环境开放")

    assert (shut.json["opened_because"], state) == (None, "frozen")
    assert [one["clause"] for one in claimed.json["citations"]] == ["细则五（一）"]
    assert opened.json["opened_because"] == "演示环境开放"
    assert (await web.get(f"/drops/{drop.id}")).json["state"] == "open"


@pytest.mark.parametrize(
    ("region", "decision", "status", "code"),
    [
        ("atlantis", {"claims_frozen": True, "reason": WHY}, 404, "region_unknown"),
        ("jining", {"claims_frozen": True, "reason": WHY}, 404, "not_found"),
        ("yangling", {"province_fen": 47_500_001, "reason": WHY}, 422, "grant_over_fund"),
        ("yangling", {"province_fen": 10**30, "reason": WHY}, 422, "grant_over_fund"),
        ("yangling", {"province_fen": -1, "reason": WHY}, 422, "invalid_request"),
        ("yangling", {"province_fen": 1.5, "reason": WHY}, 422, "invalid_request"),
        ("yangling", {"claims_frozen": True}, 422, "invalid_request"),
        ("yangling", {"claims_frozen": True, "reason": "短"}, 422, "invalid_request"),
        ("yangling", {"reason": WHY}, 422, "invalid_request"),
        ("yangling", {"province_fen": None, "reason": WHY}, 422, "invalid_request"),
        ("yangling", {"fund_fen": 1, "reason": WHY}, 422, "invalid_request"),
    ],
)
async def test_says_what_cannot_be_decided(web, bureau, drop, region, decision, status, code):
    answer = await web.patch(f"/staff/programmes/{region}", by=bureau, **decision)

    assert (answer.status, answer.json["code"]) == (status, code)
