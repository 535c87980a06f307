"""Reviewing sales: whether one is in order, said by somebody who does not pay for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.ledger import actions as ledger
from miniapi.ledger.errors import MovedBefore
from miniapi.money import Fen, in_yuan
from miniapi.programmes.models import Programme
from miniapi.redemption import afterwards_rules as rules
from miniapi.redemption.afterwards import refuse_rejected
from miniapi.redemption.errors import AlreadyRefunded, NoSuchRedemption, NothingToReview
from miniapi.redemption.history import no_earlier
from miniapi.redemption.models import Redemption, RedemptionAct, RedemptionEvent, RedemptionState
from miniapi.staff.callers import Reviewer
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep

NO_FLAGS: list[str] = []


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sales are looked for; what is None does not matter."""

    region: str | None = None
    merchant_id: UUID | None = None
    state: RedemptionState | None = None
    flagged: bool | None = None


def found(wanted: Wanted) -> "QuerySet[Redemption]":
    """These sales of every shop, each with its shop and what became of it."""
    facts = {
        "programme__region": wanted.region,
        "merchant_id": wanted.merchant_id,
        "state": wanted.state,
    }
    sales = Redemption.filter(**{name: value for name, value in facts.items() if value is not None})
    if wanted.flagged is not None:
        unflagged = Q(flags=NO_FLAGS)
        sales = sales.filter(~unflagged if wanted.flagged else unflagged)
    return sales.select_related("merchant", "programme").prefetch_related("events")


async def review(
    redemption_id: UUID, reason: str, officer: Reviewer, keys: Keys, *, accepted: bool, at: datetime
) -> Redemption:
    """Say that a sale is in order, which answers its flags, or that the shop gets no subsidy for it.

    What is accepted can be settled. What is rejected never is, flagged or not, and where it was settled the
    shop owes what it got; the buyer keeps what was taken off, and the shop may still take the goods back.

    Raises NoSuchRedemption, ReasonPersonal, AlreadyRefunded, AlreadyRejected, NothingToReview.
    """
    known = await Redemption.get_or_none(id=redemption_id).select_related("programme", "voucher__resident")
    if known is None:
        raise NoSuchRedemption()
    buyer = known.voucher.resident
    because = await fit_to_keep(reason, [buyer], officer, StaffRole.REVIEWER, keys, at=at)
    async with in_transaction():
        redemption = await Redemption.filter(id=redemption_id).select_for_update(no_key=True).get()
        _refuse(redemption, accepted=accepted)
        before, at = _as_reviewed(redemption), await no_earlier(at, [redemption.id])
        if accepted:
            await _accept(redemption, because, at=at)
        else:
            await _reject(redemption, known.programme, because, at=at)
        await record(
            officer.actor,
            "redemption.accepted" if accepted else "redemption.rejected",
            f"redemption:{redemption.id}",
            at=at,
            reason=because,
            before=before,
            after=_as_reviewed(redemption),
        )
    return await found(Wanted()).get(id=redemption_id)


def _refuse(redemption: Redemption, *, accepted: bool) -> None:
    if redemption.state is RedemptionState.REFUNDED:
        raise AlreadyRefunded()
    refuse_rejected(redemption)
    if accepted and not redemption.flags:
        raise NothingToReview()


async def _accept(redemption: Redemption, because: str, *, at: datetime) -> None:
    redemption.flags = []
    await redemption.save(update_fields=["flags"])
    await _happened(
        redemption,
        RedemptionAct.ACCEPTED,
        Fen(redemption.subsidy_fen),
        note=f"复核通过：{because}",
        at=at,
    )


async def _reject(redemption: Redemption, programme: Programme, because: str, *, at: datetime) -> None:
    subsidy, (source, target) = Fen(redemption.subsidy_fen), rules.way_back(redemption.state)
    paid = redemption.state is RedemptionState.SETTLED
    redemption.state, redemption.rejected_at = RedemptionState.REJECTED, at
    redemption.owed_fen = subsidy if paid else 0
    await redemption.save(update_fields=["state", "rejected_at", "owed_fen"])
    follows = f"商户应退回补贴 {in_yuan(subsidy)} 元" if paid else f"补贴 {in_yuan(subsidy)} 元不予结算"
    note = f"复核未通过，{follows}：{because}"
    await _happened(redemption, RedemptionAct.REJECTED, Fen(0), note=note, at=at)
    key = f"redemption:{redemption.id}:rejection"
    book = programme.code
    if not await ledger.move(subsidy, source, target, book=book, reason="rejection", key=key, at=at):
        raise MovedBefore(key)


async def _happened(
    redemption: Redemption, what: RedemptionAct, subsidy: Fen, *, note: str, at: datetime
) -> None:
    await RedemptionEvent.create(redemption=redemption, what=what, at=at, subsidy_fen=subsidy, note=note)


def _as_reviewed(redemption: Redemption) -> dict[str, object]:
    return {
        "state": redemption.state,
        "flags": list(redemption.flags),
        "owed_fen": redemption.owed_fen,
    }
