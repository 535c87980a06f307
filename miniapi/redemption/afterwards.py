"""What everything after a sale begins and ends with: the sale locked, its money moved, its histories told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faq.packs import Library, Pack
from faq.rules import CounterRule, SubsidyRule
from miniapi.accounts.actions import held
from miniapi.accounts.models import Resident
from miniapi.errors import NotSignedIn
from miniapi.keys import Keys
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import AccountName
from miniapi.merchants.callers import Clerk
from miniapi.merchants.models import Role
from miniapi.money import Fen
from miniapi.programmes.models import Programme
from miniapi.redemption import counter, queries
from miniapi.redemption.errors import AlreadyRefunded, AlreadyRejected
from miniapi.redemption.history import no_earlier
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.staff.reasons import fit_to_keep
from miniapi.vouchers.errors import VoucherMoved
from miniapi.vouchers.models import Voucher, VoucherEvent


@dataclass(frozen=True, slots=True)
class Made:
    """A sale that was made, with all it stands on, locked; the `owner` of its voucher is None who has left.

    `at` is the time of what happens now; the rules are those of the day of the sale.
    """

    redemption: Redemption
    voucher: Voucher
    owner: Resident | None
    programme: Programme
    pack: Pack
    subsidy_rule: SubsidyRule
    counter_rule: CounterRule
    at: datetime


async def fit_reason(redemption_id: UUID, reason: str, clerk: Clerk, keys: Keys, *, at: datetime) -> str:
    """The reason as it may be kept for ever. Call it before the transaction of the act.

    Raises NoSuchRedemption, ReasonPersonal.
    """
    own = await queries.redemption(redemption_id, clerk.merchant.id)
    buyer = await Resident.get(id=own.voucher.resident_id)
    return await fit_to_keep(reason, [buyer], clerk, Role.CLERK, keys, at=at)


async def locked(redemption_id: UUID, clerk: Clerk, library: Library, *, at: datetime) -> Made:
    """A sale of the clerk's shop, locked in the order of every transaction: owner, voucher, redemption.

    Raises NoSuchRedemption, VoucherMoved, AlreadyRefunded.
    """
    seen = (await queries.redemption(redemption_id, clerk.merchant.id)).voucher
    owner: Resident | None
    try:
        owner = await held(seen.resident_id)
    except NotSignedIn:  # goods of somebody who has left come back all the same
        owner = None
    voucher = await Voucher.filter(id=seen.id).select_for_update().get()
    if voucher.resident_id != seen.resident_id:
        raise VoucherMoved()
    redemption = await Redemption.filter(id=redemption_id).select_for_update(no_key=True).get()
    if redemption.state is RedemptionState.REFUNDED:
        raise AlreadyRefunded()
    programme = await Programme.get(id=redemption.programme_id)
    pack = library.packs[programme.region]
    subsidy_rule, counter_rule = counter.rules_of(pack, redemption.redeemed_at)
    at = await no_earlier(at, [redemption.id])
    return Made(redemption, voucher, owner, programme, pack, subsidy_rule, counter_rule, at)


def refuse_rejected(redemption: Redemption) -> None:
    """Raises AlreadyRejected: nothing about such a sale can be set right any more."""
    if redemption.state is RedemptionState.REJECTED:
        raise AlreadyRejected()


async def move(
    sale: Made, amount: Fen, source: AccountName, target: AccountName, *, reason: str, key: str
) -> None:
    """Move money of a sale once; nothing is nothing to move. Raises MovedBefore."""
    if amount and not await ledger.move(
        amount, source, target, book=sale.programme.code, reason=reason, key=key, at=sale.at
    ):
        raise MovedBefore(key)


async def happened(
    sale: Made, what: RedemptionAct, subsidy: Fen, *, note: str, told: str, replaced: str | None = None
) -> None:
    """Write it into both histories: `note` is for the shop and the staff, `told` for the voucher's owner.

    `replaced` is the serial number of what came back.
    """
    await RedemptionEvent.create(
        redemption=sale.redemption,
        what=what,
        at=sale.at,
        subsidy_fen=subsidy,
        note=note,
        replaced_serial=replaced,
    )
    await VoucherEvent.create(voucher=sale.voucher, state=sale.voucher.state, at=sale.at, note=told)
