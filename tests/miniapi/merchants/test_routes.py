from miniapi.merchants.models import Member, Merchant, MerchantKind, Point, Role
from tests.factories.people import a_resident


async def a_merchant(name="示例家电城", kind=MerchantKind.SELLER, **more):
    more = {"region": "yangling", "address": "示例街道 1 号", "demo": True, **more}
    return await Merchant.create(name=name, kind=kind, **more)


async def a_point(name, lat, lon, region="yangling"):
    return await Point.create(region=region, name=name, address="示例路 1 号", lat=lat, lon=lon, demo=True)


async def test_the_public_list_is_by_name(web):
    second, first = await a_merchant("乙店"), await a_merchant("丙站", MerchantKind.RECYCLER)
    await a_merchant("别处", region="jining")

    answer = await web.get("/merchants?region=yangling")

    assert answer.status == 200
    assert [one["id"] for one in answer.json["items"]] == [str(first.id), str(second.id)]
    assert answer.json["items"][1] == {
        "id": str(second.id),
        "kind": "seller",
        "name": "乙店",
        "address": "示例街道 1 号",
        "phone": None,
        "demo": True,
    }


async def test_points_come_nearest_first(web):
    for name, lat in (("远", 34.40), ("近", 34.28), ("中", 34.33)):
        await a_point(name, lat, 108.08)
    await a_point("别处", 34.27, 108.08, region="jining")

    near = await web.get("/points?region=yangling&lat=34.27&lon=108.08")
    anywhere = await web.get("/points?region=yangling")

    assert [one["name"] for one in near.json["items"]] == ["近", "中", "远"]
    assert 1_050 < near.json["items"][0]["distance_m"] < 1_170
    assert {one["distance_m"] for one in anywhere.json["items"]} == {None}


async def test_half_a_position_is_none(web):
    for query in ("lat=34.2", "lon=108", "lat=91&lon=0", "lat=nan&lon=0", "lat=0&lon=inf", "lat=x&lon=y"):
        answer = await web.get(f"/points?region=yangling&{query}")

        assert (answer.status, answer.json["code"]) == (422, "invalid_request"), query


async def test_an_unknown_region_is_said(web):
    for path in ("/merchants", "/points"):
        answer = await web.get(f"{path}?region=atlantis")

        assert (answer.status, answer.json["code"]) == (422, "region_unknown")


async def test_me_tells_for_whom_one_acts(web, noon):
    resident, merchant = await a_resident(noon, verified=False), await a_merchant()
    await Member.create(resident=resident, merchant=merchant, role=Role.CLERK)

    answer = await web.get("/me", by=resident)

    assert (answer.status, answer.json["id"], answer.json["roles"]) == (200, str(resident.id), ["clerk"])
