"""Closing: for a while nobody comes. Bookings move to the next free place or are cancelled; all are told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.database import sql
from miniapi.keys import Keys
from miniapi.merchants.models import Crew
from miniapi.pickup import places, rules
from miniapi.pickup.emptying import Lost, empty, let_nobody_new_in
from miniapi.pickup.errors import NoSuchClosure, NoSuchCrew
from miniapi.pickup.models import Closure
from miniapi.pickup.moves import Actor, Move
from miniapi.pickup.moving import Mover
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep

AFFECTED = """slot.id = shift.slot_id AND slot.region = $1 AND slot.district = coalesce($2, slot.district)
      AND shift.crew_id = coalesce($3::uuid, shift.crew_id) AND slot.starts_at > $6
      AND slot.starts_at < $5 AND slot.ends_at > $4"""
END_SHIFTS = f"""
    DELETE FROM shift USING slot
    WHERE {AFFECTED}
    RETURNING shift.slot_id, shift.crew_id, shift.capacity
"""  # noqa: S608  words of ours
SOON = f"""
    SELECT shift.id FROM shift, slot
    WHERE {AFFECTED} AND slot.starts_at <= $7
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Closing:
    """Where and when nobody comes: in a region, or one district of it; no crew, or not this one."""

    region: str
    starts_at: datetime
    ends_at: datetime
    district: str | None = None
    crew_id: UUID | None = None


async def close(closing: Closing, reason: str, officer: Bureau, keys: Keys, *, at: datetime) -> Closure:
    """Take the places out of a time, all at once: whoever booked is moved, or told that it is off.

    The earliest bookings stay where another crew still has places. Who has booked what begins within
    SET_OUT_BEFORE stays, since crews may be on their way; nobody else can book it. Raises NoSuchCrew.
    """
    because = await fit_to_keep(reason, [], officer, StaffRole.BUREAU, keys, at=at)
    if closing.crew_id is not None:
        known = Crew.filter(id=closing.crew_id, merchant__region=closing.region)
        if not await known.exists():
            raise NoSuchCrew()
    async with in_transaction():
        await places.enter_alone()
        closure = await Closure.create(
            region=closing.region,
            district=closing.district,
            crew_id=closing.crew_id,
            starts_at=closing.starts_at,
            ends_at=closing.ends_at,
            reason=because,
            staff_id=officer.id,
            closed_at=at,
        )
        soon = await sql.rows(SOON, *_area(closing), at + rules.BOOK_UNTIL, at + rules.SET_OUT_BEFORE)
        await let_nobody_new_in({row["id"]: 0 for row in soon})
        lost = await _end_shifts(closing, at)
        done = await empty(lost, Mover(Actor.SYSTEM, keys.seal(because)), because, at=at)
        closure.moved, closure.cancelled = done[Move.RESCHEDULE], done[Move.CANCEL]
        await closure.save(update_fields=["moved", "cancelled"])
        await record(
            officer.actor,
            "pickups.closed",
            f"closure:{closure.id}",
            at=at,
            reason=because,
            after=_facts(closure),
        )
    return closure


async def lift(closure_id: UUID, officer: Bureau, *, at: datetime) -> Closure:
    """End a closure: its times can be booked again, as late as any. Lifting twice is lifting once.

    Raises NoSuchClosure.
    """
    async with in_transaction():
        lifted = await Closure.filter(id=closure_id, lifted_at=None).update(lifted_at=at)
        closure = await Closure.get_or_none(id=closure_id)
        if closure is None:
            raise NoSuchClosure()
        if lifted:
            await places.lay_out_slots(at=at)
            await record(
                officer.actor, "pickups.reopened", f"closure:{closure.id}", at=at, after=_facts(closure)
            )
    return closure


async def _end_shifts(closing: Closing, at: datetime) -> dict[UUID, Lost]:
    """Take the shifts away; what each slot loses by that."""
    ended = await sql.rows(END_SHIFTS, *_area(closing), at + rules.SET_OUT_BEFORE)
    slots = {row["slot_id"] for row in ended}
    return {
        slot_id: Lost(
            {row["crew_id"]: 0 for row in ended if row["slot_id"] == slot_id},
            sum(row["capacity"] for row in ended if row["slot_id"] == slot_id),
        )
        for slot_id in slots
    }


def _area(closing: Closing) -> tuple[object, ...]:
    """What a closure takes in, as the questions above ask for it."""
    return closing.region, closing.district, closing.crew_id, closing.starts_at, closing.ends_at


def _facts(closure: Closure) -> dict[str, object]:
    """A closure for the audit log."""
    return {
        "region": closure.region,
        "district": closure.district,
        "crew": closure.crew_id,
        "starts_at": closure.starts_at,
        "ends_at": closure.ends_at,
        "moved": closure.moved,
        "cancelled": closure.cancelled,
        "lifted": closure.lifted_at is not None,
    }
