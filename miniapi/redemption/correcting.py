"""Setting a sale right: the price was lower than written down, or the piece is another one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.audit.actions import record
from miniapi.database.races import refused_by
from miniapi.ledger.models import AccountName
from miniapi.merchants.callers import Clerk
from miniapi.money import Fen, in_yuan
from miniapi.redemption import afterwards_rules as rules
from miniapi.redemption import queries
from miniapi.redemption.afterwards import Made, happened, locked, move, refuse_rejected
from miniapi.redemption.errors import (
    AlreadySettled,
    InvoiceMismatch,
    PriceOnlyDown,
    PriceTooLow,
    SerialTaken,
)
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionState
from miniapi.redemption.rules import Flag


@dataclass(frozen=True, slots=True)
class Price:
    """What was really agreed, and what the invoice says now."""

    agreed: Fen
    invoice: Fen


@dataclass(frozen=True, slots=True)
class Goods:
    """What the buyer has got instead; the number as `rules.plain_number` writes it."""

    brand: str
    model: str
    serial_number: str


async def correct_price(
    redemption_id: UUID, price: Price, because: str, clerk: Clerk, library: Library, *, at: datetime
) -> Redemption:
    """Take a price down to what was agreed: the subsidy follows it, and the pool gets the difference.

    `because` is fit to be kept. Raises NoSuchRedemption, AlreadyRefunded, AlreadyRejected, AlreadySettled,
    PriceOnlyDown, PriceTooLow, InvoiceMismatch; VoucherMoved.
    """
    async with in_transaction():
        sale = await locked(redemption_id, clerk, library, at=at)
        redemption, before = sale.redemption, _money_of(sale.redemption)
        _refuse(sale, price)
        subsidy = rules.subsidy_at(price.agreed, sale.subsidy_rule, Fen(redemption.subsidy_fen))
        if subsidy <= 0:
            raise PriceTooLow()
        note = f"成交价由 {in_yuan(redemption.price_fen)} 元更正为 {in_yuan(price.agreed)} 元"
        told = f"{note}，补贴由 {in_yuan(redemption.subsidy_fen)} 元改为 {in_yuan(subsidy)} 元"
        less = Fen(redemption.subsidy_fen - subsidy)
        await _corrected(sale, price, subsidy)
        await happened(sale, RedemptionAct.CORRECTED, subsidy, note=f"{note}：{because}", told=told)
        await move(  # late: everybody claims from the pool
            sale,
            less,
            AccountName.PAYABLE,
            AccountName.POOL,
            reason="correction",
            key=f"redemption:{redemption.id}:correction:{price.agreed}",  # prices only fall: once each
        )
        await record(
            clerk.actor,
            "redemption.corrected",
            f"redemption:{redemption.id}",
            at=sale.at,
            reason=because,
            before=before,
            after=_money_of(redemption),
        )
    return redemption


async def exchange(
    redemption_id: UUID, goods: Goods, because: str, clerk: Clerk, library: Library, *, at: datetime
) -> Redemption:
    """Hand out another piece for the same money: that is no refund.

    `because` is fit to be kept. Raises NoSuchRedemption, AlreadyRefunded, AlreadyRejected, SerialTaken;
    VoucherMoved.
    """
    with refused_by("one_redemption_per_serial", SerialTaken()):
        async with in_transaction():
            sale = await locked(redemption_id, clerk, library, at=at)
            redemption, before = sale.redemption, _goods_of(sale.redemption)
            refuse_rejected(redemption)
            if goods.serial_number == redemption.serial_number:
                raise SerialTaken()
            await _exchanged(redemption, goods)
            await happened(
                sale,
                RedemptionAct.EXCHANGED,
                Fen(redemption.subsidy_fen),
                note=f"换货，新序列号 {goods.serial_number}：{because}",
                told="已换货，补贴不变",
                replaced=before["serial_number"],
            )
            await record(
                clerk.actor,
                "redemption.exchanged",
                f"redemption:{redemption.id}",
                at=sale.at,
                reason=because,
                before=before,
                after=_goods_of(redemption),
            )
    return redemption


def _refuse(sale: Made, price: Price) -> None:
    refuse_rejected(sale.redemption)
    if sale.redemption.state is RedemptionState.SETTLED:
        raise AlreadySettled()
    if price.agreed >= sale.redemption.price_fen:
        raise PriceOnlyDown(price_yuan=in_yuan(sale.redemption.price_fen))
    if price.invoice != price.agreed and sale.counter_rule.invoice_mismatch == "refuse":
        raise InvoiceMismatch(invoice_yuan=in_yuan(price.invoice), price_yuan=in_yuan(price.agreed))


async def _corrected(sale: Made, price: Price, subsidy: Fen) -> None:
    redemption, voucher = sale.redemption, sale.voucher
    redemption.price_fen, redemption.invoice_fen = price.agreed, price.invoice
    redemption.subsidy_fen = voucher.subsidy_fen = subsidy
    redemption.flags = _flagged(redemption, Flag.INVOICE_MISMATCH, raised=price.invoice != price.agreed)
    await redemption.save(update_fields=["price_fen", "invoice_fen", "subsidy_fen", "flags"])
    await voucher.save(update_fields=["subsidy_fen"])


async def _exchanged(redemption: Redemption, goods: Goods) -> None:
    seen = await queries.is_serial_known(goods.serial_number)
    redemption.brand, redemption.model = goods.brand, goods.model
    redemption.serial_number = goods.serial_number
    redemption.flags = _flagged(redemption, Flag.SERIAL_SEEN_BEFORE, raised=seen)
    await redemption.save(update_fields=["brand", "model", "serial_number", "flags"])


def _flagged(redemption: Redemption, flag: Flag, *, raised: bool) -> list[str]:
    """The flags, with this one where it is raised; only a review takes one away, never the shop."""
    return [*redemption.flags, flag.value] if raised and flag not in redemption.flags else redemption.flags


def _money_of(redemption: Redemption) -> dict[str, int]:
    return {
        "price_fen": redemption.price_fen,
        "subsidy_fen": redemption.subsidy_fen,
        "invoice_fen": redemption.invoice_fen,
    }


def _goods_of(redemption: Redemption) -> dict[str, str]:
    return {
        "brand": redemption.brand,
        "model": redemption.model,
        "serial_number": redemption.serial_number,
    }
