"""Claiming at a drop: first come, first served; claims that arrive together are committed together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from faq.packs import Library, Pack
from faq.rules import SubsidyRule
from miniapi import clock
from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Resident
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.drops import queries as drops
from miniapi.drops import rules as drop_rules
from miniapi.drops.errors import DrawnByLot, NoSuchDrop, SoldOut
from miniapi.drops.models import Drop, DropMode, DropState
from miniapi.errors import NotSignedIn
from miniapi.gathering import Gathering
from miniapi.http.errors import IdempotencyMismatch, RequestInProgress
from miniapi.http.idempotency import Answer, Key, answer_of, keeping
from miniapi.keys import Keys
from miniapi.logs import request_id
from miniapi.money import Fen
from miniapi.programmes.rules import Standing
from miniapi.subsidies.rules import most_for_an_item, person_cap
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.errors import AlreadyClaimed, PersonalLimitReached
from miniapi.vouchers.issuing import Issued, Stock, Taker, drafted, issue, stock_of
from miniapi.vouchers.models import Voucher

MOST_TOGETHER = 256  # claims in one transaction
LANES = 2  # transactions of a process: one is made ready while the other is at the database
KEPT_FOR = 0.2  # seconds that a drop is believed to stand as it was read

LOOK = """
    SELECT * FROM claims_seen($1, $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody wants a voucher of a drop; `key` is what they call the request by, should it be repeated."""

    drop_id: UUID
    resident: Resident
    key: Key | None = None
    request: str | None = field(default_factory=request_id.get)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says of one claim: its account, its key's answer, a voucher of the drop, fen used."""

    person_id: UUID | None
    here: bool
    kept: Answer | None
    repeated: bool
    claimed: bool
    used: Fen


Outcome = Issued | Answer | Exception
Outcomes = dict[int, Outcome]  # by the number of the claim


@dataclass(frozen=True, slots=True)
class Repeats:
    """How a claim is answered when its key comes again: `told` is the answer that a voucher was told with."""

    keys: Keys
    told: Callable[[Issued], Answer]


@dataclass(frozen=True, slots=True)
class Offer:
    """A drop as it stands, and the rule that its vouchers go by."""

    drop: Drop
    standing: Standing
    pack: Pack
    rule: SubsidyRule
    is_refused: bool  # to everybody

    @property
    def covers_anybody(self) -> bool:
        """Whether the pool has what the dearest voucher may cost."""
        return self.drop.pool >= most_for_an_item(self.rule, person_cap(self.rule))

    def is_open(self, at: datetime) -> bool:
        """Whether somebody may win a voucher by coming first."""
        first_come = self.drop.mode is DropMode.FIRST_COME
        return first_come and drop_rules.state(self.drop, at, self.standing) is DropState.OPEN


class Offers:
    """Drops as they stand, kept for a moment, since thousands ask for the same one.

    It is enough to try on: what gives vouchers out looks again, under the lock. Nobody is refused on it.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: dict[UUID, tuple[float, Drop]] = {}

    async def of(self, drop_ids: set[UUID], *, at: datetime, fresh: bool) -> tuple[dict[UUID, Offer], bool]:
        """The offers of these drops, of those that there are, and whether all were read now.

        They are where `fresh` asks for it.
        """
        now = time.monotonic()
        if fresh:
            self._kept.clear()
        self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > now - KEPT_FOR}
        if missing := drop_ids - self._kept.keys():
            found = await drops.as_they_stand(Drop.filter(id__in=missing))
            self._kept |= {drop.id: (now, drop) for drop in found}
        offers = {one: self._offer(self._kept[one][1], at) for one in drop_ids if one in self._kept}
        return offers, missing == drop_ids

    def _offer(self, drop: Drop, at: datetime) -> Offer:
        pack = self._library.packs[drop.programme.region]
        rule = pack.rules.subsidy(at.astimezone(SHANGHAI).date())
        if rule is None:
            raise ValueError(f"the programme {drop.programme.code} has no subsidy rule")
        standing = drop_rules.standing_of(drop, self._library, at)
        is_refused = drop_rules.refusal(drop, at, standing, pack) is not None
        return Offer(drop, standing, pack, rule, is_refused)


class Claims:
    """The claims of one process, gathered."""

    def __init__(self, library: Library, repeats: Repeats) -> None:
        self._offers, self._repeats = Offers(library), repeats
        self._in_hand: set[Key] = set()
        self._gathered = Gathering[Claim, Issued | Answer](self._decide, most=MOST_TOGETHER, lanes=LANES)

    async def claim(self, claim: Claim) -> Answer:
        """The answer to a claim, given after the commit.

        Raises what `claim_all` refuses with, and RequestInProgress while its key is at work here.
        """
        if claim.key in self._in_hand:
            raise RequestInProgress()
        if claim.key is None:
            return self._answer(await self._gathered.ask(claim))
        self._in_hand.add(claim.key)
        try:
            return self._answer(await self._gathered.ask(claim))
        finally:
            self._in_hand.remove(claim.key)

    def _answer(self, given: Issued | Answer) -> Answer:
        return given if isinstance(given, Answer) else self._repeats.told(given)

    async def _decide(self, claims: Sequence[Claim]) -> Sequence[Outcome]:
        outcomes = await claim_all(claims, self._offers, self._repeats, at=clock.now())
        if len(claims) == 1:
            return outcomes
        # one of them cannot be written down; the others must not suffer for it
        return [
            (await self._decide([one]))[0] if isinstance(outcome, IntegrityError) else outcome
            for one, outcome in zip(claims, outcomes, strict=True)
        ]


async def claim(drop_id: UUID, resident: Resident, library: Library, *, at: datetime) -> Voucher:
    """Put one voucher of a drop into a resident's wallet, with its reserve. Raises as `claim_all` refuses."""
    (outcome,) = await claim_all([Claim(drop_id, resident)], Offers(library), None, at=at)
    if isinstance(outcome, Exception):
        raise outcome
    if isinstance(outcome, Answer):
        raise ValueError("a claim without a key has no earlier answer")
    return await Voucher.get(id=outcome.id)


async def claim_all(
    claims: Sequence[Claim], standing: Offers, repeats: Repeats | None, *, at: datetime
) -> list[Outcome]:
    """Decide claims that came together, in their order: a voucher, the answer its key has had, or why not.

    Why not is one of NoSuchDrop, IdentityRequired, DropNotOpen, AlreadyClaimed, PersonalLimitReached and
    SoldOut, in this order, or IdempotencyMismatch. Where nothing is to be had no lock is taken, and no
    transaction. What breaks off is the outcome of those that were not decided before.
    """
    outcomes, swept, fresh = Outcomes(), False, False
    try:
        while len(outcomes) < len(claims):
            left = {n: one for n, one in enumerate(claims) if n not in outcomes}
            offers, fresh = await standing.of({one.drop_id for one in left.values()}, at=at, fresh=fresh)
            hopeful = await _hopeful(left, offers, repeats, at)
            if not hopeful and not fresh:
                fresh = True
                continue
            fresh = True
            if hopeful:
                offer = offers[next(iter(hopeful.values())).drop_id]
                async with in_transaction():
                    decided = await _decide_held(hopeful, offer, repeats, at)
            else:
                decided = await _refuse(left, offers, repeats, at)
            short = {n for n, one in decided.items() if _is_short(one, offers.get(claims[n].drop_id))}
            outcomes |= {n: one for n, one in decided.items() if swept or n not in short}
            if short and not swept:
                # what has lapsed counts no more, and the job has not seen it yet
                swept, expired = True, await expire_overdue(at=at)
                outcomes |= {} if expired else decided
    except Exception as trouble:
        return [outcomes.get(n, trouble) for n in range(len(claims))]
    return [outcomes[n] for n in range(len(claims))]


async def _hopeful(
    claims: Mapping[int, Claim], offers: Mapping[UUID, Offer], repeats: Repeats | None, at: datetime
) -> dict[int, Claim]:
    """Claims that may win, of one drop, so that locks are always taken in the same order."""
    for drop_id, offer in offers.items():
        of_this = {n: one for n, one in claims.items() if one.drop_id == drop_id and one.resident.person_id}
        if of_this and offer.is_open(at):
            if offer.covers_anybody:
                return of_this
            if covered := await _covered(of_this, offer, repeats, at):
                return covered
    return {}


async def _covered(
    claims: Mapping[int, Claim], offer: Offer, repeats: Repeats | None, at: datetime
) -> dict[int, Claim]:
    """Those whose voucher costs no more than the little that the pool still has."""
    seen = await _look(claims, {offer.drop.id: offer}, repeats, at)
    return {
        n: one
        for n, one in claims.items()
        if _why_not(one, offer, seen[n], at) is None and _reserve(offer, seen[n]) <= offer.drop.pool
    }


def _is_short(outcome: Outcome, offer: Offer | None) -> bool:
    """Whether money is what was lacking: a person's room or the pool's, and not the drop's quota."""
    if isinstance(outcome, SoldOut):
        return offer is not None and offer.drop.remaining > 0
    return isinstance(outcome, PersonalLimitReached)


async def _decide_held(
    claims: Mapping[int, Claim], offer: Offer, repeats: Repeats | None, at: datetime
) -> Outcomes:
    """Decide claims of one drop, their accounts held; who finds nothing left any more is not decided yet."""
    seen = await _look(claims, {offer.drop.id: offer}, repeats, at, hold=True)
    decided: Outcomes = {}
    takers: dict[int, Taker] = {}
    first_of: dict[UUID, int] = {}
    for n, one in claims.items():
        if not seen[n].here:
            decided[n] = NotSignedIn()
        elif seen[n].person_id != one.resident.person_id:
            decided[n] = IdentityRequired()
        elif why_not := _why_not(one, offer, seen[n], at):
            decided[n] = why_not
        elif n == first_of.setdefault(one.resident.id, n):
            takers[n] = _taker(one, offer, seen[n])
    if takers:
        decided |= await _give(claims, takers, offer.drop, repeats, at)
    for n, one in claims.items():  # who clicked several times has one answer, and then that there was one
        if n not in decided and (first := decided.get(first_of[one.resident.id])):
            decided[n] = first if isinstance(first, Exception) else AlreadyClaimed()
    return decided


async def _give(
    claims: Mapping[int, Claim],
    takers: Mapping[int, Taker],
    drop: Drop,
    repeats: Repeats | None,
    at: datetime,
) -> Outcomes:
    draft = drafted(drop, list(takers.values()), at=at)
    stock = await stock_of(drop)
    if not stock.stands:
        return {}
    served, refused = _served(takers, stock)
    if not served:
        return refused
    if len(served) < len(takers):
        draft = drafted(drop, list(served.values()), at=at)
    drawn = draft.ranked(stock)
    vouchers: dict[int, Issued] = dict(zip(served, drawn, strict=True))
    answers: dict[int, Answer] = {}
    kept: Sequence[sql.Write] = ()
    if repeats is not None:
        answers = {n: repeats.told(one) for n, one in vouchers.items()}
        by_key = [(key, told) for n, told in answers.items() if (key := claims[n].key)]
        kept = keeping(by_key, repeats.keys, at=at)
    await issue(draft, drawn, stock, beside=kept)
    return refused | vouchers | answers


def _served(takers: Mapping[int, Taker], stock: Stock) -> tuple[dict[int, Taker], Outcomes]:
    """Who gets a voucher, and who is too late for the money; who is too late for a voucher is in neither."""
    pool, served, refused = stock.pool, dict[int, Taker](), Outcomes()
    for n, taker in takers.items():
        if taker.reserve > pool:
            refused[n] = SoldOut()
        elif len(served) < stock.left:
            served[n], pool = taker, Fen(pool - taker.reserve)
    return served, refused


async def _refuse(
    claims: Mapping[int, Claim], offers: Mapping[UUID, Offer], repeats: Repeats | None, at: datetime
) -> Outcomes:
    """Say why there is nothing to be had, or what was had before."""
    seen = await _look(claims, offers, repeats, at)
    return {n: _why_not(one, offers.get(one.drop_id), seen[n], at) or SoldOut() for n, one in claims.items()}


async def _look(
    claims: Mapping[int, Claim],
    offers: Mapping[UUID, Offer],
    repeats: Repeats | None,
    at: datetime,
    *,
    hold: bool = False,
) -> dict[int, Seen]:
    """What the database says of claims; to `hold` their accounts first, call it inside a transaction."""
    asked = list(claims.values())
    keys = [one.key if repeats else None for one in asked]
    rows = await sql.rows(
        LOOK,
        hold,
        [one.resident.id for one in asked],
        [one.resident.person_id for one in asked],
        [one.drop_id for one in asked],
        [offers[one.drop_id].drop.programme.id if one.drop_id in offers else None for one in asked],
        [key and key.route for key in keys],
        [key and key.key for key in keys],
        at,
    )
    return {
        n: Seen(
            row["person_id"],
            row["here"],
            kept=answer_of(row, key, repeats.keys) if repeats and key else None,
            repeated=row["status"] is not None,
            claimed=row["claimed"],
            used=Fen(row["used"]),
        )
        for n, row, key in zip(claims, rows, keys, strict=True)
    }


def _why_not(claim: Claim, offer: Offer | None, seen: Seen, at: datetime) -> Outcome | None:
    """The answer this key has had, or why there is no voucher; None when nothing but the stock decides."""
    if seen.repeated:
        return seen.kept or IdempotencyMismatch()
    if offer is None:
        return NoSuchDrop()
    if claim.resident.person_id is None:
        return IdentityRequired()
    if offer.is_refused and (refusal := drop_rules.refusal(offer.drop, at, offer.standing, offer.pack)):
        return refusal
    if offer.drop.mode is DropMode.LOTTERY:
        return DrawnByLot()
    if seen.claimed:
        return AlreadyClaimed()
    if seen.used >= person_cap(offer.rule):
        return PersonalLimitReached(cap_yuan=offer.rule.person_cap_yuan)
    return None


def _taker(claim: Claim, offer: Offer, seen: Seen) -> Taker:
    if claim.resident.person_id is None:
        raise ValueError("a taker is a verified person")
    return Taker(claim.resident.id, claim.resident.person_id, _reserve(offer, seen), claim.request)


def _reserve(offer: Offer, seen: Seen) -> Fen:
    """What the voucher may cost at most: an item's cap, or what is left of the person's."""
    return most_for_an_item(offer.rule, Fen(person_cap(offer.rule) - seen.used))
