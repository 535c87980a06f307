"""Paying shops what they have advanced, and taking back what they owe for goods that came back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.keys import Keys
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import AccountName
from miniapi.merchants.models import Merchant
from miniapi.money import Fen, in_yuan
from miniapi.programmes.models import Programme
from miniapi.redemption.errors import NoSuchRedemption
from miniapi.redemption.history import no_earlier
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.settlement.errors import AlreadyRecovered, NoSuchMerchant, NothingOwed, NothingToSettle
from miniapi.settlement.models import Settlement, SettlementLine
from miniapi.staff.callers import Finance
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep

Because = Literal["flagged", "settled", "rejected", "refunded", "other_programme"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A redemption that is not paid now: paid before, rejected, returned, or somebody must look first."""

    redemption: Redemption
    because: Because


@dataclass(frozen=True, slots=True)
class Settled:
    """A payment, with its merchant and its lines, and what was asked for and is not in it."""

    settlement: Settlement
    left_out: Sequence[LeftOut]


async def settle(
    region: str, merchant_id: UUID, wanted: Collection[UUID] | date, officer: Finance, *, at: datetime
) -> Settled:
    """Pay a shop the subsidies it advanced: of these redemptions, or of all up to a day and on it.

    Flagged ones wait for whoever reviews them. Raises NoSuchMerchant, NoSuchRedemption, NothingToSettle.
    """
    merchant = await Merchant.get_or_none(id=merchant_id, region=region)
    if merchant is None:
        raise NoSuchMerchant()
    async with in_transaction():
        found = await _locked(merchant_id, wanted)
        paid, left_out = _sorted_out(found)
        if not paid:
            raise NothingToSettle(left_out={str(one.redemption.id): one.because for one in left_out})
        settlement = await _pay(merchant, paid, officer, at=at)
    return Settled(settlement, left_out)


async def recover(
    redemption_id: UUID, reason: str, officer: Finance, keys: Keys, *, at: datetime
) -> Redemption:
    """Take in what a shop gave back: the goods had come back after it was paid. The pool gets it.

    Raises NoSuchRedemption, ReasonPersonal, NothingOwed, AlreadyRecovered.
    """
    known = await Redemption.get_or_none(id=redemption_id).select_related("programme", "voucher__resident")
    if known is None:
        raise NoSuchRedemption()
    buyer = known.voucher.resident
    because = await fit_to_keep(reason, [buyer], officer, StaffRole.FINANCE, keys, at=at)
    async with in_transaction():
        redemption = await Redemption.filter(id=redemption_id).select_for_update(no_key=True).get()
        if not redemption.owed_fen:
            raise NothingOwed()
        if redemption.recovered_at is not None:
            raise AlreadyRecovered()
        at = await no_earlier(at, [redemption.id])
        redemption.recovered_at = at
        await redemption.save(update_fields=["recovered_at"])
        await RedemptionEvent.create(
            redemption=redemption,
            what=RedemptionAct.RECOVERED,
            at=at,
            subsidy_fen=0,
            note=f"商户退回补贴 {in_yuan(redemption.owed_fen)} 元：{because}",
        )
        await _move(
            [redemption], AccountName.CLAWBACK, AccountName.POOL, "recovery", book=known.programme.code, at=at
        )
        await record(
            officer.actor,
            "redemption.recovered",
            f"redemption:{redemption.id}",
            at=at,
            reason=because,
            before={"owed_fen": redemption.owed_fen},
            after={"owed_fen": 0},
        )
    return redemption


async def _locked(merchant_id: UUID, wanted: Collection[UUID] | date) -> list[Redemption]:
    """The shop's redemptions that are meant, locked in the order of their ids. Raises NoSuchRedemption."""
    own = Redemption.filter(merchant_id=merchant_id).order_by("id").select_for_update(no_key=True)
    if isinstance(wanted, date):
        unpaid = await own.filter(state=RedemptionState.REDEEMED)
        return [one for one in unpaid if one.redeemed_at.astimezone(SHANGHAI).date() <= wanted]
    found = await own.filter(id__in=list(wanted))
    if len(found) < len(set(wanted)):
        raise NoSuchRedemption()
    return found


def _sorted_out(found: Sequence[Redemption]) -> tuple[list[Redemption], list[LeftOut]]:
    """Which are paid now, all of one programme, and which are not."""
    paid, left_out = list[Redemption](), list[LeftOut]()
    for one in found:
        if because := _why_not(one, paid):
            left_out.append(LeftOut(one, because))
        else:
            paid.append(one)
    return paid, left_out


def _why_not(redemption: Redemption, paid: Sequence[Redemption]) -> Because | None:
    if redemption.state is RedemptionState.SETTLED:
        return "settled"
    if redemption.state is RedemptionState.REJECTED:
        return "rejected"
    if redemption.state is RedemptionState.REFUNDED:
        return "refunded"
    if redemption.flags:
        return "flagged"
    return "other_programme" if paid and redemption.programme_id != paid[0].programme_id else None


async def _pay(
    merchant: Merchant, paid: Sequence[Redemption], officer: Finance, *, at: datetime
) -> Settlement:
    ids = [one.id for one in paid]
    at = await no_earlier(at, ids)
    programme = await Programme.get(id=paid[0].programme_id)
    await Redemption.filter(id__in=ids).update(state=RedemptionState.SETTLED, settled_at=at)
    settlement = await Settlement.create(
        programme=programme,
        merchant=merchant,
        staff_id=officer.id,
        amount_fen=sum(one.subsidy_fen for one in paid),
        settled_at=at,
    )
    await SettlementLine.bulk_create(
        [
            SettlementLine(settlement=settlement, redemption_id=one.id, amount_fen=one.subsidy_fen)
            for one in paid
        ]
    )
    await RedemptionEvent.bulk_create(
        [
            RedemptionEvent(
                redemption_id=one.id,
                what=RedemptionAct.SETTLED,
                at=at,
                subsidy_fen=one.subsidy_fen,
                note="补贴已结算给商户",
            )
            for one in paid
        ]
    )
    await _move(paid, AccountName.PAYABLE, AccountName.PAID, "settlement", book=programme.code, at=at)
    await record(
        officer.actor,
        "settlement.paid",
        f"settlement:{settlement.id}",
        at=at,
        after={
            "merchant": merchant.id,
            "programme": programme.code,
            "amount_fen": settlement.amount_fen,
            "redemptions": ids,
        },
    )
    await settlement.fetch_related("lines")
    return settlement


async def _move(
    redemptions: Sequence[Redemption],
    source: AccountName,
    target: AccountName,
    reason: str,
    *,
    book: str,
    at: datetime,
) -> None:
    """Move the subsidy of each once. Raises MovedBefore."""
    moves = [ledger.Move(Fen(one.subsidy_fen), f"redemption:{one.id}:{reason}") for one in redemptions]
    moved = await ledger.move_all(moves, source, target, book=book, reason=reason, at=at)
    if before := {one.key for one in moves} - moved:
        raise MovedBefore(min(before))
