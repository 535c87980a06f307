from miniapi.merchants.models import Member, Merchant, MerchantKind, Role
from tests.factories.people import a_resident


async def a_merchant(name="示例家电城", kind=MerchantKind.SELLER, **more):
    more = {"region": "yangling", "address": "示例街道 1 号", "demo": True, **more}
    return await Merchant.create(name=name, kind=kind, **more)


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


async def test_an_unknown_region_is_said(web):
    for path in ("/merchants", "/points"):
        answer = await web.get(f"{path}?region=atlantis")

        assert (answer.status, answer.json["code"]) == (422, "region_unknown")


async def test_me_tells_for_whom_one_acts(web, noon):
    resident, merchant = await a_resident(noon, verified=False), await a_merchant()
    await Member.create(resident=resident, merchant=merchant, role=Role.CLERK)

    answer = await web.get("/me", by=resident)

    assert (answer.status, answer.json["id"], answer.json["roles"]) == (200, str(resident.id), ["clerk"])
