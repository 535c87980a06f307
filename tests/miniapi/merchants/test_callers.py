from miniapi.merchants.models import Member, Merchant, MerchantKind, Role
from miniapi.merchants.queries import counter_of
from miniapi.staff.models import StaffRole
from tests.factories.counter import a_clerk, a_shop
from tests.factories.people import a_resident
from tests.factories.staff import a_staff

COUNTER = "/merchant/redemptions"


async def test_a_clerk_of_a_shop_is_let_in(web, noon):
    clerk = await a_clerk(noon)

    assert (await web.get(COUNTER, by=clerk.account)).status == 200


async def test_nobody_else_is(web, noon):
    crew, at_recycler, resident = [await a_resident(noon) for _ in range(3)]
    recycler = await Merchant.create(
        region="yangling", kind=MerchantKind.RECYCLER, name="回收站", address="示例路"
    )
    await Member.create(resident=crew, merchant=await a_shop(), role=Role.CREW)
    await Member.create(resident=at_recycler, merchant=recycler, role=Role.CLERK)

    for somebody in (crew, at_recycler, resident, await a_staff(noon, StaffRole.BUREAU)):
        answer = await web.get(COUNTER, by=somebody)
        assert (answer.status, answer.json["code"]) == (403, "not_allowed")
    assert (await web.get(COUNTER)).status == 401


async def test_who_works_for_two_shops_stands_where_they_went_last(database, noon):
    first = await a_clerk(noon)
    second = await a_clerk(noon, resident=first.account)

    assert (await counter_of(first.id)).id == second.merchant.id
