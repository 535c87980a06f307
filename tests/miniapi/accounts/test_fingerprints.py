import asyncio

import pytest

from miniapi.accounts import fingerprints
from miniapi.accounts.fingerprints import IdentitiesNotReady, fingerprint, make_ready
from miniapi.accounts.models import IdentityKey, Person, Resident
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


@pytest.fixture
async def from_before(database, noon, monkeypatch):
    """Residents who were verified before there was a key, more than fit into a batch."""
    monkeypatch.setattr(fingerprints, "VERIFIED", fingerprints.VERIFIED.replace("LIMIT 500", "LIMIT 3"))
    people = [await a_resident(noon) for _ in range(7)]
    await a_resident(noon, verified=False)
    await IdentityKey.all().delete()
    return people


async def kept_marks():
    return {one.id: one.fingerprint for one in await Person.all()}


async def marks_of(people, keys, noon):
    """What somebody who is verified again would be found by."""
    return {
        one.person_id: await fingerprint(keys.unseal(one.id_number_sealed), keys, at=noon) for one in people
    }


async def test_who_was_verified_before_there_was_a_key_is_known_again(from_before, noon, keys):
    await make_ready(keys, at=noon)

    assert await kept_marks() == await marks_of(from_before, keys, noon)


async def test_a_second_start_changes_nothing(from_before, noon, keys):
    await make_ready(keys, at=noon)
    before = await kept_marks()

    await make_ready(keys, at=noon)

    assert await kept_marks() == before


async def test_two_hosts_that_start_at_once_make_one_key(from_before, noon, keys):
    await asyncio.gather(*(make_ready(keys, at=noon) for _ in range(3)))

    assert await IdentityKey.all().count() == 1
    assert await kept_marks() == await marks_of(from_before, keys, noon)


async def test_nobody_is_verified_until_the_start_has_done_its_work(from_before, noon, keys):
    before = await kept_marks()

    with pytest.raises(IdentitiesNotReady):
        await fingerprint(an_id_number(), keys, at=noon)

    assert await IdentityKey.all().count() == 0
    assert await kept_marks() == before


async def test_a_number_that_cannot_be_opened_changes_nothing(from_before, noon, keys):
    before = await kept_marks()
    stranger = Keys(OTHER)
    await Resident.filter(id=from_before[-1].id).update(id_number_sealed=stranger.seal(an_id_number()))

    with pytest.raises(SealBroken):
        await make_ready(keys, at=noon)

    assert await IdentityKey.all().count() == 0
    assert await kept_marks() == before
