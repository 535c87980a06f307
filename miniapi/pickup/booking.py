"""A booking in two statements: who books, with the gate, and then everything it writes."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from miniapi.database import sql
from miniapi.errors import NotSignedIn
from miniapi.http.answers import dumps
from miniapi.ids import new_id
from miniapi.pickup import places, rules
from miniapi.pickup.errors import AlreadyBooked, NoSuchSlot, SlotFull, TooManyActive
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.pickup.moves import GOING_ON, Actor

ACTIVE = ",".join(f"'{state}'" for state in sorted(GOING_ON))
HOLD_AND_ENTER = """
    WITH owner AS MATERIALIZED (
        SELECT id FROM resident WHERE id = $1 AND left_at IS NULL FOR NO KEY UPDATE
    )
    SELECT pg_advisory_xact_lock_shared($2), slot.* FROM owner LEFT JOIN slot ON slot.id = $3
"""
# the place first, and nothing where there is none; the rows of the booking only with it
BOOK = f"""
    WITH theirs AS MATERIALIZED (
        SELECT count(*) FILTER (WHERE s.ends_at > $14) AS active,
               coalesce(bool_or(p.slot_id = $3), false) AS again
        FROM pickup p JOIN slot s ON s.id = p.slot_id
        WHERE p.resident_id = $2 AND p.state IN ({ACTIVE})
    ), held AS (
        DELETE FROM hold WHERE resident_id = $2 AND slot_id = $3 RETURNING id
    ), place AS (
        UPDATE slot SET taken = taken + 1 - (SELECT count(*)::int FROM held)
        WHERE id = $3 AND taken + 1 - (SELECT count(*)::int FROM held) <= capacity
          AND (SELECT active < $17::int AND NOT again FROM theirs)
        RETURNING taken
    ), booked AS (
        INSERT INTO pickup (id, number, resident_id, slot_id, state, items, words_sealed, district,
                            street_sealed, contact_sealed, floor, lift, call_first, with_delivery, changes,
                            wrong_codes, booked_at)
        SELECT $1, $4, $2, $3, '{PickupState.BOOKED}', $5::jsonb, $6, $7, $8, $9, $10::smallint, $11::bool,
               $12::bool, $13::bool, 0, 0, $14::timestamptz FROM place
    ), noted AS (
        INSERT INTO pickup_event (id, pickup_id, what, actor, at)
        SELECT $15, $1, 'booked', $16, $14 FROM place
    )
    SELECT theirs.active, theirs.again, (SELECT taken FROM place) AS taken FROM theirs
"""  # noqa: S608  words of ours


@dataclass(frozen=True, slots=True)
class Wish:
    """What a booking says of things, door and contact, sealed as it is kept."""

    items: list[dict[str, Any]]
    words_sealed: str | None
    district: str
    street_sealed: str
    contact_sealed: str | None
    floor: int | None
    lift: bool | None
    call_first: bool
    with_delivery: bool


async def hold_and_enter(resident_id: UUID, slot_id: UUID) -> Slot:
    """Hold the account, pass the gate beside others, read the slot.

    Raises NotSignedIn of who left, NoSuchSlot.
    """
    found = await sql.rows(HOLD_AND_ENTER, resident_id, places.GATE, slot_id)
    if not found:
        raise NotSignedIn()
    row = found[0]
    if row["id"] is None:
        raise NoSuchSlot()
    return Slot(
        id=slot_id,
        region=row["region"],
        district=row["district"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        capacity=row["capacity"],
        taken=row["taken"],
    )


async def write(slot: Slot, resident_id: UUID, wish: Wish, *, at: datetime) -> Pickup:
    """Take a place of a slot, the one that was kept for this resident if any, and write the booking down.

    Call it inside the gate. Raises AlreadyBooked, TooManyActive, SlotFull.
    """
    pickup = Pickup(
        id=new_id(),
        number=f"{secrets.randbelow(10**10):010d}",
        resident_id=resident_id,
        slot_id=slot.id,
        items=wish.items,
        words_sealed=wish.words_sealed,
        district=wish.district,
        street_sealed=wish.street_sealed,
        contact_sealed=wish.contact_sealed,
        floor=wish.floor,
        lift=wish.lift,
        call_first=wish.call_first,
        with_delivery=wish.with_delivery,
        booked_at=at,
    )
    row = await _written(pickup)
    if row["again"]:
        raise AlreadyBooked()
    if row["active"] >= rules.MOST_ACTIVE:
        raise TooManyActive(most=rules.MOST_ACTIVE)
    if row["taken"] is None and await places.give_expired_back(slot.id, at=at):
        row = await _written(pickup)
    if row["taken"] is None:
        raise SlotFull()
    slot.taken = row["taken"]
    pickup.slot = slot
    pickup._saved_in_db = True  # Tortoise did not write it, and takes it for new
    return pickup


async def _written(pickup: Pickup) -> dict[str, Any]:
    (row,) = await sql.rows(
        BOOK,
        pickup.id,
        pickup.resident_id,
        pickup.slot_id,
        pickup.number,
        dumps(pickup.items),
        pickup.words_sealed,
        pickup.district,
        pickup.street_sealed,
        pickup.contact_sealed,
        pickup.floor,
        pickup.lift,
        pickup.call_first,
        pickup.with_delivery,
        pickup.booked_at,
        new_id(),
        Actor.RESIDENT.value,
        rules.MOST_ACTIVE,
    )
    return row
