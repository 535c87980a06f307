"""Giving out vouchers of one drop, many in one transaction: counted, reserved, written down and told."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from miniapi.audit.actions import FIRST, LOCK, Event, recording
from miniapi.audit.rules import Link
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.drops.models import Drop
from miniapi.ids import new_ids
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import Fen, in_yuan
from miniapi.reminders.actions import owing
from miniapi.reminders.occasions import Occasion
from miniapi.vouchers.models import VoucherState

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, and nothing that looks like something else
CODE_LENGTH = 12
NOTE = "领取成功"

# The rows everyone wants, locked for the rest of the transaction, each after the one before: the programme,
# whose switches must not turn meanwhile, the drop, both accounts by name, the end of the audit log.
STOCK = """
    WITH p AS MATERIALIZED (
        SELECT * FROM programme WHERE id = (SELECT programme_id FROM "drop" WHERE id = $1) FOR SHARE
    ), d AS MATERIALIZED (
        SELECT * FROM "drop" WHERE id = $1 AND EXISTS (SELECT FROM p) FOR NO KEY UPDATE
    ), money AS MATERIALIZED (
        SELECT name, balance FROM account
        WHERE book = (SELECT p.code FROM p, d) AND name IN ('pool', 'reserved')
        ORDER BY name FOR NO KEY UPDATE
    )
    SELECT d.issued, d.quota - d.issued AS left,
           d.frozen_because IS NULL AND p.claims_frozen_because IS NULL
               AND (d.mode, d.opens_at, d.closes_at, d.valid_until) = ($2, $3, $4, $5)
               AND p.opened_because IS NOT DISTINCT FROM $6 AS stands,
           pool.balance AS pool, last.seq, last.hash
    FROM p, d, (SELECT max(balance) FILTER (WHERE name = 'pool') AS balance FROM money) pool
        LEFT JOIN LATERAL audit_head(CASE WHEN pool.balance IS NOT NULL THEN $7::bigint END) last ON true
"""
COUNT = 'UPDATE "drop" SET issued = issued + $2 WHERE id = $1'
ISSUE = f"""
    INSERT INTO voucher (id, code, resident_id, person_id, rank, max_fen, reserved_fen, subsidy_fen,
                         state, drop_id, region, issued_at, valid_until)
    SELECT id, code, resident_id, person_id, rank, fen, fen, 0, '{VoucherState.ISSUED}', $7, $8, $9, $10
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::int[], $6::bigint[])
        AS new (id, code, resident_id, person_id, rank, fen)
"""  # noqa: S608  words of ours
NOTE_ISSUED = f"""
    INSERT INTO voucher_event (id, voucher_id, state, at, note)
    SELECT event, voucher, '{VoucherState.ISSUED}', $3, '{NOTE}'
    FROM unnest($1::uuid[], $2::uuid[]) AS new (event, voucher)
"""  # noqa: S608  words of ours


@dataclass(frozen=True, slots=True)
class Stock:
    """What a drop has left, read under its lock: vouchers given out and left, fen in the pool.

    `stands` where it still is as it was read before, and is not frozen. `last` is the end of the audit log.
    """

    issued: int
    left: int
    pool: Fen
    stands: bool
    last: Link


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody who gets a voucher: `reserve` is what it is worth at most; `request` is what asked for it."""

    resident_id: UUID
    person_id: UUID
    reserve: Fen
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A voucher that was just put into somebody's wallet, worth so many fen at most."""

    id: UUID
    code: str
    drop: Drop
    rank: int
    worth: Fen
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """Vouchers of one drop for these takers, all but their ranks: claims make it before they lock the stock.

    `moves` and `writes` are what can be known by then of what will be written.
    """

    drop: Drop
    takers: Sequence[Taker]
    ids: Sequence[UUID]
    codes: Sequence[str]
    at: datetime
    moves: Sequence[ledger.Move]
    writes: Sequence[sql.Write]

    def ranked(self, stock: Stock) -> list[Issued]:
        """The vouchers, each with its rank behind those that were given out before."""
        ranks = range(stock.issued + 1, stock.issued + 1 + len(self.ids))
        return [
            Issued(voucher_id, code, self.drop, rank, taker.reserve, self.at)
            for voucher_id, code, rank, taker in zip(self.ids, self.codes, ranks, self.takers, strict=True)
        ]


async def stock_of(drop: Drop, *, with_log: bool = True) -> Stock:
    """Lock a drop's programme, the drop and its money until the transaction ends; what is there then.

    `with_log` the end of the audit log too, for which everyone waits: take every other lock before, and
    write at once. Without it `last` means nothing.
    """
    as_read = (drop.mode, drop.opens_at, drop.closes_at, drop.valid_until, drop.programme.opened_because)
    (row,) = await sql.rows(STOCK, drop.id, *as_read, LOCK if with_log else None)
    last = FIRST if row["seq"] is None else Link(row["seq"], row["hash"])
    return Stock(row["issued"], row["left"], Fen(row["pool"]), row["stands"], last)


def drafted(drop: Drop, takers: Sequence[Taker], *, at: datetime) -> Draft:
    """A voucher for each taker, to be ranked in their order. `drop` comes with its programme."""
    ids, codes = new_ids(len(takers)), _codes(len(takers))
    told = [
        (taker.resident_id, _claimed(drop, voucher_id, code, taker.reserve, at), f"claimed:{voucher_id}")
        for voucher_id, code, taker in zip(ids, codes, takers, strict=True)
    ]
    return Draft(
        drop,
        takers,
        ids,
        codes,
        at,
        moves=[
            ledger.Move(taker.reserve, f"voucher:{voucher_id}:reserve")
            for voucher_id, taker in zip(ids, takers, strict=True)
        ],
        writes=[*owing(told, at=at), sql.Write(NOTE_ISSUED, [new_ids(len(ids)), ids, at])],
    )


async def issue(
    draft: Draft, vouchers: Sequence[Issued], stock: Stock, *, beside: Sequence[sql.Write] = ()
) -> None:
    """Put the vouchers of a draft, as they were ranked, into the wallets of their takers.

    All that is written, what comes `beside` it too, goes to the database at once: everyone waits for the
    stock. Call it inside a transaction that holds the takers' accounts and the stock, which covers them all.
    """
    events = [_event(one, taker) for one, taker in zip(vouchers, draft.takers, strict=True)]
    chained = recording(events, stock.last, at=draft.at)
    await ledger.move_all(
        draft.moves,
        AccountName.POOL,
        AccountName.RESERVED,
        book=draft.drop.programme.code,
        reason="claim",
        at=draft.at,
        beside=[*_issuing(draft, vouchers), *draft.writes, *beside, *chained],
    )


def _issuing(draft: Draft, vouchers: Sequence[Issued]) -> Sequence[sql.Write]:
    drop = draft.drop
    columns = [
        draft.ids,
        draft.codes,
        [taker.resident_id for taker in draft.takers],
        [taker.person_id for taker in draft.takers],
        [one.rank for one in vouchers],
        [one.worth for one in vouchers],
    ]
    return [
        sql.Write(COUNT, [drop.id, len(vouchers)]),
        sql.Write(ISSUE, [*columns, drop.id, drop.programme.region, draft.at, drop.valid_until]),
    ]


def _codes(count: int) -> list[str]:
    letters = "".join(CODE_ALPHABET[byte % 32] for byte in secrets.token_bytes(CODE_LENGTH * count))
    return [letters[place : place + CODE_LENGTH] for place in range(0, len(letters), CODE_LENGTH)]


def _claimed(drop: Drop, voucher_id: UUID, code: str, reserve: Fen, at: datetime) -> Occasion:
    about, worth = _worth_until(reserve, drop.valid_until)
    return Occasion(
        kind="claimed",
        subject=voucher_id,
        at=at,
        about=about,
        fields={"thing1": f"消费券 {code}", "amount2": worth, "time3": drop.valid_until},
    )


@lru_cache(maxsize=256)  # most vouchers of a drop are worth the same
def _worth_until(worth: Fen, until: datetime) -> tuple[str, str]:
    """What somebody is told of a voucher: the whole, and its worth alone."""
    yuan = f"{in_yuan(worth)}元"
    return f"您领到一张消费券，最高减 {in_yuan(worth)} 元，{until.astimezone(SHANGHAI):%m月%d日}前使用", yuan


def _event(voucher: Issued, taker: Taker) -> Event:
    return Event(
        actor=f"resident:{taker.resident_id}",
        action="voucher.claimed",
        subject=f"voucher:{voucher.id}",
        after={"drop": str(voucher.drop.id), "rank": voucher.rank, "reserved_fen": voucher.worth},
        request=taker.request,
    )
