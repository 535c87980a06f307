"""What the staff do with single bookings: ending a dispute, cancelling, unlocking a code."""

from dataclasses import dataclass, replace
from datetime import datetime

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.merchants.models import Crew
from miniapi.pickup import places, queries
from miniapi.pickup.errors import NeverOffered, NoSuchPickup, NotNow
from miniapi.pickup.handing import hand_over
from miniapi.pickup.handover_models import Hand
from miniapi.pickup.models import Pickup, PickupEvent, PickupOffer, PickupState
from miniapi.pickup.moves import CALLED, Actor, Move
from miniapi.pickup.moving import Mover, locked, make, owner_stays
from miniapi.pickup.telling import tell, tell_crew
from miniapi.reminders.actions import call_off
from miniapi.staff.callers import Bureau, SupportOfficer
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a dispute ends: collected after all, with what was weighed and paid, or cancelled."""

    state: PickupState
    weight_grams: int | None = None
    price_fen: int | None = None


async def resolve(
    number: str, outcome: Outcome, reason: str, officer: Bureau, keys: Keys, *, at: datetime
) -> Pickup:
    """End a dispute; resident and crew are told.

    What is paid is a price that the crew named, and the things were handed over when it was at the door.

    Raises NoSuchPickup, ReasonPersonal, NotBooked, NotNow, NeverOffered, LicenceMissing, LicenceExpired.
    """
    because = await kept_reason(number, reason, officer, StaffRole.BUREAU, keys, at=at)
    async with in_transaction():
        await places.enter()
        pickup = await locked(Pickup.filter(number=number))
        mover = Mover(Actor.STAFF, keys.seal(because))
        event = await make(
            pickup,
            Move.RESOLVE,
            mover,
            at=at,
            to=outcome.state,
            weight_grams=outcome.weight_grams,
            price_fen=outcome.price_fen,
        )
        if outcome.weight_grams is not None:
            if not await PickupOffer.exists(pickup_id=pickup.id, price_fen=outcome.price_fen):
                raise NeverOffered()
            crew = await Crew.get(id=pickup.crew_id)
            there = replace(mover, done_at=await _arrived_at(pickup, at))
            await hand_over(pickup, Hand.CREW, crew.merchant_id, outcome.weight_grams, there, at=at)
        ended = "按已回收办结" if outcome.state is PickupState.COLLECTED else "已取消"
        await tell(pickup, f"的争议已处理：{ended}", key=f"{event.id}", at=at)
        await tell_crew(pickup, pickup.crew_id, f"的争议已处理：{ended}", key=f"{event.id}", at=at)
        if outcome.state is PickupState.CANCELLED:
            await places.count({pickup.slot_id: -1})
            await places.give_shift_back(pickup.slot_id, pickup.crew_id)
        await record(
            officer.actor,
            "pickup.resolved",
            f"resident:{pickup.resident_id}",
            at=at,
            reason=because,
            after={"role": StaffRole.BUREAU, "pickup": pickup.id, "state": pickup.state},
        )
    return pickup


async def _arrived_at(pickup: Pickup, at: datetime) -> datetime:
    """When the crew came to the door; now where nobody wrote it down."""
    arrived = await PickupEvent.filter(pickup_id=pickup.id, what="arrived").order_by("-id").first()
    return (arrived.done_at or arrived.at) if arrived else at


async def cancel(number: str, reason: str, officer: SupportOfficer, keys: Keys, *, at: datetime) -> Pickup:
    """Cancel a booking, however late; resident and crew are told, its place is free again.

    A dispute is not ended so. Raises NoSuchPickup, ReasonPersonal, NotBooked, NotNow.
    """
    because = await kept_reason(number, reason, officer, StaffRole.SUPPORT, keys, at=at)
    owner = (await Pickup.get(number=number)).resident_id
    async with in_transaction():
        stays = await owner_stays(owner)
        await places.enter()
        pickup = await locked(Pickup.filter(number=number))
        if pickup.state is PickupState.DISPUTED:
            raise NotNow(state=pickup.state, called=CALLED[pickup.state])
        before = pickup.state
        event = await make(pickup, Move.CANCEL, Mover(Actor.STAFF, keys.seal(because)), at=at)
        await call_off(pickup.id, at=at)
        if stays:
            await tell(pickup, "已由客服取消，可以重新预约", key=f"{event.id}", at=at)
        await tell_crew(pickup, pickup.crew_id, "已取消，不用去了", key=f"{event.id}", at=at)
        await places.count({pickup.slot_id: -1})
        await places.give_shift_back(pickup.slot_id, pickup.crew_id)
        await record(
            officer.actor,
            "pickup.cancelled",
            f"resident:{pickup.resident_id}",
            at=at,
            reason=because,
            before={"state": before},
            after={"role": StaffRole.SUPPORT, "pickup": pickup.id, "state": pickup.state},
        )
    return pickup


async def unlock_code(
    number: str, reason: str, officer: SupportOfficer, keys: Keys, *, at: datetime
) -> Pickup:
    """Let a crew try its resident's code again. Raises NoSuchPickup, ReasonPersonal."""
    because = await kept_reason(number, reason, officer, StaffRole.SUPPORT, keys, at=at)
    async with in_transaction():
        pickup = await locked(Pickup.filter(number=number))
        before, pickup.wrong_codes = pickup.wrong_codes, 0
        await Pickup.filter(id=pickup.id).update(wrong_codes=0)
        await record(
            officer.actor,
            "pickup.code_unlocked",
            f"resident:{pickup.resident_id}",
            at=at,
            reason=because,
            before={"wrong_codes": before},
            after={"role": StaffRole.SUPPORT, "pickup": pickup.id, "wrong_codes": 0},
        )
    return pickup


async def kept_reason(
    number: str, reason: str, officer: Bureau | SupportOfficer, role: StaffRole, keys: Keys, *, at: datetime
) -> str:
    """The reason as the log keeps it. Raises NoSuchPickup, ReasonPersonal."""
    pickup = await queries.numbered(number).select_related("resident").first()
    if pickup is None:
        raise NoSuchPickup()
    return await fit_to_keep(reason, [pickup.resident], officer, role, keys, at=at)
