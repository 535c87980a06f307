import asyncio
from collections import Counter

import pytest
from tortoise.transactions import in_transaction

from miniapi.ledger import actions
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import AccountName, Entry
from miniapi.ledger.queries import balance

POOL, RESERVED, FUND = AccountName.POOL, AccountName.RESERVED, AccountName.FUND
PAYABLE = AccountName.PAYABLE


async def a_book(at, amount=1000):
    await actions.open_book("b")
    await moving(amount, FUND, POOL, "appropriation", at)


async def moving(amount, source, target, key, at):
    async with in_transaction():
        return await actions.move(amount, source, target, book="b", reason="test", key=key, at=at)


async def test_money_moves_and_the_books_balance(database, noon):
    await a_book(noon)

    await moving(300, POOL, RESERVED, "k", noon)

    assert (await balance("b", POOL), await balance("b", RESERVED)) == (700, 300)
    assert sum(entry.amount for entry in await Entry.all()) == 0


async def test_a_key_moves_money_once(database, noon):
    await a_book(noon)

    moved = [await moving(300, POOL, RESERVED, "k", noon) for _ in range(3)]

    assert moved == [True, False, False]
    assert await balance("b", POOL) == 700


async def test_an_account_is_never_overdrawn_by_a_crowd(database, noon):
    await a_book(noon)

    outcomes = await asyncio.gather(
        *(moving(300, POOL, RESERVED, f"k{n}", noon) for n in range(8)), return_exceptions=True
    )

    assert Counter(map(type, outcomes)) == {bool: 3, NotEnough: 5}
    assert await balance("b", POOL) == 100


async def test_crossing_transfers_do_not_wait_for_each_other(database, noon):
    await a_book(noon)
    await moving(500, POOL, RESERVED, "start", noon)

    await asyncio.gather(
        *(moving(1, POOL, RESERVED, f"a{n}", noon) for n in range(20)),
        *(moving(1, RESERVED, POOL, f"b{n}", noon) for n in range(20)),
    )

    assert (await balance("b", POOL), await balance("b", RESERVED)) == (500, 500)


async def test_an_amount_is_positive(database, noon):
    with pytest.raises(ValueError, match="positive"):
        await moving(0, POOL, RESERVED, "k", noon)


async def test_several_moves_after_their_accounts_are_held_never_wait_in_a_circle(database, noon):
    await a_book(noon, 2000)
    await moving(1000, POOL, RESERVED, "start", noon)

    async def two_moves(first, second, key):
        async with in_transaction():
            found = await actions.held("b", PAYABLE, POOL, RESERVED)
            assert sum(found.values()) == 2000
            for n, (source, target) in enumerate((first, second)):
                moved = f"{key}:{n}"
                await actions.move(1, source, target, book="b", reason="test", key=moved, at=noon)

    there, back = ((RESERVED, POOL), (RESERVED, PAYABLE)), ((PAYABLE, POOL), (POOL, RESERVED))
    await two_moves(*there, "first")
    await asyncio.gather(
        *(two_moves(*there, f"a{n}") for n in range(10)),
        *(two_moves(*there[::-1], f"b{n}") for n in range(10)),
        two_moves(*back, "c"),
    )

    assert await balance("b", POOL) == 1000 + 21


async def test_one_key_at_two_who_hold_the_accounts_or_not_never_waits_in_a_circle(database, noon):
    await a_book(noon)
    other_begins = asyncio.Event()

    async def holding_first():
        async with in_transaction():
            await actions.held("b", POOL, RESERVED)
            other_begins.set()
            await asyncio.sleep(0.3)  # the other one waits by now: for the accounts, its key not yet written
            return await actions.move(300, POOL, RESERVED, book="b", reason="test", key="k", at=noon)

    async def at_once():
        await other_begins.wait()
        return await moving(300, POOL, RESERVED, "k", noon)

    assert await asyncio.gather(holding_first(), at_once()) == [True, False]
    assert await balance("b", POOL) == 700


async def test_a_book_that_was_never_opened_holds_nothing(database, noon):
    with pytest.raises(NotEnough):
        await moving(1, POOL, RESERVED, "k", noon)
