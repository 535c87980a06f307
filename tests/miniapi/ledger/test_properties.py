"""Whatever moves, in whatever order: the books are those of a model that is a dictionary."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from tortoise.transactions import in_transaction

from miniapi.ledger import actions
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import SOURCES, AccountName, Entry, Transfer
from miniapi.ledger.queries import balances

LEDGERS = bounded(
    max_examples=150,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CROWDS = bounded(LEDGERS, max_examples=40)
BOOKS = ("book 1", "book 2")
_examples = itertools.count(1)  # all examples of a test share its database


@dataclass(frozen=True)
class Order:
    """Some amounts, each under a key, from one account of a book to another."""

    book: str
    source: AccountName
    target: AccountName
    amounts: Sequence[tuple[str, int]]

    async def carried_out(self, example, at, *, held=()):
        moves = [actions.Move(amount, f"{example} {key}") for key, amount in self.amounts]
        book = f"{example} {self.book}"
        try:
            async with in_transaction():
                await actions.held(book, *held)
                moved = await actions.move_all(
                    moves, self.source, self.target, book=book, reason="test", at=at
                )
        except NotEnough:
            return None
        return {key.removeprefix(f"{example} ") for key in moved}


@dataclass
class Model:
    """What every account holds, and which keys have moved money."""

    held: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    used: set[str] = field(default_factory=set)

    def carry_out(self, order):
        """The keys that move, or None where an account would be overdrawn."""
        new = {}
        for key, amount in order.amounts:
            if key not in self.used:
                new.setdefault(key, amount)
        after = self.held[order.book].copy()
        after[order.source] += sum(new.values()) * (1 if order.source in SOURCES else -1)
        after[order.target] += sum(new.values()) * (-1 if order.target in SOURCES else 1)
        if min(after.values()) < 0:
            return None
        self.held[order.book] = after
        self.used |= set(new)
        return set(new)


# few keys, so that they meet again; amounts of which two or three empty an account
amounts = st.lists(
    st.tuples(st.sampled_from("abcdefghijklmnop"), st.integers(1, 400)), min_size=1, max_size=4
)
directions = st.permutations(list(AccountName)).map(lambda names: tuple(names[:2]))
orders = st.builds(
    lambda book, way, amounts: Order(book, *way, amounts), st.sampled_from(BOOKS), directions, amounts
)
FUNDED = [
    Order(book, AccountName.FUND, AccountName.POOL, [(f"{book} is funded", amount)])
    for book, amount in zip(BOOKS, (1000, 700), strict=True)
]


async def funded(at):
    """Two books of an example of its own, and the model of them."""
    example, model = f"example {next(_examples)}", Model()
    for order in FUNDED:
        await actions.open_book(f"{example} {order.book}")
        assert await order.carried_out(example, at) == model.carry_out(order)
    return example, model


async def sums(example):
    """What the entries of an example add up to, account by account as they stand in the books."""
    totals = {book: Counter() for book in BOOKS}
    found = Entry.filter(transfer__key__startswith=f"{example} ").select_related("account")
    for entry in await found:
        book = entry.account.book.removeprefix(f"{example} ")
        totals[book][entry.account.name] += entry.amount
    return totals


async def assert_sound(example):
    """The entries of a book add up to nothing, each balance is their sum, and none is below zero."""
    totals = await sums(example)
    for book in BOOKS:
        known = await balances(f"{example} {book}")
        assert sum(totals[book].values()) == 0
        assert known == {n: totals[book][n] * (-1 if n in SOURCES else 1) for n in AccountName}
        assert min(known.values()) >= 0


@LEDGERS
@given(plan=st.lists(orders, max_size=25))
async def test_whatever_is_ordered_the_books_are_the_model_s(database, noon, plan):
    example, model = await funded(noon)

    for order in plan:
        assert await order.carried_out(example, noon) == model.carry_out(order)

    for book in BOOKS:
        assert await balances(f"{example} {book}") == {name: model.held[book][name] for name in AccountName}
    await assert_sound(example)
    assert await Transfer.filter(key__startswith=f"{example} ").count() == len(model.used)


@CROWDS
@given(
    plan=st.lists(orders, min_size=4, max_size=10),
    movers=st.integers(2, 6),
    held=st.sampled_from([(), tuple(AccountName)]),
)
async def test_movers_at_the_same_time_never_wait_in_a_circle_and_move_each_key_once(
    database, noon, plan, movers, held
):
    example, _ = await funded(noon)
    # a key belongs to one order, as it belongs to one voucher; each mover begins elsewhere
    named = [
        Order(one.book, one.source, one.target, [(f"{n}{key}", amount) for key, amount in one.amounts])
        for n, one in enumerate(plan)
    ]

    async def mover(number):
        begun = named[number % len(named) :] + named[: number % len(named)]
        return [await order.carried_out(example, noon, held=held) for order in begun]

    told = await asyncio.gather(*(mover(number) for number in range(movers)))

    moved = Counter(key for outcomes in told for keys in outcomes for key in keys or ())
    kept = await Transfer.filter(key__startswith=f"{example} ").values_list("key", flat=True)
    assert set(moved.values()) <= {1}
    assert {f"{example} {key}" for key in moved} == set(kept) - {
        f"{example} {key}" for order in FUNDED for key, _ in order.amounts
    }
    await assert_sound(example)
