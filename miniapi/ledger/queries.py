"""What stands in the books."""

from miniapi.ledger.models import Account, AccountName
from miniapi.money import Fen


async def balance(book: str, name: AccountName) -> Fen:
    """What an account holds; the fund's is what it has given."""
    account = await Account.get(book=book, name=name)
    return Fen(account.balance)
