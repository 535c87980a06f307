"""Taking places out of slots: whoever has none any more is moved to the next free one, or cancelled."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.pickup import places
from miniapi.pickup.models import Pickup, Shift, Slot
from miniapi.pickup.moves import GOING_ON, Move
from miniapi.pickup.moving import Mover, make, move_to
from miniapi.pickup.telling import tell, tell_crew
from miniapi.reminders.actions import call_off

KEEP = """
    UPDATE shift SET capacity = kept.capacity FROM unnest($1::uuid[], $2::int[]) AS kept (id, capacity)
    WHERE shift.id = kept.id RETURNING shift.id
"""
END_HOLDS = "DELETE FROM hold WHERE slot_id = $1 RETURNING id"
SHRINK = "UPDATE slot SET capacity = capacity - $2::int, taken = taken - $3::int WHERE id = $1 RETURNING id"
SHRINK_FREE = """
    UPDATE slot SET capacity = slot.capacity - less.capacity
    FROM unnest($1::uuid[], $2::int[]) AS less (id, capacity) WHERE slot.id = less.id RETURNING slot.id
"""
NEXT_PLACE = """
    SELECT id FROM slot
    WHERE region = $1 AND district = $2 AND starts_at > $3 AND taken < capacity
      AND NOT EXISTS (SELECT FROM pickup p WHERE p.slot_id = slot.id AND p.resident_id = $4
                      AND p.state IN ('booked', 'assigned', 'on_the_way', 'arrived'))
    ORDER BY starts_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a slot loses: for each crew that can do less there what it still can, and the places in all."""

    left: Mapping[UUID, int]
    capacity: int


async def empty(lost: Mapping[UUID, Lost], because: Mover, words: str, *, at: datetime) -> Counter[Move]:
    """Take these places out of these slots; how many bookings were moved, how many cancelled.

    In each the earliest bookings stay, as far as there are places. Call it inside the gate, alone.
    """
    done: Counter[Move] = Counter()
    slots = await Slot.filter(id__in=list(lost)).order_by("-starts_at", "-id")
    free = [slot.id for slot in slots if not slot.taken]
    await sql.rows(SHRINK_FREE, free, [lost[slot_id].capacity for slot_id in free])
    # the last slot first: whoever is moved on from an earlier one meets the later ones as they will be
    for slot in slots:
        if slot.taken:
            done += await _empty(slot, lost[slot.id], because, words, at=at)
    return done


async def let_nobody_new_in(wanted: Mapping[UUID, int]) -> None:
    """Leave these shifts, which begin too soon to move anybody, the places that are wanted or needed.

    They need one for each booking they have accepted, and for each that no other crew of their slot could
    accept. Call it inside the gate, alone.
    """
    slots = Slot.filter(shifts__id__in=list(wanted)).distinct().order_by("id").prefetch_related("shifts")
    for slot in await slots:
        fewer = [one for one in slot.shifts if wanted.get(one.id, one.capacity) < one.capacity]
        if not fewer:
            continue
        holds = await sql.rows(END_HOLDS, slot.id)
        kept = _kept(slot.shifts, fewer, wanted, slot.taken - len(holds))
        await sql.rows(SHRINK, slot.id, sum(one.capacity - kept[one.id] for one in fewer), len(holds))
        await Shift.filter(id__in=[shift_id for shift_id, places in kept.items() if not places]).delete()
        await sql.rows(KEEP, list(kept), list(kept.values()))


def _kept(
    shifts: Iterable[Shift], fewer: Sequence[Shift], wanted: Mapping[UUID, int], taken: int
) -> dict[UUID, int]:
    """How many places each of the shifts keeps that shall have fewer."""
    elsewhere = sum(one.capacity - one.taken for one in shifts if one not in fewer)
    waiting = taken - sum(one.taken for one in shifts) - elsewhere  # bookings that only these can accept
    kept = {}
    for one in fewer:
        free = max(0, wanted[one.id] - one.taken, min(waiting, one.capacity - one.taken))
        kept[one.id] = one.taken + free
        waiting -= free
    return kept


async def _empty(slot: Slot, lost: Lost, because: Mover, words: str, *, at: datetime) -> Counter[Move]:
    holds = await sql.rows(END_HOLDS, slot.id)
    booked = await Pickup.filter(slot_id=slot.id, state__in=list(GOING_ON)).order_by("booked_at", "id")
    accepted = _accepted(booked, lost.left)  # by crews that come: they keep them
    without = [one for one in booked if one not in accepted]
    stay = [*accepted, *without][: slot.capacity - lost.capacity]
    done: Counter[Move] = Counter()
    for pickup in booked:
        pickup.slot = slot
        if pickup not in stay:
            done[await _move_on(pickup, because, words, at=at)] += 1
        elif pickup in without and pickup.crew_id is not None:
            await _give_back(pickup, pickup.crew_id, because, words, at=at)
    await sql.rows(SHRINK, slot.id, lost.capacity, len(holds) + done.total())
    return done


def _accepted(booked: Sequence[Pickup], left: Mapping[UUID, int]) -> list[Pickup]:
    """The bookings that their crews can still do, the earliest of those that have to choose."""
    room, accepted = dict(left), []
    for pickup in booked:
        if pickup.crew_id is None:
            continue
        if pickup.crew_id in room:
            room[pickup.crew_id] -= 1
        if room.get(pickup.crew_id, 0) >= 0:
            accepted.append(pickup)
    return accepted


async def _give_back(pickup: Pickup, crew_id: UUID, because: Mover, words: str, *, at: datetime) -> None:
    """Let a booking wait for another crew, at its time."""
    event = await make(pickup, Move.GIVE_BACK, because, at=at, crew_id=None)
    await tell(pickup, f"因{words}正在另派师傅，时间不变", key=f"{event.id}", at=at)
    await tell_crew(pickup, crew_id, f"因{words}改由别的小组去，不用去了", key=f"{event.id}", at=at)
    await places.give_shift_back(pickup.slot_id, crew_id)


async def _move_on(pickup: Pickup, because: Mover, words: str, *, at: datetime) -> Move:
    """Move a booking to the next free place of its district, else cancel it; resident and crew are told."""
    old, crew_id = pickup.slot, pickup.crew_id
    found = await sql.rows(NEXT_PLACE, old.region, old.district, old.starts_at, pickup.resident_id)
    if found:
        new = await Slot.get(id=found[0]["id"])
        event = await move_to(pickup, new, because, f"因{words}改到别的时间，不用去了", at=at)
        await places.count({new.id: 1})
        when = f"{new.starts_at.astimezone(SHANGHAI):%m月%d日 %H:%M}"
        about = f"因{words}改到 {when}，不方便请改约或取消"
    else:
        event = await make(pickup, Move.CANCEL, because, at=at, crew_id=None)
        await call_off(pickup.id, at=at)
        await tell_crew(pickup, crew_id, f"因{words}取消，不用去了", key=f"{event.id}", at=at)
        about = f"因{words}取消，近两周没有空档，请过些天再约"
    await tell(pickup, about, key=f"{event.id}", at=at)
    await places.give_shift_back(old.id, crew_id)
    return Move.RESCHEDULE if found else Move.CANCEL
