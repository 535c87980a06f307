"""Planning, changing and announcing drops."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library, Pack
from faq.rules import CalendarRule
from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.database.races import refused_by
from miniapi.drops import lottery, queries, rules
from miniapi.drops.errors import (
    DrawTimeUnfit,
    DropAtThatTime,
    DropInThePast,
    DropOver,
    NoSuchDrop,
    OutsideWindow,
    QuotaBelowIssued,
    QuotaOverRoom,
)
from miniapi.drops.models import Drop, DropMode
from miniapi.keys import Keys
from miniapi.ledger.models import AccountName
from miniapi.ledger.queries import balance
from miniapi.masking import masked_words
from miniapi.money import from_yuan
from miniapi.programmes.models import Programme
from miniapi.programmes.queries import programme_of
from miniapi.reminders.holding import hold_back
from miniapi.staff.callers import Bureau

REGISTRATION = timedelta(hours=2)  # how long a lottery takes registrations, unless the bureau says otherwise


@dataclass(frozen=True, slots=True)
class NewDrop:
    """A drop as the bureau wants it; `draws_at` is when a lottery is drawn."""

    opens_at: datetime
    quota: int
    mode: DropMode = DropMode.FIRST_COME
    draws_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the bureau changes about a drop; what is None stays as it is."""

    quota: int | None = None
    frozen: bool | None = None


async def plan_season(programme: Programme, calendar: CalendarRule, *, quota: int) -> None:
    """Plan every drop of the calendar that is not planned yet, each with this quota."""
    planned = [_drop(programme, calendar, opens_at, quota) for opens_at in calendar.drops()]
    await Drop.bulk_create(planned, ignore_conflicts=True)


async def plan(pack: Pack, wanted: NewDrop, officer: Bureau, keys: Keys, *, at: datetime) -> Drop:
    """Plan one drop of a region's programme, on a day of the calendar or another one within the window.

    Raises NoSuchProgramme, OutsideWindow, DropInThePast, DrawTimeUnfit, QuotaOverRoom, DropAtThatTime.
    """
    programme = await programme_of(pack.region, at=at)
    calendar = _calendar(pack, programme, at)
    drop = _within(programme, calendar, wanted, pack, at)
    if wanted.mode is DropMode.LOTTERY:
        _draw(drop, wanted.draws_at, keys)
    with refused_by("one_drop_per_time", DropAtThatTime(opens_at=_here(drop.opens_at))):
        async with in_transaction():
            room = await _room(programme, pack, at)
            if drop.quota > room:
                raise QuotaOverRoom(room=room)
            await drop.save(force_create=True)
            after = {**asdict(wanted), "draws_at": drop.draws_at, "valid_until": drop.valid_until}
            after["in_calendar"] = drop.opens_at in calendar.drops()
            after["commitment"] = drop.seed_commitment
            await record(officer.actor, "drop.planned", f"drop:{drop.id}", at=at, after=after)
    return await queries.drop(drop.id)


async def change(
    drop_id: UUID, wanted: Change, reason: str, officer: Bureau, library: Library, *, at: datetime
) -> Drop:
    """Change a drop's quota, freeze it or let it go on, for a reason that a freeze shows to everybody.

    Raises NoSuchDrop, DropOver, QuotaBelowIssued, QuotaOverRoom.
    """
    because = masked_words(reason)
    async with in_transaction():
        # nobody gets a voucher of it meanwhile: what was issued is counted, a freeze holds from the commit on
        drop = await Drop.filter(id=drop_id).select_for_update(no_key=True).first()
        if drop is None:
            raise NoSuchDrop()
        if over := rules.why_over(drop, at):
            raise DropOver(because=over)
        before = _as_changed(drop)
        if wanted.quota is not None:
            await _allow(drop, wanted.quota, library, at)
            drop.quota = wanted.quota
        if wanted.frozen is not None:
            drop.frozen_because = because if wanted.frozen else None
        await drop.save(update_fields=["quota", "frozen_because"])
        await record(
            officer.actor,
            "drop.changed",
            f"drop:{drop.id}",
            at=at,
            reason=because,
            before=asdict(before),
            after=asdict(_as_changed(drop)),
        )
    return await queries.drop(drop.id)


async def announce(*, at: datetime) -> Sequence[Drop]:
    """Note that drops have opened, in their order; opening itself is a question to the clock."""
    opened = await Drop.filter(opens_at__lte=at, announced_at=None).order_by("opens_at")
    return [
        drop for drop in opened if await Drop.filter(id=drop.id, announced_at=None).update(announced_at=at)
    ]


async def hold_reminders_back(*, at: datetime) -> int:
    """Call nobody to a drop that is frozen, by itself or with its programme; how many reminders wait now."""
    return await hold_back(await queries.paused(at), at=at)


def _drop(programme: Programme, calendar: CalendarRule, opens_at: datetime, quota: int) -> Drop:
    valid_until = calendar.valid_until(opens_at.astimezone(SHANGHAI).date())
    return Drop(
        programme=programme, opens_at=opens_at, valid_until=valid_until, closes_at=valid_until, quota=quota
    )


def _within(programme: Programme, calendar: CalendarRule, wanted: NewDrop, pack: Pack, at: datetime) -> Drop:
    """The drop, where its time is one at which vouchers can be given out."""
    window = programme.opens_at <= wanted.opens_at < programme.closes_at
    drop = _drop(programme, calendar, wanted.opens_at, wanted.quota) if window else None
    if drop is None or drop.valid_until <= drop.opens_at:  # in the last second of the window
        raise OutsideWindow(
            opens_at=_here(programme.opens_at),
            closes_at=_here(programme.closes_at),
            citations=[pack.citation(calendar.cites_last_day, at)],
        )
    if drop.opens_at < at:
        raise DropInThePast(now=_here(at))
    return drop


def _draw(drop: Drop, draws_at: datetime | None, keys: Keys) -> None:
    """Let a drop be drawn by lot."""
    drop.mode = DropMode.LOTTERY
    drop.draws_at = draws_at or drop.opens_at + REGISTRATION
    if not drop.opens_at < drop.draws_at < drop.closes_at:
        raise DrawTimeUnfit(opens_at=_here(drop.opens_at), closes_at=_here(drop.closes_at))
    drop.seed_sealed, drop.seed_commitment = lottery.new_seed(keys)


async def _allow(drop: Drop, quota: int, library: Library, at: datetime) -> None:
    """Refuse a quota that takes back what was given, or promises what the pool does not cover."""
    if quota < drop.issued:
        raise QuotaBelowIssued(issued=drop.issued)
    programme = await drop.programme
    room = await _room(programme, library.packs[programme.region], at)
    if quota > drop.issued + room:
        raise QuotaOverRoom(room=room)


async def _room(programme: Programme, pack: Pack, at: datetime) -> int:
    """How many vouchers the pool still covers."""
    rule = pack.rules.subsidy(at.astimezone(SHANGHAI).date())
    if rule is None:
        raise ValueError(f"the programme {programme.code} has no subsidy rule")
    return rules.room(await balance(programme.code, AccountName.POOL), from_yuan(rule.item_cap_yuan))


def _calendar(pack: Pack, programme: Programme, at: datetime) -> CalendarRule:
    calendar = pack.rules.calendar(at.astimezone(SHANGHAI).date())
    if calendar is None:
        raise ValueError(f"the programme {programme.code} has no calendar")
    return calendar


def _as_changed(drop: Drop) -> Change:
    return Change(quota=drop.quota, frozen=drop.frozen_because is not None)


def _here(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI)
