import asyncio

import pytest

from miniapi.accounts.fingerprints import fingerprint
from miniapi.accounts.models import IdentityKey, Person
from miniapi.keys import Keys, SealBroken
from tests.factories.people import a_resident, an_id_number

OTHER = "quite another secret of 32 characters"


async def test_stands_for_one_identity_and_tells_nothing_of_it(database, noon, keys):
    first = await fingerprint(an_id_number(1), keys, at=noon)

    assert first == await fingerprint(an_id_number(1), keys, at=noon)
    assert first != await fingerprint(an_id_number(2), keys, at=noon)
    assert len(first) == 64
    assert an_id_number(1) not in first


async def test_its_key_is_made_once_also_where_many_need_it_at_once(database, noon, keys):
    marks = await asyncio.gather(*(fingerprint(an_id_number(), keys, at=noon) for _ in range(8)))

    assert len(set(marks)) == 1
    assert await IdentityKey.all().count() == 1


async def test_its_key_is_random_and_not_made_of_the_secret(database, noon, keys):
    await fingerprint(an_id_number(), keys, at=noon)
    first = keys.unseal((await IdentityKey.get(id=1)).key_sealed)
    await IdentityKey.all().delete()
    await fingerprint(an_id_number(), keys, at=noon)

    assert first != keys.unseal((await IdentityKey.get(id=1)).key_sealed)


async def test_another_secret_changes_no_fingerprint(database, noon, keys):
    before = await fingerprint(an_id_number(), keys, at=noon)
    kept = await IdentityKey.get(id=1)
    kept.key_sealed = Keys(OTHER).seal(keys.unseal(kept.key_sealed))
    await kept.save()

    assert await fingerprint(an_id_number(), Keys(OTHER), at=noon) == before
    with pytest.raises(SealBroken):
        await fingerprint(an_id_number(), keys, at=noon)


async def test_who_was_verified_before_there_was_a_key_is_known_again(database, noon, keys):
    people = [await a_resident(noon) for _ in range(3)]

    numbers = [keys.unseal(one.id_number_sealed) for one in people]
    marks = [await fingerprint(number, keys, at=noon) for number in numbers]

    assert [(await Person.get(id=one.person_id)).fingerprint for one in people] == marks
