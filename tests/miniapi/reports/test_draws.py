import asyncpg
import pytest

from miniapi.drops import lottery, lottery_rules
from miniapi.drops.models import Drop, Registration
from miniapi.reports.audit import differences
from miniapi.reports.draws import RULE
from miniapi.vouchers import drawing
from miniapi.vouchers.models import Voucher
from tests.factories.lottery import a_lottery, registered


@pytest.fixture
async def drop(database, noon, library, keys):
    """A lottery that was drawn: two of five have won."""
    drop = await a_lottery(library, noon, quota=2)
    await registered(drop, library, noon, people=5)
    await drawing.draw(drop.id, library, keys, at=drop.draws_at)
    return drop


async def as_owner(database, statement):
    connection = await asyncpg.connect(database)
    await connection.execute(statement)
    await connection.close()


async def found(database, library):
    """What the audit says of draws."""
    return [line for line in await differences(database, library) if line.endswith(RULE)]


async def test_nothing_is_wrong_with_a_draw_as_it_was_done(database, drop, library):
    assert await differences(database, library) == []


async def test_another_seed_is_noticed(database, drop, library):
    await Drop.filter(id=drop.id).update(seed="0" * 64)

    assert f"drop {drop.id}: its seed is not the one that was committed to {RULE}" in await found(
        database, library
    )


async def test_a_seed_exchanged_with_its_commitment_is_noticed(database, drop, library, keys):
    sealed, commitment = lottery.new_seed(keys)
    seed = keys.unseal(sealed)
    order = lottery_rules.ranking(seed, [one.id for one in await Registration.all()])
    await Registration.all().update(place=None, won=None)
    for place, entry in enumerate(order, start=1):
        won = await Voucher.exists(person_id=(await Registration.get(id=entry)).person_id)
        await Registration.filter(id=entry).update(place=place, won=won)
    await Drop.filter(id=drop.id).update(seed=seed, seed_commitment=commitment)

    said = await found(database, library)

    assert f"drop {drop.id}: its commitment is not the one in the audit log {RULE}" in said
    assert f"drop {drop.id}: its seed is not the one in the audit log {RULE}" in said
    assert not [line for line in said if "committed to" in line]


async def test_another_entry_is_noticed(database, drop, library, noon):
    last = await Registration.get(place=5)
    await last.delete()

    assert await found(database, library) == [
        f"drop {drop.id}: its entries are not those that were fixed {RULE}"
    ]


async def test_another_order_is_noticed(database, drop, library):
    await Registration.filter(place=5).update(place=6)

    assert await found(database, library) == [
        f"drop {drop.id}: its places are not in the order of the draw {RULE}"
    ]


async def test_a_winner_without_a_voucher_is_noticed(database, drop, library):
    await Registration.filter(place=3).update(won=True)

    assert await found(database, library) == [f"drop {drop.id}: who won is not who has a voucher {RULE}"]


async def test_vouchers_in_another_order_are_noticed(database, drop, library):
    await as_owner(database, "ALTER TABLE voucher DROP CONSTRAINT one_voucher_per_rank")
    await as_owner(database, "UPDATE voucher SET rank = 3 - rank")

    assert await found(database, library) == [
        f"drop {drop.id}: its vouchers are not ranked in the order of the places {RULE}"
    ]


async def test_entries_that_changed_before_the_draw_are_noticed(database, noon, library):
    drop = await a_lottery(library, noon)
    people = await registered(drop, library, noon, people=2)
    await lottery.fix_entries(drop, at=drop.draws_at)
    await next(iter(people.values())).delete()

    assert await found(database, library) == [
        f"drop {drop.id}: its entries are not those that were fixed {RULE}"
    ]
