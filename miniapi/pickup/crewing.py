"""What a crew does with a booking: accepting it, going there, collecting. An action counts once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.clock import SHANGHAI
from miniapi.database import sql
from miniapi.database.races import refused_by
from miniapi.http.errors import invalid_field
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import by_the_clock, places, queries, rules
from miniapi.pickup.errors import (
    ActionUsed,
    CodeLocked,
    CodeWrong,
    NoSuchPickup,
    NotBooked,
    PriceNotAgreed,
    TooEarly,
    TooLateNow,
)
from miniapi.pickup.handing import hand_over
from miniapi.pickup.handover_models import Hand
from miniapi.pickup.models import OfferState, Pickup, PickupEvent, PickupOffer, PickupState, Proof
from miniapi.pickup.moves import MOVES, Actor, Move
from miniapi.pickup.moving import Mover, locked, make, note, owner_stays, refuse_unless_allowed
from miniapi.pickup.photo_errors import PhotoNeeded, SignatureMissing
from miniapi.pickup.photo_models import PhotoKind, PickupPhoto
from miniapi.pickup.telling import TOLD, tell

WRONG_CODE = "wrong_code"
# that the crew counted as missing is what the clock said, nothing that was done
LAST_DONE = """
    SELECT max(coalesce(done_at, at)) AS done_at FROM pickup_event
    WHERE pickup_id = $1 AND what <> 'missed_crew'
"""


@dataclass(frozen=True, slots=True)
class Act:
    """What a phone sends: its own name for this action, when it was done there, and why where it says so."""

    action: UUID
    done_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What a crew takes along, what it pays, and the code its owner showed or the picture they signed."""

    weight_grams: int
    price_fen: int
    code: str | None = None
    signature: UUID | None = None


async def look_at(pickup_id: UUID, member: CrewMember, *, at: datetime) -> Pickup:
    """One booking; where its door is shown its resident sees who looked. Raises NoSuchPickup."""
    async with in_transaction():
        pickup = await queries.crews_pickup(pickup_id, member.crew.id)
        if rules.may_see_door(pickup, member.crew.id, at):
            after = {"role": "crew", "fields": ["street", "phone"], "pickup": pickup.id}
            await record(member.actor, "pickup.opened", f"resident:{pickup.resident_id}", at=at, after=after)
    return pickup


async def move(
    pickup_id: UUID, what: Move, member: CrewMember, act: Act, keys: Keys, *, at: datetime
) -> Pickup:
    """Accept, give back, set out, arrive, or find nobody there; an action that comes again changes nothing.

    What is given back when its slot is over is missed. Raises NoSuchPickup, ActionUsed, NotBooked, NotNow,
    CrewFull, TooEarly, TooLateNow, and InvalidRequest for a time the phone cannot mean.
    """
    async with once():
        pickup, stays = await _held_for(pickup_id, member)
        if await _is_done(pickup, MOVES[what].event, member, act):
            return pickup
        _refuse_who_left(stays)
        refuse_unless_allowed(pickup, what, Actor.CREW)
        act = await timed(act, pickup, at)
        await _refuse_too_early_or_late(pickup, what, act.done_at, at)
        crew_id = None if what is Move.GIVE_BACK else member.crew.id
        event = await make(pickup, what, _mover(member, act, keys), at=at, crew_id=crew_id)
        if what is Move.GIVE_BACK and at >= pickup.slot.ends_at:
            await by_the_clock.miss(pickup, at=at)
        else:
            await tell(pickup, TOLD[what], key=f"{event.id}", at=at)
        if what is Move.ACCEPT:
            await places.take_shift(pickup.slot_id, member.crew.id)
        if what is Move.GIVE_BACK:
            await places.give_shift_back(pickup.slot_id, member.crew.id)
    return pickup


async def offer(
    pickup_id: UUID, price_fen: int, member: CrewMember, act: Act, keys: Keys, *, at: datetime
) -> Pickup:
    """Name a price at the door; another one that waits for its answer is withdrawn. Raises as `move` does."""
    async with once():
        pickup, stays = await _held_for(pickup_id, member)
        if await _is_done(pickup, "offered", member, act):
            return pickup
        _refuse_who_left(stays)
        refuse_unless_allowed(pickup, Move.COLLECT, Actor.CREW)
        act = await timed(act, pickup, at)
        waiting = PickupOffer.filter(pickup_id=pickup.id, state=OfferState.OPEN)
        await waiting.update(state=OfferState.WITHDRAWN, answered_at=at)
        await PickupOffer.create(pickup=pickup, price_fen=price_fen, offered_at=at)
        event = await note(pickup, "offered", _mover(member, act, keys), at=at)
        await tell(pickup, "有新的报价，请在小程序里确认", key=f"{event.id}", at=at)
    return pickup


async def collect(
    pickup_id: UUID, collected: Collected, member: CrewMember, act: Act, keys: Keys, *, at: datetime
) -> Pickup:
    """Take the old things along at the price their owner agreed to, with the code they showed or signed.

    A wrong code is counted although it is refused, once for an action. Raises CodeWrong, CodeLocked,
    SignatureMissing, PhotoNeeded, PriceNotAgreed, LicenceMissing, LicenceExpired, and as `move` does.
    """
    async with once():
        pickup, stays = await _held_for(pickup_id, member)
        await _refuse_wrong_try(pickup, member, act)
        if await _is_done(pickup, MOVES[Move.COLLECT].event, member, act):
            return pickup
        _refuse_who_left(stays)
        refuse_unless_allowed(pickup, Move.COLLECT, Actor.CREW)
        act = await timed(act, pickup, at)
        proof = await _proof(pickup, collected, keys)
        if proof is not None:
            if collected.price_fen != pickup.agreed_fen:
                raise PriceNotAgreed()
            mover = replace(_mover(member, act, keys), proof=proof)
            event = await make(
                pickup,
                Move.COLLECT,
                mover,
                at=at,
                weight_grams=collected.weight_grams,
                price_fen=collected.price_fen,
            )
            await hand_over(pickup, Hand.CREW, member.crew.merchant_id, collected.weight_grams, mover, at=at)
            await tell(pickup, TOLD[Move.COLLECT], key=f"{event.id}", at=at)
        else:
            pickup.wrong_codes += 1
            await Pickup.filter(id=pickup.id).update(wrong_codes=pickup.wrong_codes)
            await note(pickup, WRONG_CODE, _mover(member, act, keys), at=at)
    if proof is None:
        raise _wrong(pickup)
    return pickup


async def _refuse_wrong_try(pickup: Pickup, member: CrewMember, act: Act) -> None:
    """Raises CodeWrong of an action that was a wrong try, whatever code it brings now: it is counted."""
    tries = PickupEvent.filter(pickup_id=pickup.id, crew_id=member.crew.id, what=WRONG_CODE)
    if await tries.filter(action=act.action).exists():
        raise _wrong(pickup)


def _wrong(pickup: Pickup) -> CodeWrong:
    return CodeWrong(left=rules.MOST_WRONG_CODES - pickup.wrong_codes)


async def _proof(pickup: Pickup, collected: Collected, keys: Keys) -> Proof | None:
    """How the resident agrees; None where the code is wrong.

    Raises CodeLocked, SignatureMissing, PhotoNeeded.
    """
    if collected.signature is not None:
        at_the_door = PickupPhoto.filter(pickup_id=pickup.id)
        if not await at_the_door.filter(id=collected.signature, kind=PhotoKind.SIGNATURE).exists():
            raise SignatureMissing()
        if not await at_the_door.filter(kind=PhotoKind.TAKEN).exists():
            raise PhotoNeeded()
        return Proof.SIGNATURE
    if pickup.wrong_codes >= rules.MOST_WRONG_CODES:
        raise CodeLocked()
    return Proof.CODE if keys.is_pickup_code(pickup.id.bytes, collected.code or "") else None


async def timed(act: Act, pickup: Pickup, at: datetime) -> Act:
    """The action at a time that can be: not later than now, not before what happened to the booking last.

    A clock that is a little fast or slow is put right. Raises InvalidRequest for a time it cannot mean.
    """
    if act.done_at > at + rules.CLOCKS_OFF:
        raise invalid_field("done_at", "不能晚于现在")
    if act.done_at < at - rules.LATEST_WORD:
        raise invalid_field("done_at", "已超过 24 小时")
    last = (await sql.rows(LAST_DONE, pickup.id))[0]["done_at"]
    if act.done_at < last - rules.CLOCKS_OFF:
        raise invalid_field("done_at", "不能早于这个预约的上一步")
    return replace(act, done_at=min(max(act.done_at, last), at))


async def _refuse_too_early_or_late(pickup: Pickup, what: Move, done_at: datetime, at: datetime) -> None:
    """By the time of the phone; a visit that would be missed again at once, by ours.

    Raises TooEarly, TooLateNow.
    """
    slot = pickup.slot
    if what is Move.ACCEPT:
        _refuse_from(slot.ends_at.astimezone(SHANGHAI), done_at)
    if what is Move.SET_OUT and done_at < (since := rules.may_set_out_from(slot)):
        raise TooEarly(since=since)
    if what is Move.MISS_RESIDENT:
        await _refuse_unless_waited(pickup, done_at)
    if pickup.state is PickupState.MISSED_BY_CREW:
        _refuse_from(rules.missed_at(slot), done_at)
        _refuse_from(rules.last_word_until(slot), at)


async def _refuse_unless_waited(pickup: Pickup, done_at: datetime) -> None:
    """Whoever came late, or tells of it when they count as missing, does not say that nobody was there.

    Raises TooEarly, TooLateNow.
    """
    arrived = await PickupEvent.filter(pickup_id=pickup.id, what="arrived").order_by("-id").first()
    arrived_at, heard_at = (arrived.done_at or arrived.at, arrived.at) if arrived else (done_at, done_at)
    ends_at, missed_at = pickup.slot.ends_at.astimezone(SHANGHAI), rules.missed_at(pickup.slot)
    _refuse_from(ends_at, arrived_at)
    _refuse_from(missed_at, heard_at)
    if done_at < (since := rules.has_waited_from(pickup.slot, arrived_at)):
        raise TooEarly(since=since)


def _refuse_from(until: datetime, at: datetime) -> None:
    """Raises TooLateNow from a time on."""
    if at >= until:
        raise TooLateNow(until=until)


@asynccontextmanager
async def once() -> AsyncGenerator[None]:
    """A transaction in which an action counts; ActionUsed where it is counted elsewhere at this moment."""
    with refused_by("one_event_per_action", ActionUsed()):
        async with in_transaction():
            yield


async def _held_for(pickup_id: UUID, member: CrewMember) -> tuple[Pickup, bool]:
    """What `locked_for` finds, inside the gate, and whether its owner, locked before it, is still there."""
    known = await Pickup.get_or_none(id=pickup_id)
    if known is None:
        raise NoSuchPickup()
    stays = await owner_stays(known.resident_id)
    await places.enter()
    return await locked_for(pickup_id, member), stays


def _refuse_who_left(stays: bool) -> None:
    """Nobody goes to somebody who has left. Raises NotBooked."""
    if not stays:
        raise NotBooked()


async def locked_for(pickup_id: UUID, member: CrewMember) -> Pickup:
    """A booking, locked, with which this crew has or had to do. Raises NoSuchPickup."""
    pickup = await locked(Pickup.filter(id=pickup_id))
    known = await queries.is_for(pickup, member.crew.id)
    if not known and not await PickupEvent.exists(pickup_id=pickup.id, crew_id=member.crew.id):
        raise NoSuchPickup()
    return pickup


async def _is_done(pickup: Pickup, event: str, member: CrewMember, act: Act) -> bool:
    """Whether this very action has counted. Raises ActionUsed, and NoSuchPickup of what is theirs no more."""
    done = await PickupEvent.get_or_none(action=act.action)
    if done is not None:
        if (done.pickup_id, done.crew_id, done.what) != (pickup.id, member.crew.id, event):
            raise ActionUsed()
        return True
    if not await queries.is_for(pickup, member.crew.id):
        raise NoSuchPickup()
    return False


def _mover(member: CrewMember, act: Act, keys: Keys) -> Mover:
    sealed = keys.seal(act.reason) if act.reason else None
    return Mover(Actor.CREW, sealed, member.crew.id, act.action, act.done_at)
