"""Drawing a drop by lot: its seed is told, everybody gets a place, and the first places a voucher each."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from faq.rules import SubsidyRule
from miniapi.audit.actions import last_link, record
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.drops import lottery, lottery_queries, lottery_rules
from miniapi.drops import rules as drop_rules
from miniapi.drops.models import Drop
from miniapi.errors import Unavailable
from miniapi.keys import Keys, SealBroken
from miniapi.money import Fen
from miniapi.reminders.actions import owe_all
from miniapi.reminders.occasions import Occasion
from miniapi.subsidies.rules import most_for_an_item, person_cap
from miniapi.vouchers.ending import expire_overdue
from miniapi.vouchers.issuing import Stock, Taker, drafted, issue, stock_of

log = logging.getLogger(__name__)

RESULT = "draw"  # a kind that no template carries: a result waits in the inbox and uses up no consent

HOLD = "SELECT id FROM resident WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
# somebody who has left is nobody's account any more, and takes part without a person
ENTRANTS = """
    SELECT g.id, g.resident_id, r.person_id, (
        SELECT coalesce(sum(v.subsidy_fen + v.reserved_fen), 0)::bigint
        FROM voucher v JOIN "drop" d ON d.id = v.drop_id
        WHERE v.person_id = r.person_id AND d.programme_id = $2
    ) AS used
    FROM registration g JOIN resident r ON r.id = g.resident_id
    WHERE g.drop_id = $1 AND g.withdrawn_at IS NULL
"""
PLACE = """
    UPDATE registration SET place = drawn.place, won = drawn.won
    FROM unnest($1::uuid[], $2::int[], $3::bool[]) AS drawn (id, place, won)
    WHERE registration.id = drawn.id RETURNING registration.id
"""


class SeedsSealed(Unavailable):
    """A scheduler without the installation's key can do everything but draw."""

    code = "seeds_sealed"
    sentence = "抽签的种子要用 HUANXIN_SECRET_KEY 打开，请给调度进程设置它。"


class NotAsPublished(Exception):
    """A seed or the entries are other than what was published of them: nothing may be drawn with it."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody who takes part: `used` is what the person has kept or reserved; who has left has no person."""

    id: UUID
    resident_id: UUID
    person_id: UUID | None
    used: Fen


async def draw_due(library: Library, keys: Keys | None, *, at: datetime) -> Sequence[Drop]:
    """Draw every lottery whose time has come, also one that was missed; which were drawn.

    One that cannot be drawn is logged and left, and does not stop those behind it. Raises SeedsSealed, and
    at the end what broke the first one off that may go better the next time.
    """
    due, drawn, broken_off = await lottery_queries.lotteries_due(at), [], list[Exception]()
    if due and keys is None:
        raise SeedsSealed()
    for drop in due:
        try:
            if keys is not None and await draw(drop.id, library, keys, at=at):
                drawn.append(drop)
        except (SealBroken, NotAsPublished) as problem:
            log.error("the drop %s cannot be drawn: %s", drop.id, problem)
        except Exception as problem:
            broken_off.append(problem)
    if broken_off:
        raise broken_off[0]
    return drawn


async def draw(drop_id: UUID, library: Library, keys: Keys, *, at: datetime) -> bool:
    """Draw a lottery, once, from its time on; False where it waits or is done.

    Vouchers go to the places in their order, until the quota is used up. Passed over, and the next place
    moves up, is who has left, whose personal room is used up, and whose reserve the pool does not cover.
    When the drop is over already, everybody gets a place and nobody a voucher.

    Raises NoSuchDrop, NotByLot, SealBroken, NotAsPublished.
    """
    drop = await lottery_queries.lottery(drop_id)
    if at < drop.ends_at:
        return False
    await lottery.fix_entries(drop, at=at)
    if _waits(drop, library, at):
        return False
    await expire_overdue(at=at)  # what has lapsed takes up nobody's room
    async with in_transaction():
        entrants = await _held_entrants(drop)
        stock = await stock_of(drop, with_log=False)
        drop = await lottery_queries.lottery(drop_id)  # as it stands under its lock
        if _waits(drop, library, at):
            return False
        seed = _seed(drop, entrants, keys)
        ranked = [entrants[entry] for entry in lottery_rules.ranking(seed, entrants)]
        takers = {} if lottery_rules.is_over(drop, at) else _takers(ranked, stock, _rule(drop, library, at))
        await Drop.filter(id=drop.id).update(seed=seed, drawn_at=at)
        await _give_places(ranked, takers)
        await _tell_the_others(drop, ranked, takers, at=at)
        if takers:
            draft = drafted(drop, list(takers.values()), at=at)
            stock = replace(stock, last=await last_link())
            await issue(draft, draft.ranked(stock), stock)
        told = {
            "commitment": drop.seed_commitment,
            "entries_digest": drop.entries_digest,
            "seed": seed,
            "registered": len(ranked),
            "won": len(takers),
        }
        await record(lottery.DRAWER, "drop.drawn", f"drop:{drop.id}", at=at, after=told)
    return True


def _waits(drop: Drop, library: Library, at: datetime) -> bool:
    return lottery_rules.waits(drop, at, drop_rules.standing_of(drop, library, at))


async def _held_entrants(drop: Drop) -> dict[UUID, Entrant]:
    """Who takes part, their accounts held until the transaction ends."""
    held: set[UUID] = set()
    while True:
        rows = await sql.rows(ENTRANTS, drop.id, drop.programme.id)
        accounts = {row["resident_id"] for row in rows}
        if accounts <= held:
            return {row["id"]: Entrant(**row) for row in rows}
        await sql.rows(HOLD, list(accounts - held))  # again for whoever got another account meanwhile
        held |= accounts


def _seed(drop: Drop, entrants: Mapping[UUID, Entrant], keys: Keys) -> str:
    """The seed, which the commitment is of. Raises SealBroken, NotAsPublished."""
    seed = keys.unseal(drop.seed_sealed or "")
    if lottery_rules.commitment(seed) != drop.seed_commitment:
        raise NotAsPublished("its seed is not the one that was committed to")
    if lottery_rules.digest(entrants) != drop.entries_digest:
        raise NotAsPublished("its entries are not those that were fixed")
    return seed


def _rule(drop: Drop, library: Library, at: datetime) -> SubsidyRule:
    rule = library.packs[drop.programme.region].rules.subsidy(at.astimezone(SHANGHAI).date())
    if rule is None:
        raise ValueError(f"the programme {drop.programme.code} has no subsidy rule")
    return rule


def _takers(ranked: Sequence[Entrant], stock: Stock, rule: SubsidyRule) -> dict[UUID, Taker]:
    """Who gets a voucher, by registration, in the order of their places."""
    takers: dict[UUID, Taker] = {}
    pool = stock.pool
    for one in ranked:
        if len(takers) == stock.left:
            break
        reserve = most_for_an_item(rule, Fen(person_cap(rule) - one.used))
        if one.person_id is not None and 0 < reserve <= pool:
            takers[one.id] = Taker(one.resident_id, one.person_id, reserve)
            pool = Fen(pool - reserve)
    return takers


async def _give_places(ranked: Sequence[Entrant], takers: Mapping[UUID, Taker]) -> None:
    ids = [one.id for one in ranked]
    await sql.rows(PLACE, ids, list(range(1, len(ids) + 1)), [one in takers for one in ids])


async def _tell_the_others(
    drop: Drop, ranked: Sequence[Entrant], takers: Mapping[UUID, Taker], *, at: datetime
) -> None:
    """Owe word to everybody who is still here and won nothing."""
    owed = []
    for place, one in enumerate(ranked, start=1):
        if one.person_id is not None and one.id not in takers:
            about = f"{drop.programme.name}消费券抽签：您排在第 {place} 位，这次没有中签"
            occasion = Occasion(kind=RESULT, subject=one.id, at=at, about=about, fields={})
            owed.append((one.resident_id, occasion, f"draw:{one.id}"))
    await owe_all(owed, at=at)
