"""Places in slots: laying them out, taking and giving them back, keeping one while a form is filled in.

Everybody locks in one order: resident, gate, holds, booking, slots by key, shifts. Whoever changes how many
places there are passes the gate alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.ids import new_ids
from miniapi.pickup import rules
from miniapi.pickup.errors import CrewFull, NoSuchSlot, SlotClosed, SlotFull
from miniapi.pickup.models import Closure, CrewHours, Hold, Slot
from miniapi.pickup.rules import Planned

GATE = 0x70_69_63_6B_75_70  # "pickup"
ENTER = "SELECT pg_advisory_xact_lock_shared($1)"
ENTER_ALONE = "SELECT pg_advisory_xact_lock($1)"

COUNT = """
    UPDATE slot SET taken = taken + $2::int WHERE id = $1 AND taken + $2::int <= capacity RETURNING taken
"""
TAKE_SHIFT = """
    UPDATE shift SET taken = taken + 1 WHERE slot_id = $1 AND crew_id = $2 AND taken < capacity RETURNING id
"""
GIVE_SHIFT_BACK = "UPDATE shift SET taken = taken - 1 WHERE slot_id = $1 AND crew_id = $2 RETURNING id"
END_HOLD = "DELETE FROM hold WHERE resident_id = $1 AND slot_id = $2 RETURNING id"
END_OTHER_HOLDS = """
    DELETE FROM hold WHERE resident_id = $1 AND NOT (slot_id = $2 AND expires_at > $3) RETURNING slot_id
"""
END_ALL_HOLDS = "DELETE FROM hold WHERE resident_id = $1 RETURNING slot_id"
END_EXPIRED = """
    DELETE FROM hold WHERE id IN (
        SELECT id FROM hold WHERE expires_at <= $1 AND slot_id = coalesce($2, slot_id) FOR UPDATE SKIP LOCKED
    ) RETURNING slot_id
"""
ADD_SLOTS = """
    INSERT INTO slot (id, region, district, starts_at, ends_at, capacity, taken)
    SELECT *, 0, 0
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
    ON CONFLICT ON CONSTRAINT one_slot_per_time DO NOTHING
"""
RAISE_SHIFTS = """
    WITH wanted AS (
        SELECT p.id, s.id AS slot_id, p.crew_id, p.capacity, p.capacity - coalesce(f.capacity, 0) AS more
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::uuid[],
                    $7::int[]) AS p (id, region, district, starts_at, ends_at, crew_id, capacity)
            JOIN slot s USING (region, district, starts_at, ends_at)
            LEFT JOIN shift f ON f.slot_id = s.id AND f.crew_id = p.crew_id
    ), raised AS (
        INSERT INTO shift (id, slot_id, crew_id, capacity, taken)
        SELECT id, slot_id, crew_id, capacity, 0 FROM wanted WHERE more > 0
        ON CONFLICT ON CONSTRAINT one_shift_per_crew DO UPDATE SET capacity = excluded.capacity
    )
    UPDATE slot SET capacity = slot.capacity + by_all.more
    FROM (SELECT slot_id, sum(more)::int AS more FROM wanted WHERE more > 0 GROUP BY slot_id) by_all
    WHERE slot.id = by_all.slot_id RETURNING slot.id
"""


async def enter() -> None:
    """Pass the gate beside others: how many places there are stays as it is until the transaction ends."""
    await sql.rows(ENTER, GATE)


async def enter_alone() -> None:
    """Pass the gate alone: nobody takes a place or gives one back until the transaction ends."""
    await sql.rows(ENTER_ALONE, GATE)


async def open_slot(slot_id: UUID, at: datetime) -> Slot:
    """A slot to which a crew can still be sent. Raises NoSuchSlot, SlotClosed."""
    slot = await Slot.get_or_none(id=slot_id)
    if slot is None:
        raise NoSuchSlot()
    if not rules.is_bookable(slot, at):
        raise SlotClosed()
    return slot


async def take(slot: Slot, resident_id: UUID, *, at: datetime) -> int:
    """By how much one more booking of this resident raises what is taken; for `count`, inside the gate.

    A hold of their own is used up, and what others held too long is given back where the slot looks full.
    """
    own = len(await sql.rows(END_HOLD, resident_id, slot.id))
    return 1 - own - (await _expired(slot.id, at) if slot.left <= 0 else 0)


async def count(changes: Mapping[UUID, int]) -> dict[UUID, int]:
    """Take places of slots and give places back; how many are taken now. Raises SlotFull.

    Last in its transaction: the rows that everybody wants are locked for a moment only.
    """
    taken = {}
    for slot_id in sorted(slot_id for slot_id, change in changes.items() if change):
        counted = await sql.rows(COUNT, slot_id, changes[slot_id])
        if not counted:
            raise SlotFull()
        taken[slot_id] = counted[0]["taken"]
    return taken


async def take_shift(slot_id: UUID, crew_id: UUID) -> None:
    """One more booking of a slot is this crew's. Raises CrewFull."""
    if not await sql.rows(TAKE_SHIFT, slot_id, crew_id):
        raise CrewFull()


async def give_shift_back(slot_id: UUID, crew_id: UUID | None) -> None:
    """One booking less is this crew's; nothing where none had accepted it."""
    if crew_id is not None:
        await sql.rows(GIVE_SHIFT_BACK, slot_id, crew_id)


async def hold(slot_id: UUID, resident_id: UUID, *, at: datetime) -> Hold:
    """Keep a place for a while; the same one again is not kept longer, and another one is given up.

    Raises NotSignedIn of who left, NoSuchSlot, SlotClosed, SlotFull.
    """
    slot = await open_slot(slot_id, at)
    async with in_transaction():
        await held(resident_id)
        await enter()
        given_up = await sql.rows(END_OTHER_HOLDS, resident_id, slot.id, at)
        kept = await Hold.get_or_none(resident_id=resident_id)
        if kept is None:
            kept = await Hold.create(resident_id=resident_id, slot=slot, expires_at=at + rules.HOLD_FOR)
            changes = Counter({slot.id: 1 - (await _expired(slot.id, at) if slot.left <= 0 else 0)})
            changes.subtract(row["slot_id"] for row in given_up)
            await count(changes)
    return kept


async def let_go(slot_id: UUID, resident_id: UUID) -> None:
    """Give a place back that was kept; nothing where none was."""
    async with in_transaction():
        await enter()
        ended = await sql.rows(END_HOLD, resident_id, slot_id)
        await count({slot_id: -len(ended)})


async def let_go_all(resident_id: UUID) -> Counter[UUID]:
    """End what somebody who leaves has held: by how much which slot is less taken then, for `count`."""
    return Counter(row["slot_id"] for row in await sql.rows(END_ALL_HOLDS, resident_id))


async def give_back_expired(*, at: datetime) -> int:
    """Give back every place that was held too long; how many it were."""
    async with in_transaction():
        await enter()
        ended = Counter(row["slot_id"] for row in await sql.rows(END_EXPIRED, at, None))
        await count({slot_id: -many for slot_id, many in ended.items()})
    return ended.total()


async def lay_out_slots(*, at: datetime) -> int:
    """Give the slots of the next two weeks the places that are planned; how many slots have more by that."""
    async with in_transaction():
        await enter_alone()
        return await lay_out(await planned(CrewHours.all(), at=at))


async def planned(hours: "QuerySet[CrewHours]", *, at: datetime) -> list[Planned]:
    """What these hours come to in the next two weeks, closures left out. Call it inside the gate, alone."""
    closures = await Closure.filter(lifted_at=None, ends_at__gt=at)
    known = await hours.select_related("crew__merchant").order_by("id")
    return list(rules.laid_out(known, closures, at.astimezone(SHANGHAI).date()))


async def lay_out(planned: Sequence[Planned]) -> int:
    """Make slots and shifts with these places, or raise them to that; how many slots have more by that.

    What has more places than planned keeps them. Call it inside the gate, alone.
    """
    times = list({(one.region, one.district, one.starts_at): one for one in planned}.values())
    await sql.rows(ADD_SLOTS, new_ids(len(times)), *_where_and_when(times))
    crews, capacities = [one.crew_id for one in planned], [one.capacity for one in planned]
    raised = await sql.rows(RAISE_SHIFTS, new_ids(len(planned)), *_where_and_when(planned), crews, capacities)
    return len(raised)


async def give_expired_back(slot_id: UUID, *, at: datetime) -> bool:
    """Give back the places of this slot that were held too long; whether there were any. Inside the gate."""
    ended = await _expired(slot_id, at)
    await count({slot_id: -ended})
    return ended > 0


async def _expired(slot_id: UUID, at: datetime) -> int:
    return len(await sql.rows(END_EXPIRED, at, slot_id))


def _where_and_when(
    planned: Sequence[Planned],
) -> tuple[list[str], list[str], list[datetime], list[datetime]]:
    return (
        [one.region for one in planned],
        [one.district for one in planned],
        [one.starts_at for one in planned],
        [one.ends_at for one in planned],
    )
