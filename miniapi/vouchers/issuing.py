"""Giving out vouchers of one drop, many in one transaction: counted, reserved, written down and told."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from miniapi.audit.actions import Event, record_all
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.money import Fen, in_yuan
from miniapi.reminders.actions import owe_all
from miniapi.reminders.occasions import Occasion
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, and nothing that looks like something else
CODE_LENGTH = 12
NOTE = "领取成功"

# the rows everyone wants, locked for the rest of the transaction: the drop and the pool
STOCK = """
    SELECT d.issued, d.quota - d.issued AS left,
           d.frozen_because IS NOT NULL OR p.claims_frozen_because IS NOT NULL AS frozen, pool.balance AS pool
    FROM "drop" d JOIN programme p ON p.id = d.programme_id
        JOIN account pool ON pool.book = p.code AND pool.name = 'pool'
    WHERE d.id = $1 FOR NO KEY UPDATE OF d, pool FOR SHARE OF p
"""
COUNT = 'UPDATE "drop" SET issued = issued + $2 WHERE id = $1 RETURNING issued'
WRITE = f"""
    WITH issued AS (
        INSERT INTO voucher (id, code, resident_id, person_id, rank, max_fen, reserved_fen, subsidy_fen,
                             state, drop_id, region, issued_at, valid_until)
        SELECT id, code, resident_id, person_id, rank, fen, fen, 0, '{VoucherState.ISSUED}', $8, $9, $10, $11
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::int[], $6::bigint[])
            AS new (id, code, resident_id, person_id, rank, fen)
    )
    INSERT INTO voucher_event (id, voucher_id, state, at, note)
    SELECT event, voucher, '{VoucherState.ISSUED}', $10, '{NOTE}'
    FROM unnest($7::uuid[], $1::uuid[]) AS new (event, voucher)
"""  # noqa: S608  words of ours


@dataclass(frozen=True, slots=True)
class Stock:
    """What a drop has left, read under its lock: vouchers given out and left, fen in the pool."""

    issued: int
    left: int
    pool: Fen
    frozen: bool


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody who gets a voucher: `reserve` is what it is worth at most; `request` is what asked for it."""

    resident_id: UUID
    person_id: UUID
    reserve: Fen
    request: str | None = None


async def stock_of(drop: Drop) -> Stock:
    """Lock a drop and its programme's pool until the transaction ends, and see what is there."""
    (row,) = await sql.rows(STOCK, drop.id)
    return Stock(row["issued"], row["left"], Fen(row["pool"]), row["frozen"])


async def issue(drop: Drop, stock: Stock, takers: Sequence[Taker], *, at: datetime) -> list[Voucher]:
    """One voucher for each taker, ranked in their order. `drop` comes with its programme.

    Call it inside a transaction that holds the takers' accounts and the stock, which covers them all.
    """
    vouchers = [_voucher(drop, stock.issued + n, taker, at) for n, taker in enumerate(takers, start=1)]
    await sql.rows(COUNT, drop.id, len(vouchers))
    await ledger.move_all(
        [ledger.Move(Fen(one.reserved_fen), f"voucher:{one.id}:reserve") for one in vouchers],
        AccountName.POOL,
        AccountName.RESERVED,
        book=drop.programme.code,
        reason="claim",
        at=at,
    )
    await sql.rows(
        WRITE,
        [one.id for one in vouchers],
        [one.code for one in vouchers],
        [taker.resident_id for taker in takers],
        [taker.person_id for taker in takers],
        [one.rank for one in vouchers],
        [one.max_fen for one in vouchers],
        [new_id() for _ in vouchers],
        drop.id,
        drop.programme.region,
        at,
        drop.valid_until,
    )
    told = [
        (taker.resident_id, _claimed(one, at), f"claimed:{one.id}")
        for one, taker in zip(vouchers, takers, strict=True)
    ]
    await owe_all(told, at=at)
    await record_all([_event(one, taker) for one, taker in zip(vouchers, takers, strict=True)], at=at)
    return vouchers


def first_event(voucher: Voucher) -> VoucherEvent:
    """What the history of a voucher that was just issued says."""
    return VoucherEvent(voucher_id=voucher.id, state=VoucherState.ISSUED, at=voucher.issued_at, note=NOTE)


def _voucher(drop: Drop, rank: int, taker: Taker, at: datetime) -> Voucher:
    return Voucher(
        id=new_id(),
        code="".join(CODE_ALPHABET[byte % 32] for byte in secrets.token_bytes(CODE_LENGTH)),
        drop_id=drop.id,
        resident_id=taker.resident_id,
        person_id=taker.person_id,
        region=drop.programme.region,
        rank=rank,
        max_fen=taker.reserve,
        reserved_fen=taker.reserve,
        issued_at=at,
        valid_until=drop.valid_until,
    )


def _claimed(voucher: Voucher, at: datetime) -> Occasion:
    worth, until = in_yuan(voucher.max_fen), voucher.valid_until.astimezone(SHANGHAI)
    return Occasion(
        kind="claimed",
        subject=voucher.id,
        at=at,
        about=f"您领到一张消费券，最高减 {worth} 元，{until:%m月%d日}前使用",
        fields={"thing1": f"消费券 {voucher.code}", "amount2": f"{worth}元", "time3": voucher.valid_until},
    )


def _event(voucher: Voucher, taker: Taker) -> Event:
    return Event(
        actor=f"resident:{taker.resident_id}",
        action="voucher.claimed",
        subject=f"voucher:{voucher.id}",
        after={"drop": str(voucher.drop_id), "rank": voucher.rank, "reserved_fen": voucher.reserved_fen},
        request=taker.request,
    )
