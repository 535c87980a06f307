"""Decisions about what comes after a sale: what returns with the goods, and what a lower price gets."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from faq.rules import SubsidyRule
from miniapi.clock import SHANGHAI
from miniapi.ledger.models import AccountName
from miniapi.money import Fen, from_yuan, in_yuan, percent_of
from miniapi.redemption.models import RedemptionState
from miniapi.subsidies.rules import most_for_an_item
from miniapi.vouchers.models import Voucher, VoucherState


@dataclass(frozen=True, slots=True)
class Return:
    """What becomes of a voucher whose goods came back: its worth, nothing where it is gone, and why."""

    state: VoucherState
    worth: Fen
    because: str


def voucher_back(
    voucher: Voucher, worth: Fen, *, owner_left: bool, used_up: bool, window_closes: datetime, at: datetime
) -> Return:
    """Whether the voucher can be used again: only while its face and the programme last.

    `worth` is what there is for it; `used_up`: the programme lets no voucher return.
    """
    if not voucher.is_valid(at) or at >= window_closes:
        return Return(VoucherState.EXPIRED, Fen(0), "券已过有效期，不再恢复")
    if owner_left:
        return Return(VoucherState.VOID, Fen(0), "账号已注销，券不再恢复")
    if used_up:
        return Return(VoucherState.VOID, Fen(0), "按活动规定，用过的券退货后不再恢复")
    if worth <= 0:
        return Return(VoucherState.VOID, Fen(0), "活动资金已用完，券不能恢复")
    return Return(VoucherState.ISSUED, worth, f"券已恢复，最高减 {in_yuan(worth)} 元")


def worth_again(face: Fen, rule: SubsidyRule, *, room: Fen, pool: Fen | None) -> Fen:
    """What a voucher that returns is worth: what it was, as far as an item, its person and the pool allow.

    None is a pool that has enough.
    """
    limits = [face, most_for_an_item(rule, room), *([] if pool is None else [pool])]
    return max(Fen(0), min(limits))


def way_back(state: RedemptionState) -> tuple[AccountName, AccountName]:
    """From which account to which a subsidy goes that the shop does not get: what was paid, it owes."""
    if state is RedemptionState.SETTLED:
        return AccountName.PAID, AccountName.CLAWBACK
    return AccountName.PAYABLE, AccountName.POOL


def subsidy_at(price: Fen, rule: SubsidyRule, before: Fen) -> Fen:
    """What an item gets at a corrected price: its share, never more than it had."""
    return min(percent_of(price, rule.percent), from_yuan(rule.item_cap_yuan), before)


def refundable_until(redeemed_at: datetime, days: int) -> datetime:
    """The first moment at which goods cannot be returned any more; the day of the sale is not counted."""
    last = redeemed_at.astimezone(SHANGHAI).date() + timedelta(days=days)
    return datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
