"""Goods come back: the subsidy goes back the way it came, and the voucher returns where it may."""

from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.ledger import actions as ledger
from miniapi.ledger.models import AccountName
from miniapi.merchants.callers import Clerk
from miniapi.money import Fen, in_yuan
from miniapi.redemption import afterwards_rules as rules
from miniapi.redemption import counter
from miniapi.redemption.afterwards import Made, happened, locked, move
from miniapi.redemption.errors import RefundTooLate
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionState
from miniapi.reminders.actions import owe
from miniapi.reminders.occasions import Occasion
from miniapi.subsidies.rules import person_cap
from miniapi.vouchers.models import VoucherState
from miniapi.vouchers.queries import used_by

POOL, RESERVED, PAYABLE = AccountName.POOL, AccountName.RESERVED, AccountName.PAYABLE
PAID, CLAWBACK = AccountName.PAID, AccountName.CLAWBACK


async def refund(
    redemption_id: UUID, because: str, clerk: Clerk, library: Library, *, at: datetime
) -> Redemption:
    """Take one item back: its subsidy is cancelled, or owed by the shop that was paid; the room is free.

    `because` is fit to be kept. Raises NoSuchRedemption, AlreadyRefunded, RefundTooLate; VoucherMoved.
    """
    async with in_transaction():
        sale = await locked(redemption_id, clerk, library, at=at)
        _refuse_late(sale)
        before = sale.redemption.state
        pool = await _money_back(sale)
        back = await _voucher_back(sale, pool)
        await _refunded(sale)
        told = f"{_told(sale, library)}，累计额度恢复；{back.because}"
        await happened(sale, RedemptionAct.REFUNDED, Fen(0), note=f"退货：{because}", told=told)
        if sale.owner:
            word = _word(sale, back, library)
            await owe(sale.owner.id, word, key=f"refunded:{redemption_id}", at=sale.at)
        await record(
            clerk.actor,
            "redemption.refunded",
            f"redemption:{redemption_id}",
            at=sale.at,
            reason=because,
            before={"state": before, "voucher_state": VoucherState.REDEEMED},
            after={
                "state": sale.redemption.state,
                "voucher_state": back.state,
                "voucher": sale.voucher.id,
                "returned_fen": sale.redemption.subsidy_fen,
                "owed_fen": sale.redemption.owed_fen,
                "reserved_fen": back.worth,
            },
        )
    return sale.redemption


def _refuse_late(sale: Made) -> None:
    days = sale.counter_rule.refund_days
    if days is None:
        return
    until = rules.refundable_until(sale.redemption.redeemed_at, days)
    if sale.at >= until:
        cited = sale.pack.citation(sale.counter_rule.cites, sale.at)
        raise RefundTooLate(until=until.astimezone(SHANGHAI), citations=[cited])


async def _money_back(sale: Made) -> Fen:
    """The shop's claim is cancelled or, where it was paid, the shop owes; what the locked pool holds then."""
    subsidy, book = Fen(sale.redemption.subsidy_fen), sale.programme.code
    settled = sale.redemption.state is RedemptionState.SETTLED
    source, target = (PAID, CLAWBACK) if settled else (PAYABLE, POOL)
    held = await ledger.held(book, source, target, POOL, RESERVED)
    await move(sale, subsidy, source, target, reason="refund", key=f"redemption:{sale.redemption.id}:refund")
    return held[POOL] if settled else Fen(held[POOL] + subsidy)


async def _voucher_back(sale: Made, pool: Fen) -> rules.Return:
    """The voucher is not used any more; where it returns, the pool sets aside for it what there is."""
    voucher, (rule, _) = sale.voucher, counter.rules_of(sale.pack, sale.at)
    kept_by_others = Fen(await used_by(voucher.person_id, voucher.region) - voucher.subsidy_fen)
    room = Fen(person_cap(rule) - kept_by_others)
    back = rules.voucher_back(
        voucher,
        rules.worth_again(Fen(voucher.max_fen), rule, room=room, pool=pool),
        owner_left=sale.owner is None,
        used_up=sale.counter_rule.quota_used_up,
        window_closes=sale.programme.closes_at,
        at=sale.at,
    )
    key = f"voucher:{voucher.id}:reissue:{sale.redemption.id}"
    await move(sale, back.worth, POOL, RESERVED, reason="reissue", key=key)
    voucher.state, voucher.subsidy_fen, voucher.reserved_fen = back.state, 0, back.worth
    voucher.max_fen = back.worth or voucher.max_fen
    await voucher.save(update_fields=["state", "subsidy_fen", "reserved_fen", "max_fen"])
    return back


async def _refunded(sale: Made) -> None:
    redemption = sale.redemption
    redemption.owed_fen = redemption.subsidy_fen if redemption.state is RedemptionState.SETTLED else 0
    redemption.state, redemption.refunded_at = RedemptionState.REFUNDED, sale.at
    await redemption.save(update_fields=["state", "refunded_at", "owed_fen"])


def _told(sale: Made, library: Library) -> str:
    name = library.categories[sale.redemption.category].name
    return f"{name}已退货，补贴 {in_yuan(sale.redemption.subsidy_fen)} 元退回"


def _word(sale: Made, back: rules.Return, library: Library) -> Occasion:
    return Occasion(
        kind="refunded",
        subject=sale.redemption.id,
        at=sale.at,
        about=f"{_told(sale, library)}；{back.because}",
        fields={
            "thing1": library.categories[sale.redemption.category].name,
            "amount2": f"{in_yuan(sale.redemption.subsidy_fen)}元",
            "time3": sale.at,
            "thing4": back.because,
        },
    )
