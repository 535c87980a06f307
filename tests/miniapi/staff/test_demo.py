"""The demo's accounts: one a role, whose password follows the setting."""

import pytest

from miniapi.staff import accounts, demo, queries, signing_in
from miniapi.staff.errors import WrongCredentials
from miniapi.staff.models import Staff, StaffRole
from tests.factories.staff import a_desk_of


async def sign_in(keys, noon, password, username="bureau"):
    return await signing_in.sign_in(username, password, None, keys, demo=True, at=noon)


async def test_there_is_one_a_role(database, noon, keys):
    await demo.load("demo-password", at=noon)

    for role in StaffRole:
        assert (await sign_in(keys, noon, "demo-password", role.value)).account.roles == [role.value]


async def test_a_second_start_changes_nothing(database, noon, keys):
    await demo.load("demo-password", at=noon)
    before = await Staff.all().order_by("id").values()
    token = await a_desk_of(await Staff.get(username="bureau"))

    await demo.load("demo-password", at=noon)

    assert await Staff.all().order_by("id").values() == before
    assert await queries.signed_in(token, demo=True)


async def test_another_password_takes_the_place_of_the_first(database, noon, keys):
    await demo.load("demo-password", at=noon)
    await demo.load("other-password", at=noon)

    with pytest.raises(WrongCredentials):
        await sign_in(keys, noon, "demo-password")
    assert await sign_in(keys, noon, "other-password")


async def test_what_was_disabled_stays_so_and_somebody_real_stays_who_they_are(database, noon, keys):
    real = await accounts.add("support", [StaffRole.SUPPORT], keys, password=None, at=noon)
    await demo.load("demo-password", at=noon)
    await accounts.disable("bureau", at=noon)

    await demo.load("other-password", at=noon)

    assert (await Staff.get(username="bureau")).disabled_at is not None
    support = await Staff.get(username="support")
    assert not support.demo
    assert keys.unseal(support.totp_sealed) == real.totp_secret
