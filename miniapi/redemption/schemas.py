"""The JSON of the counter: quotes and redemptions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.categories import CategoryName, category_named
from miniapi.http.answers import Id, Time, citation_json, written
from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.redemption import rules
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionState
from miniapi.redemption.quoting import Quoted
from miniapi.redemption.redeeming import OldUnit, Sale
from miniapi.redemption.rules import Flag
from miniapi.subsidies.rules import Item
from miniapi.subsidies.schemas import Grade, Price, StepJson
from miniapi.vouchers.models import Voucher, VoucherState
from miniapi.vouchers.presenting import DIGITS, Shown

# what stands on a nameplate or an invoice: ASCII, or the same in full width; spaces do not count
Number = Annotated[
    str, Field(min_length=1, max_length=64, pattern="^[ \u3000]*[!-~！-～][!-~！-～ \u3000]*$")
]

Brand = Annotated[str, Field(min_length=1, max_length=50)]
ModelName = Annotated[str, Field(min_length=1, max_length=100)]
InvoiceFen = Annotated[int, Field(ge=0, le=100_000_000)]


class AskAtCounter(Body):
    """What was scanned or typed, one of the two, and what is to be sold, at its deal price in fen."""

    payload: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    code: Annotated[str, Field(pattern=f"^[0-9]{{{DIGITS}}}$")] | None = None
    category: CategoryName
    price_fen: Price
    energy_grade: Grade | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "AskAtCounter":
        """A presentation is scanned or typed."""
        if (self.payload is None) == (self.code is None):
            raise ValueError("payload 与 code 填且只填一个")
        return self

    @property
    def shown(self) -> Shown:
        """What the customer holds out."""
        return Shown(self.payload, self.code)

    def item(self, categories: Categories) -> Item:
        """What is to be sold. Raises CategoryUnknown."""
        category = category_named(categories, self.category)
        return Item(category, Fen(self.price_fen), self.energy_grade)


class TradeIn(Body):
    """The old unit: whether the customer declared it retired; its category and pickup where known."""

    declared: bool
    category: CategoryName | None = None
    pickup: UUID | None = None


class Redeem(Body):
    """What was sold for a quote, as nameplate and invoice say."""

    quote: UUID
    brand: Brand
    model: ModelName
    serial_number: Number
    invoice_number: Number
    invoice_fen: InvoiceFen
    trade_in: TradeIn

    def sale(self, categories: Categories) -> Sale:
        """What was sold. Raises CategoryUnknown."""
        old = self.trade_in
        category = category_named(categories, old.category) if old.category else None
        return Sale(
            brand=self.brand,
            model=self.model,
            serial_number=rules.plain_number(self.serial_number),
            invoice_number=rules.plain_number(self.invoice_number),
            invoice_fen=Fen(self.invoice_fen),
            old_unit=OldUnit(old.declared, category, old.pickup),
        )


class LockedVoucherJson(TypedDict):
    """A voucher that is locked to a clerk."""

    id: Id
    valid_until: Time


class CounterQuoteJson(TypedDict):
    """What a voucher takes off an item, step by step; the promise and the lock end at `expires_at`."""

    quote: Id
    expires_at: Time
    voucher: LockedVoucherJson
    subsidy_fen: Fen
    payable_fen: Fen
    steps: list[StepJson]


class UsedVoucherJson(TypedDict):
    """The voucher behind a redemption, as it is now; after a refund it may be issued again."""

    id: Id
    state: VoucherState
    valid_until: Time


class TradeInJson(TypedDict):
    """What the customer said of the old unit."""

    declared: bool
    category: str | None
    pickup: Id | None


class RedemptionEventJson(TypedDict):
    """One thing that happened to a redemption, and the subsidy after it."""

    what: RedemptionAct
    at: Time
    subsidy_fen: Fen
    note: str


class RedemptionJson(TypedDict):
    """A redemption as its shop sees it; flags are what a reviewer will ask about."""

    id: Id
    state: RedemptionState
    category: str
    category_name: str
    energy_grade: int | None
    brand: str
    model: str
    serial_number: str
    invoice_number: str
    invoice_fen: Fen
    price_fen: Fen
    subsidy_fen: Fen
    payable_fen: Fen
    owed_fen: Fen
    trade_in: TradeInJson
    voucher: UsedVoucherJson
    redeemed_at: Time
    settled_at: Time | None
    rejected_at: Time | None
    refunded_at: Time | None
    flags: list[Flag]
    history: list[RedemptionEventJson]


def counter_quote_json(quoted: Quoted) -> CounterQuoteJson:
    """A quote as the clerk sees it. A voucher's last second is a whole one, and written without its end."""
    quote, voucher, citation = quoted.quote, quoted.voucher, citation_json(quoted.citation)
    return {
        "quote": str(quote.id),
        "expires_at": written(min(quote.expires_at, voucher.valid_until)),
        "voucher": {"id": str(voucher.id), "valid_until": written(voucher.valid_until)},
        "subsidy_fen": Fen(quote.subsidy_fen),
        "payable_fen": Fen(quote.price_fen - quote.subsidy_fen),
        "steps": [{"text": step, "citation": citation} for step in quoted.steps],
    }


def used_voucher_json(voucher: Voucher) -> UsedVoucherJson:
    """The voucher behind a redemption."""
    return {"id": str(voucher.id), "state": voucher.state, "valid_until": written(voucher.valid_until)}


def redemption_json(redemption: Redemption, categories: Categories) -> RedemptionJson:
    """A redemption that came with its voucher and its events."""
    return {
        "id": str(redemption.id),
        "state": redemption.state,
        "category": redemption.category,
        "category_name": categories[redemption.category].name,
        "energy_grade": redemption.energy_grade,
        "brand": redemption.brand,
        "model": redemption.model,
        "serial_number": redemption.serial_number,
        "invoice_number": redemption.invoice_number,
        "invoice_fen": Fen(redemption.invoice_fen),
        "price_fen": Fen(redemption.price_fen),
        "subsidy_fen": Fen(redemption.subsidy_fen),
        "payable_fen": Fen(redemption.payable_fen),
        "owed_fen": Fen(redemption.owed_fen),
        "trade_in": {
            "declared": redemption.trade_in_declared,
            "category": redemption.trade_in_category,
            "pickup": str(redemption.pickup_id) if redemption.pickup_id else None,
        },
        "voucher": used_voucher_json(redemption.voucher),
        "redeemed_at": written(redemption.redeemed_at),
        "settled_at": _perhaps(redemption.settled_at),
        "rejected_at": _perhaps(redemption.rejected_at),
        "refunded_at": _perhaps(redemption.refunded_at),
        "flags": [Flag(flag) for flag in redemption.flags],
        "history": history_json(redemption),
    }


def history_json(redemption: Redemption) -> list[RedemptionEventJson]:
    """What became of a redemption that came with its events."""
    return [
        {
            "what": event.what,
            "at": written(event.at),
            "subsidy_fen": Fen(event.subsidy_fen),
            "note": event.note,
        }
        for event in sorted(redemption.events, key=lambda one: (one.at, one.id))
    ]


def _perhaps(at: datetime | None) -> Time | None:
    return written(at) if at else None
