"""Opening a programme with its book and its fund, and what the bureau decides about it."""

from dataclasses import asdict, dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from faq.packs import Pack
from faq.rules import CalendarRule, FundRule
from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.ledger import actions as ledger
from miniapi.ledger import queries as books
from miniapi.ledger.errors import MovedBefore
from miniapi.ledger.models import SOURCES, AccountName
from miniapi.masking import masked_words
from miniapi.money import Fen, from_yuan, in_yuan
from miniapi.programmes import rules
from miniapi.programmes.errors import GrantOverFund
from miniapi.programmes.models import Programme
from miniapi.programmes.queries import programme_of
from miniapi.staff.callers import Bureau


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bureau decides about a programme; what is None stays as it is.

    `open_anyway`: however few enterprises take part.
    """

    province_fen: Fen | None = None
    claims_frozen: bool | None = None
    redemptions_frozen: bool | None = None
    open_anyway: bool | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What went back to each source; `number` is in the keys under which it moved."""

    number: int
    parts: rules.Sources

    @property
    def total(self) -> Fen:
        """All of it."""
        return Fen(sum(self.parts.values()))


async def open_programme(
    pack: Pack, code: str, calendar: CalendarRule, fund: FundRule, *, demo: bool, at: datetime
) -> Programme:
    """Make the programme of a policy pack, with its fund in the pool. Once; again changes nothing."""
    async with in_transaction():
        programme, _ = await Programme.get_or_create(
            code=code,
            defaults={
                "region": pack.region,
                "name": f"{pack.name}家电家居以旧换新",
                "opens_at": calendar.window_opens,
                "closes_at": calendar.window_closes,
                "demo": demo,
            },
        )
        await ledger.open_book(code)
        total = from_yuan(fund.total_yuan)
        if await ledger.move(
            total,
            AccountName.FUND,
            AccountName.POOL,
            book=code,
            reason="appropriation",
            key=appropriation(code),
            at=at,
        ):
            opened, after = f"programme:{programme.id}", {"code": code, "total_fen": total}
            opener = "operator:demo" if demo else "operator:cli"
            await record(opener, "programme.opened", opened, at=at, after=after)
    return programme


async def decide(pack: Pack, decision: Decision, reason: str, officer: Bureau, *, at: datetime) -> Programme:
    """Set a region's grant and its switches, for a reason that is shown wherever one stops somebody.

    Raises NoSuchProgramme, GrantOverFund.
    """
    because = masked_words(reason)
    found = await programme_of(pack.region, at=at)
    async with in_transaction():
        # whoever gives a voucher away holds the programme too: what is frozen is so from the commit on
        programme = await Programme.filter(id=found.id).select_for_update(no_key=True).get()
        before, number = _as_decided(programme), None
        if decision.province_fen is not None:
            number = await grant(programme, decision.province_fen, pack, at=at)
        if decision.claims_frozen is not None:
            programme.claims_frozen_because = because if decision.claims_frozen else None
        if decision.redemptions_frozen is not None:
            programme.redemptions_frozen_because = because if decision.redemptions_frozen else None
        if decision.open_anyway is not None:
            programme.opened_because = because if decision.open_anyway else None
        await programme.save()
        await record(
            officer.actor,
            "programme.decided",
            f"programme:{programme.id}",
            at=at,
            reason=because,
            before=asdict(before),
            after=asdict(_as_decided(programme)) | ({} if number is None else {"grant": number}),
        )
    return programme


async def grant(programme: Programme, province: Fen, pack: Pack, *, at: datetime) -> int | None:
    """Write down what the province gives of the fund, and who the rest; the pool stays as it is.

    Another grant later moves the difference. The number that the keys of what it moved carry; None where
    nothing moved. Call it inside a transaction that holds the programme. Raises GrantOverFund.
    """
    fund = _fund(programme, pack, at)
    given = await ledger.held(programme.code, *SOURCES)
    total = await books.moved_under(appropriation(programme.code))
    if province > total:
        raise GrantOverFund(total_yuan=in_yuan(total), citations=[pack.citation(fund.cites, at)])
    number = await books.entries_of_sources(programme.code)
    kept = Fen(sum(given.values()))
    shifts = rules.shifts(given, rules.sources(kept, total, province, fund))
    for shift in shifts:
        key = f"{programme.code}:grant:{number}:{shift.source}:{shift.instead_of}"
        if not await ledger.move(
            shift.amount,
            shift.source,
            shift.instead_of,
            book=programme.code,
            reason="grant",
            key=key,
            at=at,
        ):
            raise MovedBefore(key)
    programme.province_fen = province
    return number if shifts else None


async def return_unspent(programme: Programme, pack: Pack, *, at: datetime) -> Returned:
    """Give what is in the pool back to who gave it, pro rata, so that each has given its share of the rest.

    Call it inside a transaction that holds the programme. Nothing moves where the pool is empty.
    """
    held = await ledger.held(programme.code, *SOURCES, AccountName.POOL)
    unspent = held.pop(AccountName.POOL)
    total = await books.moved_under(appropriation(programme.code))
    grant = None if programme.province_fen is None else Fen(programme.province_fen)
    kept = Fen(sum(held.values()) - unspent)
    left = rules.sources(kept, total, grant, _fund(programme, pack, at))
    returned = Returned(
        await books.entries_of_sources(programme.code),
        {name: Fen(held[name] - left[name]) for name in SOURCES},
    )
    for source, amount in returned.parts.items():
        key = f"{programme.code}:unspent:{returned.number}:{source}"
        if amount and not await ledger.move(
            amount, AccountName.POOL, source, book=programme.code, reason="unspent", key=key, at=at
        ):
            raise MovedBefore(key)
    return returned


def appropriation(code: str) -> str:
    """The key under which a programme's fund came into its pool."""
    return f"{code}:appropriation"


def _fund(programme: Programme, pack: Pack, at: datetime) -> FundRule:
    fund = pack.rules.fund(at.astimezone(SHANGHAI).date())
    if fund is None:
        raise ValueError(f"the programme {programme.code} has no fund")
    return fund


def _as_decided(programme: Programme) -> Decision:
    return Decision(
        province_fen=programme.province_fen,
        claims_frozen=programme.claims_frozen_because is not None,
        redemptions_frozen=programme.redemptions_frozen_because is not None,
        open_anyway=programme.opened_because is not None,
    )
