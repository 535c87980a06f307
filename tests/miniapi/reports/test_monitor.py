import pytest

from miniapi.merchants.models import Merchant, MerchantKind
from miniapi.staff.models import StaffRole
from tests.factories.people import a_resident
from tests.factories.season import a_drop, an_open_drop
from tests.factories.staff import a_staff

WHY = "按公告调整"
PATH = "/staff/programmes/yangling"


@pytest.fixture
async def auditor(web, noon):
    return await a_staff(noon, StaffRole.AUDITOR)


async def test_shows_the_money_by_account_and_by_source(web, noon, library, auditor):
    drop = await an_open_drop(library, noon)
    for _ in range(3):
        await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

    seen = (await web.get(PATH, by=auditor)).json

    assert seen["accounts"] == {
        "pool_fen": 47_200_000,
        "reserved_fen": 300_000,
        "payable_fen": 0,
        "paid_fen": 0,
        "clawback_fen": 0,
    }
    assert seen["sources"] == {
        "unattributed_fen": 47_500_000,
        "province_fen": 0,
        "zone_fen": 0,
        "district_fen": 0,
    }
    assert (seen["ceiling_fen"], seen["bound_fen"], seen["faces_fen"]) == (47_500_000, 300_000, 300_000)
    assert (seen["item_cap_fen"], seen["room"]) == (100_000, 472)


async def test_counts_every_face_ever_issued_beside_what_is_bound(web, noon, library, auditor):
    drop, leaver = await an_open_drop(library, noon), await a_resident(noon)
    await web.post(f"/drops/{drop.id}/claims", by=leaver)
    await web.delete("/me", by=leaver)
    await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

    seen = (await web.get(PATH, by=auditor)).json

    assert (seen["bound_fen"], seen["faces_fen"]) == (100_000, 200_000)


async def test_shows_the_drops_with_what_was_decided_about_them(web, noon, library, auditor):
    drop = await an_open_drop(library, noon, quota=7)
    later = await a_drop(await drop.programme, noon.replace(day=16), quota=9)
    await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))
    bureau = await a_staff(noon)
    await web.patch(f"/staff/drops/{later.id}", by=bureau, frozen=True, reason="设备检修")

    drops = (await web.get(PATH, by=auditor)).json["drops"]

    assert [
        (one["id"], one["quota"], one["issued"], one["state"], one["frozen_because"]) for one in drops
    ] == [(str(drop.id), 7, 1, "open", None), (str(later.id), 9, 0, "frozen", "设备检修")]


async def test_says_whether_enough_enterprises_take_part(web, noon, library, auditor):
    await an_open_drop(library, noon)
    for number in range(5):
        await Merchant.create(region="yangling", kind=MerchantKind.SELLER, name=f"{number}", address="a")

    readiness = (await web.get(PATH, by=auditor)).json["readiness"]

    assert readiness.pop("citation")["clause"] == "细则五（一）"
    assert readiness == {
        "ready": False,
        "sellers": 5,
        "recyclers": 0,
        "sellers_at_least": 5,
        "recyclers_at_least": 3,
    }


async def test_of_a_region_without_a_programme_is_not_there(web, auditor):
    unknown = await web.get("/staff/programmes/atlantis", by=auditor)
    without = await web.get("/staff/programmes/jining", by=auditor)

    assert (unknown.status, unknown.json["code"]) == (404, "region_unknown")
    assert (without.status, without.json["code"]) == (404, "not_found")
