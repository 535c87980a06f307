"""Moving public money: two entries that add up to nothing, under a key that moves it once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from miniapi.database import sql
from miniapi.ids import new_ids
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import SOURCES, Account, AccountName
from miniapi.money import Fen

# The two accounts are locked first, in the order of their names: no two transfers wait for each other in a
# circle, neither for an account nor for a key that both bring.
MOVE = """
    WITH wanted AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS new (id, key, amount)
    ), locked AS MATERIALIZED (
        SELECT id, name, CASE name WHEN $9 THEN -1 ELSE 1 END AS sign FROM account
        WHERE book = $8 AND name IN ($9, $10) ORDER BY name FOR NO KEY UPDATE
    ), moved AS (
        INSERT INTO transfer (id, key, reason, at)
        SELECT id, key, $6, $7 FROM wanted WHERE (SELECT count(*) FROM locked) IS NOT NULL
        ON CONFLICT (key) DO NOTHING RETURNING id, key
    ), total AS (
        SELECT coalesce(sum(amount), 0) AS amount FROM wanted JOIN moved USING (id)
    ), changed AS (
        UPDATE account SET balance = account.balance
            + total.amount * locked.sign * CASE WHEN account.name = ANY($11::text[]) THEN -1 ELSE 1 END
        FROM locked, total
        WHERE account.id = locked.id AND account.balance
            + total.amount * locked.sign * CASE WHEN account.name = ANY($11::text[]) THEN -1 ELSE 1 END >= 0
        RETURNING account.id, locked.sign
    ), written AS (
        INSERT INTO entry (id, transfer_id, account_id, amount)
        SELECT CASE changed.sign WHEN -1 THEN side.source_entry ELSE side.target_entry END,
               wanted.id, changed.id, wanted.amount * changed.sign
        FROM moved JOIN wanted USING (id)
            JOIN unnest($1::uuid[], $4::uuid[], $5::uuid[]) AS side (id, source_entry, target_entry)
                USING (id)
            CROSS JOIN changed
    )
    SELECT moved.key, (SELECT count(*) FROM changed) AS accounts FROM moved
"""

HOLD = """
    SELECT name, balance FROM account WHERE book = $1 AND name = ANY($2::text[])
    ORDER BY name FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Move:
    """An amount to move, in fen, and the key that moves it once."""

    amount: Fen
    key: str


async def open_book(book: str) -> None:
    """Make the accounts of a programme, those that are missing."""
    await Account.bulk_create([Account(book=book, name=name) for name in AccountName], ignore_conflicts=True)


async def held(book: str, *names: AccountName) -> dict[AccountName, Fen]:
    """What these accounts hold, locked until the transaction ends.

    Call it before the first of several moves that touch different accounts: locked in the order in which
    every move locks its two, no two transactions wait for each other in a circle.
    """
    rows = await sql.rows(HOLD, book, list(names))
    return {AccountName(row["name"]): Fen(row["balance"]) for row in rows}


async def move(
    amount: Fen, source: AccountName, target: AccountName, *, book: str, reason: str, key: str, at: datetime
) -> bool:
    """Move money between two accounts of a book. Call it inside a transaction.

    Returns False, and moves nothing, when this key has moved its money before.
    Raises NotEnough when the source does not hold the amount.
    """
    return bool(await move_all([Move(amount, key)], source, target, book=book, reason=reason, at=at))


async def move_all(
    moves: Sequence[Move],
    source: AccountName,
    target: AccountName,
    *,
    book: str,
    reason: str,
    at: datetime,
    beside: Sequence[sql.Write] = (),
) -> set[str]:
    """Move many amounts between the same two accounts of a book. Call it inside a transaction.

    What is written `beside` goes with them to the database: whoever waits for the accounts waits less.
    Returns the keys that moved their money now; those that had moved it before move nothing.
    Raises NotEnough, and nothing may be committed then, when the source does not hold all of it.
    """
    if any(one.amount <= 0 for one in moves):
        raise ValueError(f"an amount to move is positive, not {min(one.amount for one in moves)}")
    transfers, sources, targets = (new_ids(len(moves)) for _ in range(3))
    values = [
        transfers,
        [one.key for one in moves],
        [one.amount for one in moves],
        sources,
        targets,
        reason,
        at,
        book,
        source,
        target,
        list(SOURCES),
    ]
    moved = await sql.write_and_ask(beside, sql.Write(MOVE, values))
    if moved and moved[0]["accounts"] < 2:
        raise NotEnough()
    return {row["key"] for row in moved}
