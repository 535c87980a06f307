"""The JSON of vouchers, of the books and of the way of public money, as the staff see them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from miniapi.audit.schemas import AuditEventJson, event_json
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.requests import Body
from miniapi.ledger.models import AccountName, Transfer
from miniapi.merchants.models import Merchant
from miniapi.money import Fen
from miniapi.redemption.models import (
    CounterQuote,
    QuoteState,
    Redemption,
    RedemptionAct,
    RedemptionState,
)
from miniapi.settlement.models import SettlementLine
from miniapi.staff.schemas import Told
from miniapi.trails.queries import Trail
from miniapi.vouchers.models import Voucher, VoucherState
from miniapi.vouchers.schemas import VoucherEventJson


class Wanted(Page):
    """Which vouchers: the one with a code, those of a region, those in a state."""

    code: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    region: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    state: VoucherState | None = None


class OfBook(Page):
    """Whose book, by the code of the programme."""

    book: Annotated[str, Field(min_length=1, max_length=64)]


class Void(Body):
    """Why a voucher is taken back; its owner reads it."""

    reason: Told


class StaffVoucherJson(TypedDict):
    """A voucher without its owner: `rank` in its drop, what is reserved for it and what it has given."""

    id: Id
    code: str
    state: VoucherState
    region: str
    drop: Id
    rank: int
    issued_at: Time
    valid_until: Time
    max_fen: Fen
    reserved_fen: Fen
    subsidy_fen: Fen


class EntryJson(TypedDict):
    """One side of a transfer: negative leaves the account."""

    account: AccountName
    amount_fen: Fen


class TransferJson(TypedDict):
    """Money moved from one account to another, once under its key."""

    id: Id
    key: str
    reason: str
    at: Time
    entries: list[EntryJson]


class MovementJson(TransferJson):
    """The same with who moved it by which request, where the audit log says so."""

    actor: str | None
    request: str | None


class ShopJson(TypedDict):
    """A merchant by name."""

    id: Id
    name: str


class PromiseJson(TypedDict):
    """What a counter promised to take off an item, and what became of the promise."""

    id: Id
    merchant: ShopJson
    clerk: Id
    category: str
    energy_grade: int | None
    price_fen: Fen
    subsidy_fen: Fen
    state: QuoteState
    quoted_at: Time
    expires_at: Time


class SaleEventJson(TypedDict):
    """One thing that happened to a redemption, and the subsidy after it."""

    what: RedemptionAct
    at: Time
    subsidy_fen: Fen
    note: str


class PaidJson(TypedDict):
    """The settlement that paid a redemption, who of the staff paid, and how much of it was for this one."""

    settlement: Id
    staff: Id
    amount_fen: Fen
    settled_at: Time


class SaleJson(TypedDict):
    """A redemption as an auditor sees it. `owed_fen` is what the shop must give back after a refund."""

    id: Id
    quote: Id
    merchant: ShopJson
    clerk: Id
    state: RedemptionState
    category: str
    energy_grade: int | None
    brand: str
    model: str
    serial_number: str
    invoice_number: str
    invoice_fen: Fen
    price_fen: Fen
    subsidy_fen: Fen
    payable_fen: Fen
    trade_in_declared: bool
    trade_in_category: str | None
    pickup: Id | None
    flags: list[str]
    owed_fen: Fen
    redeemed_at: Time
    settled_at: Time | None
    rejected_at: Time | None
    refunded_at: Time | None
    recovered_at: Time | None
    events: list[SaleEventJson]
    paid: PaidJson | None


class TrailJson(TypedDict):
    """Every movement from the fund to the shop: a voucher, its money, its counters, who did what."""

    voucher: StaffVoucherJson
    history: list[VoucherEventJson]
    transfers: list[MovementJson]
    quotes: list[PromiseJson]
    redemptions: list[SaleJson]
    audit: list[AuditEventJson]


def staff_voucher_json(voucher: Voucher, at: datetime) -> StaffVoucherJson:
    """A voucher as the staff see it at a time."""
    return {
        "id": str(voucher.id),
        "code": voucher.code,
        "state": voucher.state_at(at),
        "region": voucher.region,
        "drop": str(voucher.drop_id),
        "rank": voucher.rank,
        "issued_at": written(voucher.issued_at),
        "valid_until": written(voucher.valid_until),
        "max_fen": Fen(voucher.max_fen),
        "reserved_fen": Fen(voucher.reserved_fen),
        "subsidy_fen": Fen(voucher.subsidy_fen),
    }


def transfer_json(transfer: Transfer) -> TransferJson:
    """A transfer with what left first."""
    entries = sorted(transfer.entries, key=lambda entry: entry.amount)
    return {
        "id": str(transfer.id),
        "key": transfer.key,
        "reason": transfer.reason,
        "at": written(transfer.at),
        "entries": [{"account": one.account.name, "amount_fen": Fen(one.amount)} for one in entries],
    }


def trail_json(trail: Trail, at: datetime) -> TrailJson:
    """The whole way of a voucher."""
    return {
        "voucher": staff_voucher_json(trail.voucher, at),
        "history": [{"state": one.state, "at": written(one.at), "note": one.note} for one in trail.history],
        "transfers": [_movement_json(trail, transfer) for transfer in trail.transfers],
        "quotes": [_promise_json(quote) for quote in trail.quotes],
        "redemptions": [_sale_json(one, trail.paid.get(one.id)) for one in trail.redemptions],
        "audit": [event_json(event) for event in trail.events],
    }


def _movement_json(trail: Trail, transfer: Transfer) -> MovementJson:
    event = trail.event_behind(transfer)
    return {
        **transfer_json(transfer),
        "actor": event.actor if event else None,
        "request": event.request if event else None,
    }


def _promise_json(quote: CounterQuote) -> PromiseJson:
    return {
        "id": str(quote.id),
        "merchant": _shop_json(quote.merchant),
        "clerk": str(quote.clerk_id),
        "category": quote.category,
        "energy_grade": quote.energy_grade,
        "price_fen": Fen(quote.price_fen),
        "subsidy_fen": Fen(quote.subsidy_fen),
        "state": quote.state,
        "quoted_at": written(quote.quoted_at),
        "expires_at": written(quote.expires_at),
    }


def _sale_json(redemption: Redemption, line: SettlementLine | None) -> SaleJson:
    return {
        "id": str(redemption.id),
        "quote": str(redemption.quote_id),
        "merchant": _shop_json(redemption.merchant),
        "clerk": str(redemption.clerk_id),
        "state": redemption.state,
        "category": redemption.category,
        "energy_grade": redemption.energy_grade,
        "brand": redemption.brand,
        "model": redemption.model,
        "serial_number": redemption.serial_number,
        "invoice_number": redemption.invoice_number,
        "invoice_fen": Fen(redemption.invoice_fen),
        "price_fen": Fen(redemption.price_fen),
        "subsidy_fen": Fen(redemption.subsidy_fen),
        "payable_fen": Fen(redemption.payable_fen),
        "trade_in_declared": redemption.trade_in_declared,
        "trade_in_category": redemption.trade_in_category,
        "pickup": str(redemption.pickup_id) if redemption.pickup_id else None,
        "flags": redemption.flags,
        "owed_fen": Fen(redemption.owed_fen),
        "redeemed_at": written(redemption.redeemed_at),
        "settled_at": _perhaps(redemption.settled_at),
        "rejected_at": _perhaps(redemption.rejected_at),
        "refunded_at": _perhaps(redemption.refunded_at),
        "recovered_at": _perhaps(redemption.recovered_at),
        "events": [
            {"what": one.what, "at": written(one.at), "subsidy_fen": Fen(one.subsidy_fen), "note": one.note}
            for one in sorted(redemption.events, key=lambda event: (event.at, event.id))
        ],
        "paid": _paid_json(line) if line else None,
    }


def _paid_json(line: SettlementLine) -> PaidJson:
    return {
        "settlement": str(line.settlement.id),
        "staff": str(line.settlement.staff_id),
        "amount_fen": Fen(line.amount_fen),
        "settled_at": written(line.settlement.settled_at),
    }


def _shop_json(merchant: Merchant) -> ShopJson:
    return {"id": str(merchant.id), "name": merchant.name}


def _perhaps(at: datetime | None) -> Time | None:
    return written(at) if at else None
