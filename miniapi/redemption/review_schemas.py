"""The JSON of sales as they are reviewed."""

from datetime import datetime
from uuid import UUID

from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.redemption.models import Redemption, RedemptionState
from miniapi.redemption.reviewing import Wanted
from miniapi.redemption.rules import Flag
from miniapi.redemption.schemas import RedemptionEventJson, history_json
from miniapi.staff.schemas import Told


class SalesOf(Page):
    """The sales of a region, of a shop, in a state; with open questions, or without."""

    region: RegionName | None = None
    merchant: UUID | None = None
    state: RedemptionState | None = None
    flagged: bool | None = None

    @property
    def wanted(self) -> Wanted:
        """The same in our terms."""
        return Wanted(self.region, self.merchant, self.state, self.flagged)


class Review(Body):
    """Whether a sale is in order, and why: the shop reads it."""

    accepted: bool
    reason: Told


class ReviewedJson(TypedDict):
    """A sale as whoever reviews sees it, without the buyer; `flags` are the questions that are open."""

    id: Id
    region: str
    voucher: Id
    merchant: Id
    merchant_name: str
    clerk: Id
    state: RedemptionState
    flags: list[Flag]
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
    owed_fen: Fen
    redeemed_at: Time
    settled_at: Time | None
    rejected_at: Time | None
    refunded_at: Time | None
    recovered_at: Time | None
    history: list[RedemptionEventJson]


def reviewed_json(sale: Redemption, categories: Categories) -> ReviewedJson:
    """A sale that came with its shop, its programme and its events."""
    return {
        "id": str(sale.id),
        "region": sale.programme.region,
        "voucher": str(sale.voucher_id),
        "merchant": str(sale.merchant_id),
        "merchant_name": sale.merchant.name,
        "clerk": str(sale.clerk_id),
        "state": sale.state,
        "flags": [Flag(flag) for flag in sale.flags],
        "category": sale.category,
        "category_name": categories[sale.category].name,
        "energy_grade": sale.energy_grade,
        "brand": sale.brand,
        "model": sale.model,
        "serial_number": sale.serial_number,
        "invoice_number": sale.invoice_number,
        "invoice_fen": Fen(sale.invoice_fen),
        "price_fen": Fen(sale.price_fen),
        "subsidy_fen": Fen(sale.subsidy_fen),
        "owed_fen": Fen(sale.owed_fen),
        "redeemed_at": written(sale.redeemed_at),
        "settled_at": _perhaps(sale.settled_at),
        "rejected_at": _perhaps(sale.rejected_at),
        "refunded_at": _perhaps(sale.refunded_at),
        "recovered_at": _perhaps(sale.recovered_at),
        "history": history_json(sale),
    }


def _perhaps(at: datetime | None) -> Time | None:
    return written(at) if at else None
