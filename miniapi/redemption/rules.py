"""Decisions at the counter: what a voucher takes off an item, or why it takes off nothing."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from faq.rules import SubsidyRule
from miniapi.money import Fen, in_yuan
from miniapi.subsidies import rules as subsidies
from miniapi.subsidies.rules import Item
from miniapi.vouchers.models import Voucher

QUOTED_FOR = timedelta(minutes=10)


class Flag(StrEnum):
    """Something about a sale that a reviewer looks at."""

    INVOICE_MISMATCH = "invoice_mismatch"
    SERIAL_SEEN_BEFORE = "serial_seen_before"
    INVOICE_SEEN_BEFORE = "invoice_seen_before"
    OWN_VOUCHER = "own_voucher"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a voucher takes off an item, and how that came about, in sentences."""

    subsidy: Fen
    steps: tuple[str, ...]


def offer(item: Item, rule: SubsidyRule, *, room: Fen, worth: Fen) -> Offer:
    """What everybody is quoted for the item who has this room left, as far as the voucher is worth it.

    It takes off nothing where the item may get nothing; the only step then says why.
    """
    (quoted,) = subsidies.quote([item], rule, room)
    if quoted.subsidy == 0 and subsidies.why_not(item, rule) is None:
        return Offer(Fen(0), (*quoted.steps, "算下来不到一分钱，不能用券。"))
    if quoted.subsidy > worth:
        capped = f"这张券最高减 {in_yuan(worth)} 元，按 {in_yuan(worth)} 元算。"
        return Offer(worth, (*quoted.steps, capped))
    return Offer(quoted.subsidy, quoted.steps)


def lacks_grade(item: Item, rule: SubsidyRule) -> bool:
    """Whether the label must be looked at first: a quote for a plan may leave the grade open, a sale not."""
    subsidised = item.category.key in rule.categories
    return subsidised and subsidies.is_graded(item.category, rule) and item.energy_grade is None


def promised_until(voucher: Voucher, at: datetime) -> datetime:
    """The first moment at which a quote of now holds no more; never beyond the voucher."""
    return min(at + QUOTED_FOR, voucher.lapses_at)


def plain_number(written: str) -> str:
    """A serial or invoice number as it is compared: half-width capitals without spaces."""
    return "".join(unicodedata.normalize("NFKC", written).upper().split())
