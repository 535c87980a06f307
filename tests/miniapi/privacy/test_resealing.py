import asyncio

import asyncpg
import pytest
from tortoise import Tortoise, fields

from miniapi.accounts.fingerprints import fingerprint
from miniapi.accounts.models import Resident
from miniapi.keys import Keys
from miniapi.privacy import export
from miniapi.privacy.resealing import (
    SealedColumn,
    reseal,
    rows_by_key,
    sealed_columns,
)
from tests.factories.people import SECRET, a_resident, an_id_number

NEW = "the next secret of the tests, which".replace(",", "") + " is long"
BOTH = Keys(f"{NEW},{SECRET}")


def silently(line: str) -> None:
    pass


@pytest.fixture
async def connection(database_url):
    """A connection of the tables' owner."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_every_sealed_column_of_every_model_is_found(database, connection):
    found = {str(column) for column in await sealed_columns(connection)}

    of_models = {
        f"{model._meta.db_table}.{name}"
        for model in Tortoise.apps["miniapi"].values()
        for name, field in model._meta.fields_map.items()
        if name.endswith("_sealed") and isinstance(field, fields.TextField)
    }
    assert len(found) >= 12
    assert found == of_models


async def test_a_planted_one_is_found_and_sealed_anew(database, connection, keys):
    await connection.execute("CREATE TABLE planted (number bigint PRIMARY KEY, diary_sealed text)")
    await connection.execute("INSERT INTO planted VALUES (1, $1), (2, NULL)", keys.seal("今天很热"))

    done = await reseal(connection, BOTH, silently)

    assert SealedColumn("planted", "diary_sealed", "number", "bigint") in await sealed_columns(connection)
    sealed = await connection.fetchval("SELECT diary_sealed FROM planted WHERE number = 1")
    assert (done.rows, done.closed) == (1, [])
    assert Keys(NEW).unseal(sealed) == "今天很热"


async def test_afterwards_the_old_key_can_go(life, connection, noon, keys):
    mark = await fingerprint(an_id_number(), keys, at=noon)
    before = await rows_by_key(connection)

    done = await reseal(connection, BOTH, silently)

    assert before == {keys.id: done.rows}
    assert await rows_by_key(connection) == {BOTH.id: done.rows}
    alone = Keys(NEW)
    told = "".join([piece async for piece in export.pieces(await Resident.get(), alone, at=noon)])
    assert alone.unseal((await Resident.get()).name_sealed) in told
    assert await fingerprint(an_id_number(), alone, at=noon) == mark


async def test_again_it_finds_nothing_to_do(life, connection):
    await reseal(connection, BOTH, silently)

    assert (await reseal(connection, BOTH, silently)).rows == 0


async def test_what_has_no_id_yet_gets_one(database, connection, noon, keys):
    resident = await a_resident(noon)
    resident.phone_sealed = keys.seal("13812345678").partition(":")[2]
    await resident.save()
    before = await rows_by_key(connection)

    await reseal(connection, BOTH, silently)

    assert before[""] == 1
    assert set(await rows_by_key(connection)) == {BOTH.id}


async def test_what_cannot_be_opened_stays_and_is_named(life, connection, keys):
    stranger = Keys("a secret that is not here any more at all")
    lost = stranger.seal("13812345678")
    await Resident.filter(id=life.resident.id).update(phone_sealed=lost)

    done = await reseal(connection, BOTH, silently)

    assert done.rows > 5
    assert len(done.closed) == 1
    assert done.closed[0].startswith(f"resident.phone_sealed: sealed with the key {stranger.id}")
    assert (await Resident.get()).phone_sealed == lost


async def test_what_the_service_writes_meanwhile_is_never_lost(database, connection, noon, keys):
    people = [await a_resident(noon) for _ in range(60)]

    async def write():
        for number, one in enumerate(people):
            await Resident.filter(id=one.id).update(phone_sealed=BOTH.seal(f"138000000{number:02d}"))

    await asyncio.gather(write(), reseal(connection, BOTH, silently))

    phones = [BOTH.unseal(one.phone_sealed) for one in await Resident.all().order_by("id")]
    assert phones == [f"138000000{number:02d}" for number in range(60)]
    assert set(await rows_by_key(connection)) == {BOTH.id}
