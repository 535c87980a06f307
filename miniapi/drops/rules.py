"""Decisions about drops."""

from datetime import datetime

from faq.packs import Library, Pack
from miniapi.clock import SHANGHAI
from miniapi.drops.errors import DropNotOpen
from miniapi.drops.models import Drop, DropMode, DropState
from miniapi.money import Fen, from_yuan
from miniapi.programmes import rules as programmes
from miniapi.programmes.rules import Standing


def standing_of(drop: Drop, library: Library, at: datetime) -> Standing:
    """How the programme of a drop stands; the drop was read by `queries.as_they_stand`."""
    rule = library.packs[drop.programme.region].rules.readiness(at.astimezone(SHANGHAI).date())
    return programmes.standing(drop.programme, drop.sellers, drop.recyclers, rule)


def state(drop: Drop, at: datetime, standing: Standing) -> DropState:
    """How a drop stands within its programme: one that may not open yet is planned until its time comes."""
    own = drop.state(at)
    if own is DropState.CLOSED:
        return own
    if standing.frozen_because or (standing.lacking and own is not DropState.PLANNED):
        return DropState.FROZEN
    return own


def as_shown(drop: Drop, library: Library, at: datetime) -> tuple[DropState, int]:
    """How a drop stands, and how many vouchers are left: of its quota and, once it is open, of the money.

    Who has less room than an item's cap may get one of the last fen that are shown as nothing.
    """
    stands = state(drop, at, standing_of(drop, library, at))
    rule = library.packs[drop.programme.region].rules.subsidy(at.astimezone(SHANGHAI).date())
    if stands is not DropState.OPEN or drop.mode is DropMode.LOTTERY or rule is None:
        return stands, drop.remaining
    left = min(drop.remaining, room(Fen(drop.pool), from_yuan(rule.item_cap_yuan)))
    return (DropState.OPEN if left else DropState.SOLD_OUT), left


def why_not_open(drop: Drop, at: datetime, standing: Standing) -> str | None:
    """The sentence for somebody who wants to take part while nobody can; None when the drop is open."""
    opens, ends = drop.opens_at.astimezone(SHANGHAI), drop.ends_at.astimezone(SHANGHAI)
    match state(drop, at, standing):
        case DropState.PLANNED:
            return f"本场 {opens:%m月%d日 %H:%M} 开始。"
        case DropState.CLOSED:
            return f"本场已于 {ends:%m月%d日 %H:%M} 结束。"
        case DropState.FROZEN if because := standing.frozen_because or drop.frozen_because:
            return f"本场已暂停（{because}）。"
        case DropState.FROZEN:
            return f"活动还不能开始（{standing.lacking}）。"
    return None


def refusal(drop: Drop, at: datetime, standing: Standing, pack: Pack) -> DropNotOpen | None:
    """The same as a refusal to claim, with the clause where it is the policy that refuses."""
    because = why_not_open(drop, at, standing)
    if because is None:
        return None
    clause = _clause_behind(state(drop, at, standing), standing, pack, at)
    return DropNotOpen(
        because=because,
        opens_at=drop.opens_at,
        closes_at=drop.closes_at,
        citations=[pack.citation(clause, at)] if clause else (),
    )


def why_over(drop: Drop, at: datetime) -> str | None:
    """What has happened to a drop of which nothing can be changed any more."""
    if at >= drop.closes_at:
        return "结束"
    return "抽签" if drop.drawn_at is not None else None


def room(pool: Fen, item_cap: Fen) -> int:
    """How many vouchers a pool can cover, each at the most it can cost."""
    return pool // item_cap


def _clause_behind(state: DropState, standing: Standing, pack: Pack, at: datetime) -> str | None:
    on = at.astimezone(SHANGHAI).date()
    calendar, readiness = pack.rules.calendar(on), pack.rules.readiness(on)
    if state is not DropState.FROZEN:
        return calendar.cites if calendar else None
    return readiness.cites if readiness and standing.lacking and not standing.frozen_because else None
