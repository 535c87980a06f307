"""The JSON of purchases as whoever bought sees them."""

from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.http.answers import Id, Time, written
from miniapi.money import Fen
from miniapi.pickup.models import Pickup, PickupState
from miniapi.redemption.models import Redemption, RedemptionState


class OldUnitJson(TypedDict):
    """The pickup that collects the old unit, and how it stands."""

    id: Id
    number: str
    state: PickupState


class PurchaseJson(TypedDict):
    """Something bought with a voucher; its old unit may be collected by a pickup."""

    id: Id
    state: RedemptionState
    voucher: Id
    merchant: str
    category: str
    category_name: str
    price_fen: Fen
    subsidy_fen: Fen
    payable_fen: Fen
    redeemed_at: Time
    refunded_at: Time | None
    pickup: OldUnitJson | None


def purchase_json(bought: Redemption, categories: Categories) -> PurchaseJson:
    """A purchase with its shop and its pickup."""
    return {
        "id": str(bought.id),
        "state": bought.state,
        "voucher": str(bought.voucher_id),
        "merchant": bought.merchant.name,
        "category": bought.category,
        "category_name": categories[bought.category].name,
        "price_fen": Fen(bought.price_fen),
        "subsidy_fen": Fen(bought.subsidy_fen),
        "payable_fen": Fen(bought.payable_fen),
        "redeemed_at": written(bought.redeemed_at),
        "refunded_at": written(bought.refunded_at) if bought.refunded_at else None,
        "pickup": _old_unit(bought.pickup) if bought.pickup else None,
    }


def _old_unit(pickup: Pickup) -> OldUnitJson:
    return {"id": str(pickup.id), "number": pickup.number, "state": pickup.state}
