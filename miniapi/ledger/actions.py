"""Moving public money: two entries that add up to nothing, under a key that moves it once."""

from datetime import datetime

from tortoise.expressions import F

from miniapi.database import sql
from miniapi.ids import new_id
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import Account, AccountName, Entry
from miniapi.money import Fen

RECORD = """
    INSERT INTO transfer (id, key, reason, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (key) DO NOTHING RETURNING id
"""


async def open_book(book: str) -> None:
    """Make the accounts of a programme, those that are missing."""
    await Account.bulk_create([Account(book=book, name=name) for name in AccountName], ignore_conflicts=True)


async def move(
    amount: Fen, source: AccountName, target: AccountName, *, book: str, reason: str, key: str, at: datetime
) -> bool:
    """Move money between two accounts of a book. Call it inside a transaction.

    Returns False, and moves nothing, when this key has moved its money before.
    Raises NotEnough when the source does not hold the amount.
    """
    if amount <= 0:
        raise ValueError(f"an amount to move is positive, not {amount}")
    transfer_id = new_id()
    recorded = await sql.rows(RECORD, transfer_id, key, reason, at)
    if not recorded:
        return False
    changes = {source: -amount, target: amount}
    for name in AccountName:  # always in this order, so that two transfers never wait for each other
        if name in changes:
            account = await _change(book, name, changes[name])
            await Entry.create(transfer_id=transfer_id, account_id=account, amount=changes[name])
    return True


async def _change(book: str, name: AccountName, change: int) -> object:
    """Add to a balance; the fund's counts what it gave, so it grows when money leaves."""
    grows_by = -change if name is AccountName.FUND else change
    held = Account.filter(book=book, name=name)
    if not await held.filter(balance__gte=-grows_by).update(balance=F("balance") + grows_by):
        raise NotEnough()
    return await held.get().values_list("id", flat=True)
