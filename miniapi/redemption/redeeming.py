"""Redeeming: a thing is sold for exactly what was quoted, and its subsidy is payable to the shop."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.categories import Category
from faq.packs import Library, Pack
from miniapi.audit.actions import record
from miniapi.database.races import refused_by
from miniapi.ids import new_id
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import AccountName
from miniapi.merchants.callers import Clerk
from miniapi.money import Fen, in_yuan
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import CALLED, FAILED, HANDED_IN
from miniapi.redemption import counter, queries
from miniapi.redemption.errors import (
    InvoiceMismatch,
    InvoiceTaken,
    OldUnitNotHandedIn,
    PickupTaken,
    QuoteExpired,
    QuoteUsed,
    SerialTaken,
    TradeInRequired,
)
from miniapi.redemption.models import CounterQuote, QuoteState, Redemption, RedemptionAct, RedemptionEvent
from miniapi.redemption.rules import Flag
from miniapi.reminders.actions import call_off, owe
from miniapi.reminders.occasions import Occasion
from miniapi.vouchers import presenting
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.models import Voucher, VoucherEvent, VoucherState

TAKEN = {
    "one_redemption_per_serial": SerialTaken,
    "one_redemption_per_invoice": InvoiceTaken,
    "one_redemption_per_pickup": PickupTaken,
}


@dataclass(frozen=True, slots=True)
class OldUnit:
    """What the buyer says of the old unit: retired or not, which kind, collected by which pickup."""

    declared: bool
    category: Category | None = None
    pickup_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """What is known once the thing is sold; both numbers as `rules.plain_number` writes them."""

    brand: str
    model: str
    serial_number: str
    invoice_number: str
    invoice_fen: Fen
    old_unit: OldUnit


async def redeem(quote_id: UUID, sale: Sale, clerk: Clerk, library: Library, *, at: datetime) -> Redemption:
    """Sell with a voucher for exactly what was promised: the subsidy is payable to the shop from now on.

    Raises NoSuchQuote, QuoteUsed, VoucherNotUsable, QuoteExpired, RedemptionsFrozen, RedemptionClosed,
    NoSubsidyRule, TradeInRequired, OldUnitNotHandedIn, InvoiceMismatch, NoSuchPickup, NotBooked, NotNow,
    SerialTaken, InvoiceTaken, PickupTaken; VoucherMoved.
    """
    asked = await queries.quote(quote_id, clerk)
    with _taken():
        async with in_transaction():
            _, voucher = await counter.held_with_owner(asked.voucher_id)
            at = await vouchers.no_earlier(at, voucher.id)
            promise = await _kept_promise(asked.id, voucher, at=at)
            pack = library.packs[voucher.region]
            await counter.refuse_closed(voucher.drop.programme, pack, at=at)
            flags = await _looked_at(sale, promise, voucher, clerk, pack, at=at)
            redemption = await _written(promise, sale, voucher, flags, at=at)
            await _tell(redemption, voucher, clerk, library.categories[promise.category], at=at)
            await _pay(redemption, voucher, at=at)  # late: everybody claims from the pool
            await _record(redemption, voucher, clerk, at=at)
    return redemption


async def _kept_promise(quote_id: UUID, voucher: Voucher, *, at: datetime) -> CounterQuote:
    """The quote, used up; its voucher is locked. Raises QuoteUsed, VoucherNotUsable, QuoteExpired."""
    promise = await CounterQuote.filter(id=quote_id).select_for_update().get()
    if promise.state is QuoteState.USED:
        raise QuoteUsed()
    if voucher.state is VoucherState.VOID:
        presenting.refuse_ended(voucher)
    if promise.state is not QuoteState.OPEN or at >= promise.expires_at:
        raise QuoteExpired()
    await CounterQuote.filter(id=promise.id).update(state=QuoteState.USED)
    return promise


async def _looked_at(
    sale: Sale, promise: CounterQuote, voucher: Voucher, clerk: Clerk, pack: Pack, *, at: datetime
) -> list[Flag]:
    """What a reviewer should look at.

    Raises TradeInRequired, OldUnitNotHandedIn, InvoiceMismatch, NoSuchPickup, NotBooked, NotNow.
    """
    _, rule = counter.rules_of(pack, at)
    if rule.old_unit_declared and not sale.old_unit.declared:
        raise TradeInRequired(citations=[pack.citation(rule.cites, at)])
    mismatch = sale.invoice_fen != promise.price_fen
    if mismatch and rule.invoice_mismatch == "refuse":
        raise InvoiceMismatch(invoice_yuan=in_yuan(sale.invoice_fen), price_yuan=in_yuan(promise.price_fen))
    pickup = await _pickup_of(sale.old_unit, voucher)
    if rule.old_unit_collected and not _is_handed_in(sale.old_unit, pickup):
        raise OldUnitNotHandedIn(citations=[pack.citation(rule.cites, at)])
    # a number that still counts breaks the unique index; one that was given back may come again, and is seen
    before = {
        Flag.INVOICE_MISMATCH: mismatch,
        Flag.SERIAL_SEEN_BEFORE: await queries.is_serial_known(sale.serial_number),
        Flag.INVOICE_SEEN_BEFORE: await Redemption.exists(invoice_number=sale.invoice_number),
        Flag.OWN_VOUCHER: voucher.resident_id == clerk.id,
    }
    return [flag for flag, raised in before.items() if raised]


async def _pickup_of(old_unit: OldUnit, voucher: Voucher) -> Pickup | None:
    """The buyer's own pickup of the old unit, to come or done. Raises NoSuchPickup, NotBooked, NotNow."""
    if old_unit.pickup_id is None:
        return None
    pickup = await Pickup.get_or_none(id=old_unit.pickup_id, resident_id=voucher.resident_id)
    if pickup is None:
        raise NoSuchPickup()
    if pickup.state is PickupState.CANCELLED:
        raise NotBooked()
    if pickup.state in FAILED:
        raise NotNow(state=pickup.state, called=CALLED[pickup.state])
    return pickup


def _is_handed_in(old_unit: OldUnit, pickup: Pickup | None) -> bool:
    """Whether a crew has it, and it is of the kind that was declared where one was."""
    if pickup is None or pickup.state not in HANDED_IN:
        return False
    kinds = {item["category"] for item in pickup.items}
    return old_unit.category is None or old_unit.category.key in kinds


async def _written(
    promise: CounterQuote, sale: Sale, voucher: Voucher, flags: list[Flag], *, at: datetime
) -> Redemption:
    """The sale; its voucher is used from now on, and has its reserve until that is paid."""
    old_unit, subsidy = sale.old_unit, promise.subsidy_fen
    await Voucher.filter(id=voucher.id).update(
        state=VoucherState.REDEEMED, subsidy_fen=subsidy, reserved_fen=0
    )
    return await Redemption.create(
        id=new_id(),
        quote=promise,
        voucher=voucher,
        programme=voucher.drop.programme,
        merchant_id=promise.merchant_id,
        clerk_id=promise.clerk_id,
        category=promise.category,
        energy_grade=promise.energy_grade,
        brand=sale.brand,
        model=sale.model,
        serial_number=sale.serial_number,
        invoice_number=sale.invoice_number,
        invoice_fen=sale.invoice_fen,
        price_fen=promise.price_fen,
        subsidy_fen=subsidy,
        trade_in_declared=old_unit.declared,
        trade_in_category=old_unit.category.key if old_unit.category else None,
        pickup_id=old_unit.pickup_id,
        flags=[flag.value for flag in flags],
        redeemed_at=at,
    )


async def _pay(redemption: Redemption, voucher: Voucher, *, at: datetime) -> None:
    """The subsidy becomes payable, the rest of the reserve is the pool's again."""
    book = voucher.drop.programme.code
    subsidy, rest = Fen(redemption.subsidy_fen), Fen(voucher.reserved_fen - redemption.subsidy_fen)
    await ledger.held(book, AccountName.PAYABLE, AccountName.POOL, AccountName.RESERVED)
    for amount, target in ((subsidy, AccountName.PAYABLE), (rest, AccountName.POOL)):
        key = f"voucher:{voucher.id}:{target}:{redemption.id}"
        if amount and not await ledger.move(
            amount, AccountName.RESERVED, target, book=book, reason="redemption", key=key, at=at
        ):
            raise MovedBefore(key)


async def _tell(
    redemption: Redemption, voucher: Voucher, clerk: Clerk, category: Category, *, at: datetime
) -> None:
    """The histories and the buyer hear of it."""
    shop, off = clerk.merchant.name, in_yuan(redemption.subsidy_fen)
    note = f"在{shop}核销，立减 {off} 元"
    await VoucherEvent.create(voucher=voucher, state=VoucherState.REDEEMED, at=at, note=note)
    await RedemptionEvent.create(
        redemption=redemption,
        what=RedemptionAct.REDEEMED,
        at=at,
        subsidy_fen=redemption.subsidy_fen,
        note=note,
    )
    await call_off(voucher.id, at=at)
    bought = Occasion(
        kind="redeemed",
        subject=redemption.id,
        at=at,
        about=f"您的消费券已在{shop}使用，{category.name}立减 {off} 元；不是您本人购买请提交投诉工单",
        fields={"thing1": category.name, "amount2": f"{off}元", "time3": at, "thing4": shop},
    )
    await owe(voucher.resident_id, bought, key=f"redeemed:{redemption.id}", at=at)


async def _record(redemption: Redemption, voucher: Voucher, clerk: Clerk, *, at: datetime) -> None:
    await record(
        clerk.actor,
        "voucher.redeemed",
        f"voucher:{voucher.id}",
        at=at,
        before={"state": VoucherState.ISSUED, "reserved_fen": voucher.max_fen},
        after={
            "state": VoucherState.REDEEMED,
            "reserved_fen": 0,
            "subsidy_fen": redemption.subsidy_fen,
            "price_fen": redemption.price_fen,
            "redemption": str(redemption.id),
            "merchant": str(redemption.merchant_id),
            "flags": redemption.flags,
        },
    )


@contextmanager
def _taken() -> Iterator[None]:
    """A number or a pickup that another redemption has is refused, by whichever index it breaks."""
    with ExitStack() as refusing:
        for constraint, refusal in TAKEN.items():
            refusing.enter_context(refused_by(constraint, refusal()))
        yield
