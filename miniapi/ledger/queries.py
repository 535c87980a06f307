"""What stands in the books."""

from miniapi.ledger.models import SOURCES, Account, AccountName, Entry
from miniapi.money import Fen


async def balances(book: str) -> dict[AccountName, Fen]:
    """What every account of a book holds; a source's is what it has given."""
    return {account.name: Fen(account.balance) for account in await Account.filter(book=book)}


async def balance(book: str, name: AccountName) -> Fen:
    """What one account holds."""
    return (await balances(book))[name]


async def entries_of_sources(book: str) -> int:
    """How often money has moved at the sources of a book: it only grows, and numbers what moves next."""
    sources = await Account.filter(book=book, name__in=SOURCES).values_list("id", flat=True)
    return await Entry.filter(account_id__in=sources).count()  # by its index, however many entries there are


async def moved_under(key: str) -> Fen:
    """What this key has moved; nothing where it has not."""
    arrived = await Entry.get_or_none(transfer__key=key, amount__gt=0)
    return Fen(arrived.amount if arrived else 0)
