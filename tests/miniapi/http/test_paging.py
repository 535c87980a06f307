from datetime import timedelta

import pytest

from miniapi.ids import new_id
from miniapi.merchants.models import Merchant, MerchantKind, Point
from miniapi.pickup.models import Slot
from tests.factories.people import a_resident
from tests.factories.season import a_drop, a_programme
from tests.factories.slots import a_slot


async def walked(web, path, limit, **more):
    """The pages of a list, from the first to the last."""
    pages, cursor = [], None
    while cursor or not pages:
        answer = await web.get(f"{path}&limit={limit}{f'&cursor={cursor}' if cursor else ''}", **more)
        assert answer.status == 200, answer.json
        pages.append([one["id"] for one in answer.json["items"]])
        cursor = answer.json["next_cursor"]
    return pages


async def test_walks_every_row_once_also_where_many_are_equal(web, noon):
    slots = [
        Slot(
            region="yangling",
            district=f"区{number}",
            starts_at=noon + timedelta(hours=24 + number // 5),
            ends_at=noon + timedelta(hours=30),
            capacity=1,
        )
        for number in range(12)
    ]
    await Slot.bulk_create(slots)
    in_order = [str(slot.id) for slot in sorted(slots, key=lambda one: (one.starts_at, one.id))]

    for limit in (1, 3, 4, 12, 100):
        pages = await walked(web, "/pickups/slots?region=yangling", limit)

        assert sum(pages, []) == in_order
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert 0 < len(pages[-1]) <= limit


async def test_walks_a_falling_list(web, noon, library):
    programme, resident = await a_programme(library, noon), await a_resident(noon)
    claimed = []
    for minutes in (3, 2, 1):  # claimed at the same still moment
        drop = await a_drop(programme, noon - timedelta(minutes=minutes))
        claimed.append((await web.post(f"/drops/{drop.id}/claims", by=resident)).json["voucher"]["id"])

    assert await walked(web, "/vouchers?", 2, by=resident) == [
        sorted(claimed, reverse=True)[:2],
        [min(claimed)],
    ]


async def test_walks_the_points_from_the_nearest(web, database):
    for number in range(5):
        await Point.create(
            region="yangling", name=f"点{number}", address="-", lat=34 + number / 10, lon=108.0, demo=True
        )
    path = "/points?region=yangling&lat=34&lon=108"
    in_order = [one["id"] for one in (await web.get(path)).json["items"]]

    assert await walked(web, path, 2) == [in_order[:2], in_order[2:4], in_order[4:]]


async def test_an_empty_list_is_one_empty_page(web):
    answer = await web.get("/merchants?region=yangling")

    assert answer.json == {"items": [], "next_cursor": None}


async def test_goes_on_after_a_row_that_has_left_the_list(web, noon):
    first, second = await a_slot(noon), await a_slot(noon, hours_ahead=48)
    cursor = (await web.get("/pickups/slots?region=yangling&limit=1")).json["next_cursor"]
    await Slot.filter(id=first.id).update(district="别的区")

    page = await web.get(f"/pickups/slots?region=yangling&district=杨陵区&limit=1&cursor={cursor}")

    assert [one["id"] for one in page.json["items"]] == [str(second.id)]


@pytest.mark.parametrize("path", ["/pickups/slots", "/drops", "/merchants", "/points"])
async def test_refuses_a_cursor_of_another_list(web, noon, path):
    merchant = await Merchant.create(region="jining", kind=MerchantKind.SELLER, name="示例", address="-")
    strange = [new_id(), (await a_resident(noon)).id]
    strange += [merchant.id] if path != "/merchants" else []

    for cursor in strange:
        answer = await web.get(f"{path}?region=yangling&cursor={cursor}")

        assert (answer.status, answer.json["code"]) == (422, "invalid_request")
        assert [one["field"] for one in answer.json["errors"]] == ["cursor"]
