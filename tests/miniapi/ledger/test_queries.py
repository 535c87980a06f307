from tortoise.transactions import in_transaction

from miniapi.ledger import actions
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import entries_of_sources, moved_under

POOL, RESERVED, FUND, PROVINCE = (
    AccountName.POOL,
    AccountName.RESERVED,
    AccountName.FUND,
    AccountName.PROVINCE,
)


async def moving(book, amount, source, target, at):
    """Money moves in a book, under a key that says all of it."""
    async with in_transaction():
        key = f"{book}:{source}:{target}"
        await actions.move(amount, source, target, book=book, reason="test", key=key, at=at)


async def test_moves_at_the_sources_of_a_book_are_counted_and_no_others(database, noon):
    for book in ("b", "c"):
        await actions.open_book(book)
        await moving(book, 1000, FUND, POOL, noon)
    await moving("b", 300, POOL, RESERVED, noon)
    await moving("b", 200, PROVINCE, FUND, noon)

    assert await entries_of_sources("b") == 3  # the province took over what the fund gave: both moved
    assert await entries_of_sources("c") == 1
    assert await entries_of_sources("d") == 0


async def test_a_key_tells_what_it_has_moved(database, noon):
    await actions.open_book("b")
    await moving("b", 1000, FUND, POOL, noon)

    assert await moved_under("b:fund:pool") == 1000
    assert await moved_under("b:pool:fund") == 0
