"""Goods come back: the subsidy goes back the way it came, and the voucher returns where it may."""

from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.keys import Keys
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import NotEnough
from miniapi.ledger.models import AccountName
from miniapi.merchants.callers import Clerk
from miniapi.money import Fen, in_yuan
from miniapi.pickup.models import Pickup
from miniapi.pickup.moves import GOING_ON
from miniapi.redemption import afterwards_rules as rules
from miniapi.redemption import counter
from miniapi.redemption.afterwards import Made, fit_reason, happened, locked, move
from miniapi.redemption.errors import RefundTooLate
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionState
from miniapi.reminders.actions import owe
from miniapi.reminders.occasions import Occasion
from miniapi.subsidies.rules import person_cap
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.models import VoucherState
from miniapi.vouchers.queries import used_by

POOL, RESERVED = AccountName.POOL, AccountName.RESERVED


async def prepare(redemption_id: UUID, reason: str, clerk: Clerk, keys: Keys, *, at: datetime) -> str:
    """The reason as it may be kept for ever; and what has lapsed takes up nobody's room any more.

    Call it before the transaction of the refund. Raises NoSuchRedemption, ReasonPersonal.
    """
    because = await fit_reason(redemption_id, reason, clerk, keys, at=at)
    await expire_overdue(at=at)
    return because


async def refund(
    redemption_id: UUID, because: str, clerk: Clerk, library: Library, *, at: datetime
) -> Redemption:
    """Take one item back: its subsidy is cancelled, or owed by the shop that was paid; the room is free.

    `because` comes from `prepare`. Raises NoSuchRedemption, AlreadyRefunded, RefundTooLate; VoucherMoved.
    """
    async with in_transaction():
        sale = await locked(redemption_id, clerk, library, at=at)
        _refuse_late(sale)
        before, room = sale.redemption.state, await _room(sale)
        await _refunded(sale)
        try:
            async with in_transaction():  # undone where the pool has not got it
                back = await _given_back(sale, before, because, library, room=room, pool=None)
        except NotEnough:
            await sale.voucher.refresh_from_db()
            pool = await _held_pool(sale, before)
            back = await _given_back(sale, before, because, library, room=room, pool=pool)
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
                "returned_fen": _returned(sale, before),
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


async def _room(sale: Made) -> Fen:
    """What the voucher's person may still have once this sale does not count."""
    voucher, (rule, _) = sale.voucher, counter.rules_of(sale.pack, sale.at)
    used_by_others = await used_by(voucher.person_id, sale.redemption.programme_id) - voucher.subsidy_fen
    return Fen(person_cap(rule) - used_by_others)


async def _given_back(
    sale: Made, before: RedemptionState, because: str, library: Library, *, room: Fen, pool: Fen | None
) -> rules.Return:
    """The voucher, the histories and the money, last: everybody claims from the pool.

    What becomes of the voucher, by what the pool holds; None: as if it held enough. Raises NotEnough then.
    """
    back = _return(sale, room=room, pool=pool)
    voucher = sale.voucher
    voucher.state, voucher.subsidy_fen, voucher.reserved_fen = back.state, 0, back.worth
    voucher.max_fen = back.worth or voucher.max_fen
    await voucher.save(update_fields=["state", "subsidy_fen", "reserved_fen", "max_fen"])
    told = f"{_told(sale, library)}，累计额度恢复；{back.because}"
    await happened(sale, RedemptionAct.REFUNDED, Fen(0), note=f"退货：{because}", told=told)
    if sale.owner:
        word = _word(sale, back, library, await _of_the_old_unit(sale))
        await owe(sale.owner.id, word, key=f"refunded:{sale.redemption.id}", at=sale.at)
    await _money_back(sale, before, back)
    return back


def _return(sale: Made, *, room: Fen, pool: Fen | None) -> rules.Return:
    rule, _ = counter.rules_of(sale.pack, sale.at)
    return rules.voucher_back(
        sale.voucher,
        rules.worth_again(Fen(sale.voucher.max_fen), rule, room=room, pool=pool),
        owner_left=sale.owner is None,
        used_up=sale.counter_rule.quota_used_up,
        window_closes=sale.programme.closes_at,
        at=sale.at,
    )


async def _money_back(sale: Made, before: RedemptionState, back: rules.Return) -> None:
    """The shop's claim is cancelled, or it owes what it was paid; the pool sets aside for the voucher.

    Both moves lock their accounts in the order of their names: clawback and paid, or payable and the pool;
    then the pool and what is reserved.
    """
    redemption_id = sale.redemption.id
    key = f"redemption:{redemption_id}:refund"
    await move(sale, _returned(sale, before), *rules.way_back(before), reason="refund", key=key)
    key = f"voucher:{sale.voucher.id}:reissue:{redemption_id}"
    await move(sale, back.worth, POOL, RESERVED, reason="reissue", key=key)


async def _held_pool(sale: Made, before: RedemptionState) -> Fen:
    """What the pool holds once the money is back, locked with all that the money passes through."""
    source, target = rules.way_back(before)
    held = await ledger.held(sale.programme.code, source, target, POOL, RESERVED)
    return Fen(held[POOL] + (_returned(sale, before) if target is POOL else 0))


def _returned(sale: Made, before: RedemptionState) -> Fen:
    """What moves with the goods: nothing of a sale that was rejected, whose subsidy went back then."""
    return Fen(0 if before is RedemptionState.REJECTED else sale.redemption.subsidy_fen)


async def _refunded(sale: Made) -> None:
    redemption = sale.redemption
    redemption.owed_fen = redemption.subsidy_fen if redemption.settled_at else 0
    redemption.state, redemption.refunded_at = RedemptionState.REFUNDED, sale.at
    await redemption.save(update_fields=["state", "refunded_at", "owed_fen"])


def _told(sale: Made, library: Library) -> str:
    name = library.categories[sale.redemption.category].name
    return f"{name}已退货，补贴 {in_yuan(sale.redemption.subsidy_fen)} 元退回"


async def _of_the_old_unit(sale: Made) -> str:
    """What is to be said of the old unit's pickup: whoever returns the new one may want to keep the old."""
    if sale.redemption.pickup_id is None:
        return ""
    pickup = await Pickup.get(id=sale.redemption.pickup_id)
    if pickup.state not in GOING_ON:
        return ""
    return f"；旧件的上门回收（单号 {pickup.number}）仍然有效，不需要了请在预约里取消"


def _word(sale: Made, back: rules.Return, library: Library, old_unit: str) -> Occasion:
    return Occasion(
        kind="refunded",
        subject=sale.redemption.id,
        at=sale.at,
        about=f"{_told(sale, library)}；{back.because}{old_unit}",
        fields={
            "thing1": library.categories[sale.redemption.category].name,
            "amount2": f"{in_yuan(sale.redemption.subsidy_fen)}元",
            "time3": sale.at,
            "thing4": back.because,
        },
    )
