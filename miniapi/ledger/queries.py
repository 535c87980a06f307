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
    return await Entry.filter(account__book=book, account__name__in=SOURCES).count()
