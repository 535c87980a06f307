"""What is told to somebody of what they bought with vouchers, and of what they did at a counter."""

from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from miniapi.accounts.models import Resident
from miniapi.http.answers import written
from miniapi.keys import Keys
from miniapi.redemption.models import CounterQuote, Redemption
from miniapi.vouchers.models import Presentation

Shown = dict[str, Any]


def presentations(resident: Resident) -> "QuerySet[Presentation]":
    """When a voucher of theirs was held out, as long as that is remembered."""
    return Presentation.filter(_with_own_voucher(resident))


def quotes(resident: Resident) -> "QuerySet[CounterQuote]":
    """What a voucher of theirs was promised to take off."""
    return CounterQuote.filter(_with_own_voucher(resident)).select_related("merchant")


def purchases(resident: Resident) -> "QuerySet[Redemption]":
    """What they bought with a voucher."""
    own = Redemption.filter(_with_own_voucher(resident))
    return own.select_related("merchant").prefetch_related("events")


def quotes_made(resident: Resident) -> "QuerySet[CounterQuote]":
    """What they promised as a clerk; whose voucher it was is not theirs to know."""
    return CounterQuote.filter(clerk_id=resident.id).select_related("merchant")


def sales(resident: Resident) -> "QuerySet[Redemption]":
    """What they sold as a clerk; to whom is not theirs to know."""
    return Redemption.filter(clerk_id=resident.id).select_related("merchant")


def presentation(presented: Presentation, keys: Keys) -> Shown:
    """One time a voucher was held out; the code is of no use any more."""
    return {
        "voucher": str(presented.voucher_id),
        "presented_at": written(presented.presented_at),
        "expires_at": written(presented.expires_at),
        "used_at": written(presented.used_at) if presented.used_at else None,
    }


def quote(quoted: CounterQuote, keys: Keys) -> Shown:
    """One promise at a counter."""
    return {
        "merchant": quoted.merchant.name,
        "state": quoted.state,
        "category": quoted.category,
        "energy_grade": quoted.energy_grade,
        "price_fen": quoted.price_fen,
        "subsidy_fen": quoted.subsidy_fen,
        "quoted_at": written(quoted.quoted_at),
        "expires_at": written(quoted.expires_at),
    }


def purchase(bought: Redemption, keys: Keys) -> Shown:
    """One thing bought, with what became of it."""
    return {
        "id": str(bought.id),
        "voucher": str(bought.voucher_id),
        "merchant": bought.merchant.name,
        "state": bought.state,
        "category": bought.category,
        "energy_grade": bought.energy_grade,
        "brand": bought.brand,
        "model": bought.model,
        "serial_number": bought.serial_number,
        "invoice_number": bought.invoice_number,
        "invoice_fen": bought.invoice_fen,
        "price_fen": bought.price_fen,
        "subsidy_fen": bought.subsidy_fen,
        "trade_in_declared": bought.trade_in_declared,
        "trade_in_category": bought.trade_in_category,
        "pickup": str(bought.pickup_id) if bought.pickup_id else None,
        "flags": bought.flags,
        "history": [
            {"what": event.what, "at": written(event.at), "note": event.note}
            for event in sorted(bought.events, key=lambda one: one.id)
        ],
    }


def sale(sold: Redemption, keys: Keys) -> Shown:
    """One thing sold as a clerk."""
    return {"id": str(sold.id), "merchant": sold.merchant.name, "redeemed_at": written(sold.redeemed_at)}


def _with_own_voucher(resident: Resident) -> Q:
    """Of a voucher of the account, or of an earlier account of the same person."""
    own = Q(voucher__resident_id=resident.id)
    if resident.person_id is not None:
        own |= Q(voucher__person_id=resident.person_id)
    return own
