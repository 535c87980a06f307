"""Decisions about programmes: who gives how much, and whether one may give out vouchers yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from faq.rules import FundRule, ReadinessRule
from miniapi.ledger.models import SOURCES, AccountName
from miniapi.money import Fen, part_of
from miniapi.programmes.models import Programme

Sources = Mapping[AccountName, Fen]


@dataclass(frozen=True, slots=True)
class Shift:
    """Money that one source gives from now on instead of another."""

    amount: Fen
    source: AccountName
    instead_of: AccountName


@dataclass(frozen=True, slots=True)
class Standing:
    """What a programme says to whoever wants to claim, in words: frozen, or enterprises are lacking."""

    frozen_because: str | None = None
    lacking: str | None = None


def sources(kept: Fen, total: Fen, province: Fen | None, fund: FundRule) -> Sources:
    """What each source gives of what is kept of a fund: all of it, until the unspent goes back.

    `province` is its grant for the whole fund, of which it gives its share of what is kept, less a fraction
    of a fen. The rest is split between 示范区 and 杨陵区 as the policy says; an odd fen is the 示范区's. So
    nobody gives more where less is kept. While the grant is not known, nothing is attributed.
    """
    if province is None:
        return {name: kept if name is AccountName.FUND else Fen(0) for name in SOURCES}
    granted = part_of(kept, province, total)
    local = Fen(kept - granted)
    district = part_of(local, fund.local_split[1], sum(fund.local_split))
    return {
        AccountName.FUND: Fen(0),
        AccountName.PROVINCE: granted,
        AccountName.ZONE: Fen(local - district),
        AccountName.DISTRICT: district,
    }


def shifts(given: Sources, wanted: Sources) -> list[Shift]:
    """What turns one attribution into another of the same sum: nobody gives more here and less there."""
    more = {name: wanted[name] - given[name] for name in wanted if wanted[name] > given[name]}
    less = {name: given[name] - wanted[name] for name in wanted if wanted[name] < given[name]}
    found = []
    while more and less:
        source, other = next(iter(more)), next(iter(less))
        amount = min(more[source], less[other])
        found.append(Shift(Fen(amount), source, other))
        for open_ones, name in ((more, source), (less, other)):
            open_ones[name] -= amount
            if not open_ones[name]:
                del open_ones[name]
    return found


def standing(programme: Programme, sellers: int, recyclers: int, rule: ReadinessRule | None) -> Standing:
    """How a programme stands with so many approved enterprises in its region."""
    lacking = None if programme.opened_because else _lacking(sellers, recyclers, rule)
    return Standing(programme.claims_frozen_because, lacking)


def is_ready(sellers: int, recyclers: int, rule: ReadinessRule | None) -> bool:
    """Whether enough enterprises take part, whatever the bureau decided."""
    return _lacking(sellers, recyclers, rule) is None


def _lacking(sellers: int, recyclers: int, rule: ReadinessRule | None) -> str | None:
    if rule is None:
        return None
    required = (
        ("家电销售企业", sellers, rule.sellers_at_least),
        ("家电回收企业", recyclers, rule.recyclers_at_least),
    )
    short = [f"{kind}要有 {least} 家，现有 {there} 家" for kind, there, least in required if there < least]
    return "；".join(short) or None
