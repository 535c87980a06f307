"""However many accounts a person has had: one voucher of each drop."""

import asyncio

import pytest

from miniapi.accounts.actions import Identity, verify_identity
from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Person
from miniapi.errors import NotSignedIn
from miniapi.privacy import actions, desk
from miniapi.reports.audit import differences
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import AlreadyClaimed
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.people import a_resident, an_id_number
from tests.factories.season import an_open_drop

ACCOUNTS = 10
SOMEBODY = Identity("张三", an_id_number())


@pytest.fixture
async def drop(database, noon, library):
    return await an_open_drop(library, noon)


async def accounts(noon):
    return [await a_resident(noon, verified=False) for _ in range(ACCOUNTS)]


async def test_with_many_accounts_at_once_wins_once(database, drop, noon, library, keys):
    async def verify_and_claim(account):
        known = await verify_identity(account, SOMEBODY, keys, at=noon)
        return await claim(drop.id, known, library, at=noon)

    outcomes = await asyncio.gather(
        *(verify_and_claim(one) for one in await accounts(noon)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["IdentityTaken"] * (ACCOUNTS - 1) + ["Voucher"]
    assert await differences(database, library) == []


async def test_that_moves_from_account_to_account_keeps_the_first(
    database, drop, officer, noon, library, keys
):
    first, *others = await accounts(noon)
    holder = await verify_identity(first, SOMEBODY, keys, at=noon)
    voucher = await claim(drop.id, holder, library, at=noon)

    for one in others:
        await desk.move_identity(holder.id, one.id, "换了手机，已核对证件", officer, keys, at=noon)
        with pytest.raises(IdentityRequired):
            await claim(drop.id, holder, library, at=noon)
        await one.refresh_from_db()
        holder = one
        with pytest.raises(AlreadyClaimed):
            await claim(drop.id, holder, library, at=noon)

    kept = await Voucher.get()
    assert (kept.id, kept.resident_id) == (voucher.id, others[-1].id)
    assert await differences(database, library) == []


async def test_that_moves_while_both_accounts_claim_wins_once(database, drop, officer, noon, library, keys):
    source, target = (await accounts(noon))[:2]
    source = await verify_identity(source, SOMEBODY, keys, at=noon)

    async def claim_until_verified():
        while True:
            await target.refresh_from_db()
            try:
                return await claim(drop.id, target, library, at=noon)
            except IdentityRequired:
                await asyncio.sleep(0)

    outcomes = await asyncio.gather(
        claim(drop.id, source, library, at=noon),
        desk.move_identity(source.id, target.id, "换了手机，已核对证件", officer, keys, at=noon),
        claim_until_verified(),
        return_exceptions=True,
    )

    assert sorted(type(outcomes[place]).__name__ for place in (0, 2)) in (
        ["AlreadyClaimed", "Voucher"],
        ["IdentityRequired", "Voucher"],
    )
    assert (await Voucher.get()).resident_id == target.id
    assert await differences(database, library) == []


async def test_that_leaves_and_comes_back_wins_once(database, drop, noon, library, keys):
    first, *others = await accounts(noon)
    holder = await verify_identity(first, SOMEBODY, keys, at=noon)
    await claim(drop.id, holder, library, at=noon)

    for one in others:
        await actions.leave(holder.id, at=noon)
        with pytest.raises(NotSignedIn):
            await claim(drop.id, holder, library, at=noon)
        holder = await verify_identity(one, SOMEBODY, keys, at=noon)
        with pytest.raises(AlreadyClaimed):
            await claim(drop.id, holder, library, at=noon)

    assert (await Voucher.get()).state is VoucherState.VOID
    assert await Person.all().count() == 1
    assert await differences(database, library) == []
