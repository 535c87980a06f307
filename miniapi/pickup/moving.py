"""One move of a booking, as the table allows it, written down with who, why and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.accounts.actions import held
from miniapi.errors import NotAllowed, NotSignedIn
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.models import OfferState, Pickup, PickupEvent, PickupOffer, PickupState, Proof, Slot
from miniapi.pickup.moves import CALLED, MOVES, Actor, Move, is_allowed
from miniapi.pickup.telling import coming, tell_crew
from miniapi.reminders.actions import put_elsewhen


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moves a booking, and why; of a crew also which action of its phone, when it was done, its proof."""

    actor: Actor
    reason_sealed: str | None = None
    crew_id: UUID | None = None
    action: UUID | None = None
    done_at: datetime | None = None
    proof: Proof | None = None


SYSTEM = Mover(Actor.SYSTEM)


async def locked(pickups: "QuerySet[Pickup]") -> Pickup:
    """The one booking of these, locked; its slot is read after the lock, so it is the slot it is in now.

    Raises NoSuchPickup.
    """
    pickup = await pickups.select_for_update().first()
    if pickup is None:
        raise NoSuchPickup()
    await pickup.fetch_related("slot")
    return pickup


async def owner_stays(resident_id: UUID) -> bool:
    """Whether there is somebody to come to and to tell; their account is locked, before the booking."""
    try:
        await held(resident_id)
    except NotSignedIn:
        return False
    return True


def refuse_unless_allowed(pickup: Pickup, move: Move, actor: Actor) -> None:
    """Raises NotAllowed where no such actor makes this move, NotBooked, NotNow in another state."""
    if actor not in MOVES[move].by:
        raise NotAllowed()
    if is_allowed(move, pickup.state, actor):
        return
    if pickup.state is PickupState.CANCELLED:
        raise NotBooked()
    raise NotNow(state=pickup.state, called=CALLED[pickup.state])


async def make(
    pickup: Pickup, move: Move, mover: Mover, *, at: datetime, to: PickupState | None = None, **changed: Any
) -> PickupEvent:
    """Make a move of a locked booking; `to` where the table leaves a choice, `changed` columns along with it.

    A price is between a resident and the crew at the door: it ends with that visit.

    Raises NotAllowed, NotBooked, NotNow.
    """
    refuse_unless_allowed(pickup, move, mover.actor)
    (state,) = MOVES[move].after if to is None else MOVES[move].after & {to}
    if pickup.state is PickupState.ARRIVED:
        waiting = PickupOffer.filter(pickup_id=pickup.id, state=OfferState.OPEN)
        await waiting.update(state=OfferState.WITHDRAWN, answered_at=at)
    if state is PickupState.BOOKED:
        changed["agreed_fen"] = None
    moved = await Pickup.filter(id=pickup.id, state=pickup.state).update(state=state, **changed)
    if not moved:
        raise NotNow(state=pickup.state, called=CALLED[pickup.state])
    pickup.state = state
    for column, value in changed.items():
        setattr(pickup, column, value)
    return await note(pickup, MOVES[move].event, mover, at=at)


async def move_to(
    pickup: Pickup, slot: Slot, mover: Mover, crew_told: str, *, at: datetime, **changed: Any
) -> PickupEvent:
    """Move a locked booking to another slot, where it waits for a crew; what was asked for moves with it.

    The crew that had accepted it is told, of the time it had; its place and its shift are the caller's.
    Raises as `make` does.
    """
    was_at, crew_id = pickup.slot.starts_at, pickup.crew_id
    event = await make(pickup, Move.RESCHEDULE, mover, at=at, slot_id=slot.id, crew_id=None, **changed)
    await tell_crew(pickup, crew_id, crew_told, key=f"{event.id}", at=at)
    pickup.slot = slot
    await put_elsewhen(coming(pickup), was_at=was_at, at=at)
    return event


async def note(pickup: Pickup, what: str, mover: Mover, *, at: datetime) -> PickupEvent:
    """Write down what happened to a booking."""
    return await PickupEvent.create(
        pickup=pickup,
        what=what,
        actor=mover.actor.value,
        crew_id=mover.crew_id,
        action=mover.action,
        done_at=mover.done_at,
        proof=mover.proof,
        reason_sealed=mover.reason_sealed,
        at=at,
    )
