"""The demo city: it opens as a real one would, and a second start changes nothing."""

from miniapi import demo
from miniapi.drops.models import Drop
from miniapi.merchants.models import Merchant
from miniapi.programmes.models import Programme
from miniapi.reports.audit import differences
from miniapi.vouchers.claiming import claim
from tests.factories.people import a_resident


async def load(library, at):
    await demo.load(library, lambda user: f"openid-of-{user}", "demo-password", at=at)


async def test_enough_enterprises_take_part_so_nobody_has_to_open_it_anyway(database, noon, library):
    await load(library, noon)

    drop = await Drop.get(opens_at=noon.replace(hour=10))
    assert (await Programme.get()).opened_because is None
    assert await claim(drop.id, await a_resident(noon), library, at=noon)


async def test_a_second_start_changes_nothing(database, noon, library):
    await load(library, noon)
    before = [await model.all().order_by("id").values() for model in (Programme, Drop, Merchant)]

    await load(library, noon)

    assert [await model.all().order_by("id").values() for model in (Programme, Drop, Merchant)] == before
    assert await differences(database, library) == []
