from datetime import timedelta

from miniapi import clock
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from tests.factories.season import a_drop, a_programme, an_open_drop


async def test_a_drop_is_shown_as_it_stands(web, noon, library):
    drop = await an_open_drop(library, noon, quota=7)

    answer = await web.get(f"/drops/{drop.id}")

    assert answer.status == 200
    assert answer.json == {
        "id": str(drop.id),
        "mode": "first_come",
        "opens_at": "2024-09-01T10:00:00+08:00",
        "draws_at": None,
        "closes_at": "2024-09-08T23:59:59+08:00",
        "valid_until": "2024-09-08T23:59:59+08:00",
        "quota": 7,
        "remaining": 7,
        "state": "open",
    }


async def test_the_clock_alone_opens_and_closes_it(web, noon, library):
    drop = await an_open_drop(library, noon)
    moments = {
        "planned": drop.opens_at - timedelta(microseconds=1),
        "open": drop.opens_at,
        "closed": drop.closes_at,
    }

    for state, at in moments.items():
        clock.stand_still(at)
        assert (await web.get(f"/drops/{drop.id}")).json["state"] == state


async def test_a_drop_that_is_empty_or_frozen_says_so(web, noon, library):
    drop = await an_open_drop(library, noon, quota=7)

    await Drop.filter(id=drop.id).update(issued=7)
    empty = (await web.get(f"/drops/{drop.id}")).json
    await Drop.filter(id=drop.id).update(frozen_because="系统维护")
    frozen = (await web.get(f"/drops/{drop.id}")).json

    assert (empty["state"], empty["remaining"], frozen["state"]) == ("sold_out", 0, "frozen")


async def test_the_drops_of_a_region_come_in_their_order(web, noon, library):
    programme = await a_programme(library, noon)
    later, sooner = [await a_drop(programme, noon + timedelta(days=days)) for days in (2, 1)]

    answer = await web.get("/drops?region=yangling")
    elsewhere = await web.get("/drops?region=jining")

    assert [one["id"] for one in answer.json["items"]] == [str(sooner.id), str(later.id)]
    assert elsewhere.json == {"items": [], "next_cursor": None}


async def test_what_is_not_there_is_not_found(web):
    missing, nowhere = await web.get(f"/drops/{new_id()}"), await web.get("/drops?region=atlantis")

    assert (missing.status, missing.json["code"]) == (404, "not_found")
    assert (nowhere.status, nowhere.json["code"]) == (422, "region_unknown")
    assert "atlantis" in nowhere.json["title"]
