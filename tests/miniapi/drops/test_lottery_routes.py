import inspect
import textwrap
from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.drops import lottery_routes
from miniapi.drops.models import Registration
from miniapi.ids import new_id
from miniapi.vouchers import drawing
from tests.factories.lottery import a_lottery, registered
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop


@pytest.fixture
async def drop(database, noon, library):
    return await a_lottery(library, noon, quota=4)


async def draw(drop, library, keys):
    clock.stand_still(drop.draws_at)
    await drawing.draw(drop.id, library, keys, at=drop.draws_at)


async def entries(web, drop, limit):
    """All entries that are published, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = (await web.get(f"/drops/{drop.id}/draw?limit={limit}{cursor and f'&cursor={cursor}'}")).json
        found, cursor = found + page["items"], page["next_cursor"]
    return found


def the_published_lines():
    """The lines of the documentation with which anyone can draw again."""
    lines = inspect.getdoc(lottery_routes.show_draw).splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))


class TestTakingPart:
    async def test_is_answered_with_the_registration(self, web, drop, noon):
        resident = await a_resident(noon)

        answer = await web.post(f"/drops/{drop.id}/registrations", by=resident)
        again = await web.post(f"/drops/{drop.id}/registrations", by=resident)
        mine = await web.get("/registrations", by=resident)

        given = await Registration.get()
        assert answer.status == again.status == 201
        assert answer.json == {
            "id": str(given.id),
            "drop": str(drop.id),
            "registered_at": "2024-09-01T12:00:00+08:00",
            "draws_at": "2024-09-01T16:00:00+08:00",
            "drawn_at": None,
            "place": None,
            "won": None,
        }
        assert again.json == answer.json
        assert mine.json["items"] == [answer.json]

    async def test_is_told_with_its_place_after_the_draw(self, web, drop, noon, library, keys):
        ((resident, _),) = (await registered(drop, library, noon, people=1)).items()
        await draw(drop, library, keys)

        (mine,) = (await web.get("/registrations", by=resident)).json["items"]

        assert (mine["place"], mine["won"], mine["drawn_at"]) == (1, True, "2024-09-01T16:00:00+08:00")

    async def test_can_be_taken_back(self, web, drop, noon, library):
        ((resident, given),) = (await registered(drop, library, noon, people=1)).items()

        answer = await web.delete(f"/registrations/{given.id}", by=resident)
        again = await web.delete(f"/registrations/{given.id}", by=resident)

        assert (answer.status, again.status, again.json["code"]) == (204, 404, "not_found")
        assert (await web.get("/registrations", by=resident)).json["items"] == []

    async def test_is_not_claiming(self, web, drop, noon):
        answer = await web.post(f"/drops/{drop.id}/claims", by=await a_resident(noon))

        assert (answer.status, answer.json["code"]) == (409, "drop_by_lot")

    async def test_says_why_not(self, web, drop, noon, library):
        resident, nobody = await a_resident(noon), await a_resident(noon, verified=False)
        first_come = await an_open_drop(library, noon + timedelta(days=1))

        refusals = {
            "identity_required": await web.post(f"/drops/{drop.id}/registrations", by=nobody),
            "not_found": await web.post(f"/drops/{new_id()}/registrations", by=resident),
            "drop_not_by_lot": await web.post(f"/drops/{first_come.id}/registrations", by=resident),
        }
        clock.stand_still(drop.opens_at - timedelta(seconds=1))
        refusals["registration_not_open"] = await web.post(f"/drops/{drop.id}/registrations", by=resident)
        clock.stand_still(drop.draws_at)
        refusals["entries_fixed"] = await web.post(f"/drops/{drop.id}/registrations", by=resident)

        assert {code: answer.json["code"] for code, answer in refusals.items()} == {
            code: code for code in refusals
        }


class TestTheDraw:
    async def test_shows_the_commitment_and_how_many_before_it_is_drawn(self, web, drop, noon, library):
        await registered(drop, library, noon, people=2)

        answer = await web.get(f"/drops/{drop.id}/draw")

        assert answer.json == {
            "drop": str(drop.id),
            "draws_at": "2024-09-01T16:00:00+08:00",
            "commitment": drop.seed_commitment,
            "registered": 2,
            "entries_digest": None,
            "drawn_at": None,
            "seed": None,
            "items": [],
            "next_cursor": None,
        }

    async def test_can_be_done_again_by_anyone_with_the_published_lines(self, web, drop, noon, library, keys):
        await registered(drop, library, noon, people=11)
        await draw(drop, library, keys)

        published = (await web.get(f"/drops/{drop.id}/draw")).json
        found = await entries(web, drop, limit=3)

        code, ids = the_published_lines(), [one["id"] for one in found]
        assert code.count("\n") == 4
        exec(code, {"draw": published, "ids": ids})  # noqa: S102  lines of our own
        assert (published["registered"], len(ids)) == (11, 11)
        assert [one["place"] for one in found] == [*range(1, 12)]
        assert [one["won"] for one in found] == [True] * 4 + [False] * 7

    @pytest.mark.parametrize(
        "falsify",
        [
            lambda draw, ids: draw.update(seed="0" * 64),
            lambda draw, ids: draw.update(entries_digest="0" * 64),
            lambda draw, ids: ids.append(str(new_id())),
            lambda draw, ids: ids.reverse(),
        ],
    )
    async def test_that_was_falsified_is_found_out_by_them(self, web, drop, noon, library, keys, falsify):
        await registered(drop, library, noon, people=5)
        await draw(drop, library, keys)
        published = (await web.get(f"/drops/{drop.id}/draw")).json
        ids = [one["id"] for one in published["items"]]

        falsify(published, ids)

        with pytest.raises(AssertionError):
            exec(the_published_lines(), {"draw": published, "ids": ids})  # noqa: S102

    async def test_names_nobody(self, web, drop, noon, library, keys):
        people = await registered(drop, library, noon, people=3)
        await draw(drop, library, keys)

        shown = (await web.get(f"/drops/{drop.id}/draw")).raw.decode()

        for resident in people:
            assert str(resident.id) not in shown
            assert str(resident.person_id) not in shown

    async def test_is_documented_as_it_was_written(self, web):
        async with web.http.get(f"{web.base}/docs/openapi.json") as answer:
            document = await answer.json()

        told = document["paths"]["/api/v1/drops/{drop_id}/draw"]["get"]
        assert told["summary"].startswith("一场抽签")
        assert "\n\n    from hashlib import sha256\n" in told["description"]
        assert "<br>" not in told["description"]

    async def test_there_is_none_of_a_drop_for_who_comes_first(self, web, noon, library):
        answer = await web.get(f"/drops/{(await an_open_drop(library, noon)).id}/draw")

        assert (answer.status, answer.json["code"]) == (409, "drop_not_by_lot")
