"""Closing: for a while nobody comes. Bookings move to the next free place or are cancelled; all are told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.keys import Keys
from miniapi.merchants.models import Crew
from miniapi.pickup import places, rules
from miniapi.pickup.errors import NoSuchClosure, NoSuchCrew
from miniapi.pickup.models import Closure, Pickup, Slot
from miniapi.pickup.moves import GOING_ON, Actor, Move
from miniapi.pickup.moving import Mover, make
from miniapi.pickup.telling import tell, tell_crew
from miniapi.reminders.actions import call_off
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep

# those who are told are locked before the gate, as everybody who passes it beside others is
HOLD_CREWS = """
    SELECT r.id FROM resident r JOIN member m ON m.resident_id = r.id JOIN crew c ON c.id = m.crew_id
        JOIN merchant e ON e.id = c.merchant_id
    WHERE e.region = $1 ORDER BY r.id FOR SHARE OF r
"""
END_SHIFTS = """
    DELETE FROM shift USING slot
    WHERE slot.id = shift.slot_id AND slot.region = $1 AND slot.district = coalesce($2, slot.district)
      AND shift.crew_id = coalesce($3::uuid, shift.crew_id) AND slot.starts_at > $6
      AND slot.starts_at < $5 AND slot.ends_at > $4
    RETURNING shift.slot_id, shift.crew_id, shift.capacity
"""
END_HOLDS = "DELETE FROM hold WHERE slot_id = $1 RETURNING id"
SHRINK = "UPDATE slot SET capacity = capacity - $2::int, taken = taken - $3::int WHERE id = $1 RETURNING id"
NEXT_PLACE = """
    SELECT id FROM slot
    WHERE region = $1 AND district = $2 AND starts_at > $3 AND taken < capacity AND id <> ALL($4::uuid[])
      AND NOT EXISTS (SELECT FROM pickup p WHERE p.slot_id = slot.id AND p.resident_id = $5
                      AND p.state IN ('booked', 'assigned', 'on_the_way', 'arrived'))
    ORDER BY starts_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """Where and when nobody comes: in a region, or one district of it; no crew, or not this one."""

    region: str
    starts_at: datetime
    ends_at: datetime
    district: str | None = None
    crew_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """What a slot loses: the crews that do not come, and their places."""

    crew_ids: frozenset[UUID]
    capacity: int


async def close(closing: Closing, reason: str, officer: Bureau, keys: Keys, *, at: datetime) -> Closure:
    """Take the places out of a time, all at once: whoever booked is moved, or told that it is off.

    The earliest bookings stay where another crew still has places. What begins within SET_OUT_BEFORE stays:
    crews may be on their way. Raises NoSuchCrew.
    """
    because = await fit_to_keep(reason, [], officer, StaffRole.BUREAU, keys, at=at)
    if closing.crew_id is not None:
        known = Crew.filter(id=closing.crew_id, merchant__region=closing.region)
        if not await known.exists():
            raise NoSuchCrew()
    async with in_transaction():
        await sql.rows(HOLD_CREWS, closing.region)
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
        lost = await _end_shifts(closing, at)
        mover, done = Mover(Actor.SYSTEM, keys.seal(because)), Counter[Move]()
        for slot in await Slot.filter(id__in=list(lost)).order_by("starts_at", "id"):
            done += await _empty(slot, lost[slot.id], list(lost), mover, because, at=at)
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
    """End a closure: its times can be booked again. Lifting twice is lifting once. Raises NoSuchClosure."""
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
    ended = await sql.rows(
        END_SHIFTS,
        closing.region,
        closing.district,
        closing.crew_id,
        closing.starts_at,
        closing.ends_at,
        at + rules.SET_OUT_BEFORE,
    )
    slots = {row["slot_id"] for row in ended}
    return {
        slot_id: Lost(
            frozenset(row["crew_id"] for row in ended if row["slot_id"] == slot_id),
            sum(row["capacity"] for row in ended if row["slot_id"] == slot_id),
        )
        for slot_id in slots
    }


async def _empty(
    slot: Slot, lost: Lost, elsewhere_than: Sequence[UUID], because: Mover, words: str, *, at: datetime
) -> Counter[Move]:
    """Bring out of a slot whoever has no place there any more; how many were moved, how many cancelled."""
    holds = await sql.rows(END_HOLDS, slot.id)
    booked = await Pickup.filter(slot_id=slot.id, state__in=list(GOING_ON)).order_by("booked_at", "id")
    without = [one for one in booked if one.crew_id is None or one.crew_id in lost.crew_ids]
    accepted = [one for one in booked if one not in without]  # by crews that come: they keep them
    stay = [*accepted, *without][: slot.capacity - lost.capacity]
    done: Counter[Move] = Counter()
    for pickup in booked:
        pickup.slot = slot
        if pickup not in stay:
            done[await _move_on(pickup, elsewhere_than, because, words, at=at)] += 1
        elif pickup.crew_id in lost.crew_ids:
            await make(pickup, Move.GIVE_BACK, because, at=at, crew_id=None)
    await sql.rows(SHRINK, slot.id, lost.capacity, len(holds) + done.total())
    return done


async def _move_on(
    pickup: Pickup, elsewhere_than: Sequence[UUID], because: Mover, words: str, *, at: datetime
) -> Move:
    """Move a booking to the next free place of its district, else cancel it; resident and crew are told."""
    old, crew_id = pickup.slot, pickup.crew_id
    where = (old.region, old.district, old.starts_at, list(elsewhere_than), pickup.resident_id)
    found = await sql.rows(NEXT_PLACE, *where)
    await call_off(pickup.id, at=at)
    if found:
        pickup.slot = await Slot.get(id=found[0]["id"])
        event = await make(pickup, Move.RESCHEDULE, because, at=at, slot_id=pickup.slot.id, crew_id=None)
        await places.count({pickup.slot.id: 1})
        when = f"{pickup.slot.starts_at.astimezone(SHANGHAI):%m月%d日 %H:%M}"
        about = f"因{words}改到 {when}，不方便请改约或取消"
    else:
        event = await make(pickup, Move.CANCEL, because, at=at, crew_id=None)
        about = f"因{words}取消，近两周没有空档，请过些天再约"
    await tell(pickup, about, key=f"{event.id}", at=at)
    await tell_crew(pickup, crew_id, "因停收改期或取消，不用去了", key=f"{event.id}", at=at)
    await places.give_shift_back(old.id, crew_id)
    return Move.RESCHEDULE if found else Move.CANCEL


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
