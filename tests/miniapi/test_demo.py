"""The demo city: it opens as a real one would, and a second start changes nothing."""

from miniapi import demo
from miniapi.drops.models import Drop
from miniapi.merchants.licensing import HELD_BY, good_licence
from miniapi.merchants.models import (
    Licence,
    Member,
    Merchant,
    MerchantKind,
    Point,
    PointHours,
    PriceTable,
    Role,
)
from miniapi.pickup import estimating
from miniapi.pickup.estimating import OldThing
from miniapi.pickup.models import CrewHours, Shift, Slot
from miniapi.programmes.models import Programme
from miniapi.reports.audit import differences
from miniapi.vouchers.claiming import claim
from tests.factories.people import a_resident
from tests.factories.points import a_point

LOADED = (Programme, Drop, Merchant, Licence, Point, PointHours, PriceTable, CrewHours, Slot, Shift)


async def load(library, at):
    await demo.load(library, lambda user: f"openid-of-{user}", "demo-password", at=at)


async def test_enough_enterprises_take_part_so_nobody_has_to_open_it_anyway(database, noon, library):
    await load(library, noon)

    drop = await Drop.get(opens_at=noon.replace(hour=10))
    assert (await Programme.get()).opened_because is None
    assert await claim(drop.id, await a_resident(noon), library, at=noon)


async def test_a_second_start_changes_nothing(database, noon, library):
    await load(library, noon)
    before = [await model.all().order_by("id").values() for model in LOADED]

    await load(library, noon)

    assert [await model.all().order_by("id").values() for model in LOADED] == before
    assert await differences(database, library) == []


async def test_every_region_has_invented_recyclers_points_and_prices(database, noon, library):
    await load(library, noon)

    for region in library.packs:
        recyclers = await Merchant.filter(region=region, kind=MerchantKind.RECYCLER)
        points = await Point.filter(region=region)
        things = [OldThing(library.categories[key]) for key in ("fridge", "sofa")]
        estimates = await estimating.estimate(region, things, at=noon)
        assert (len(recyclers) >= 2, len(points) >= 3) == (True, True), region
        assert {(one.demo, one.name[:2]) for one in [*recyclers, *points]} == {(True, "示例")}, region
        assert None not in [one.range for one in estimates], region


async def test_crews_come_in_every_region_for_two_weeks_and_the_demo_user_goes_with_one(
    database, noon, library
):
    await load(library, noon)

    for region in library.packs:
        slots = await Slot.filter(region=region)
        assert (len(slots), {slot.capacity for slot in slots}) == (15 * 4, {3}), region
    member = await Member.get(role=Role.CREW).select_related("resident", "crew")
    manager = await Member.get(role=Role.MANAGER).select_related("resident")
    assert (member.resident.openid, member.crew.name) == ("openid-of-crew-demo", "示例上门一组")
    assert (manager.resident.openid, manager.merchant_id) == (
        "openid-of-manager-demo",
        member.merchant_id,
    )


async def test_old_things_find_their_way_in_every_region(database, noon, library):
    await load(library, noon)

    for region in library.packs:
        for kind, holder in HELD_BY.items():
            enterprises = await Merchant.filter(region=region, kind=holder)
            assert enterprises, (region, kind)
            assert {one.name[:2] for one in enterprises} == {"示例"}
            for enterprise in enterprises:
                assert (await good_licence(enterprise.id, kind, on=noon)).number.startswith("示例")
    workers = await Member.filter(role__in=[Role.STATION, Role.DISMANTLER]).prefetch_related(
        "resident", "merchant"
    )
    assert {(one.resident.openid, one.merchant.name) for one in workers} == {
        ("openid-of-station-demo", "示例再生资源公司"),
        ("openid-of-dismantler-demo", "示例杨凌拆解公司"),
    }


async def test_a_point_of_an_older_demo_is_described_anew_and_the_bureaus_is_not(database, noon, library):
    old, changed = "示例五泉镇回收点", "示例揉谷镇回收点"
    await a_point(old)
    await a_point(changed, demo=False, address="揉谷镇东街 1 号")

    await load(library, noon)

    assert (await Point.get(name=old)).district == "五泉镇"
    assert (await Point.get(name=changed)).address == "揉谷镇东街 1 号"
