"""What a station and a dismantler do: taking old things over, weighed, once for every action of a phone."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.custody import queries
from miniapi.custody.models import Certificate
from miniapi.keys import Keys
from miniapi.merchants.callers import Dismantler, Station
from miniapi.pickup.crewing import Act, once, timed
from miniapi.pickup.errors import ActionUsed, NoSuchPickup
from miniapi.pickup.handing import hand_over
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup, PickupEvent
from miniapi.pickup.moves import Actor, Move
from miniapi.pickup.moving import Mover, locked, make, owner_stays
from miniapi.pickup.telling import tell


@dataclass(frozen=True, slots=True)
class _Taking:
    """Who takes things over, by which move, and what their owner is told."""

    theirs: "QuerySet[Pickup]"
    merchant_id: UUID
    move: Move
    actor: Actor
    hand: Hand
    told: str


async def receive(
    pickup_id: UUID, weight_grams: int, worker: Station, act: Act, keys: Keys, *, at: datetime
) -> Handover:
    """Take in at a station what a crew has collected; an action that comes again changes nothing.

    Raises NoSuchPickup, ActionUsed, NotBooked, NotNow, LicenceMissing, LicenceExpired, and InvalidRequest
    for a time the phone cannot mean.
    """
    merchant = worker.merchant
    theirs = queries.collected_by(merchant.id)
    taking = _Taking(theirs, merchant.id, Move.RECEIVE, Actor.STATION, Hand.STATION, "的旧物已送到回收站")
    return await _take(pickup_id, weight_grams, taking, act, keys, at=at)


async def dismantle(
    pickup_id: UUID, weight_grams: int, worker: Dismantler, act: Act, keys: Keys, *, at: datetime
) -> Handover:
    """Take over from a station and take apart, which gives the owner a certificate.

    Raises as `receive` does.
    """
    merchant = worker.merchant
    theirs = queries.meant_for(merchant, pickup_id)
    told = "的旧物已由有资格的企业拆解，可查看和下载处理证明"
    taking = _Taking(theirs, merchant.id, Move.DISMANTLE, Actor.DISMANTLER, Hand.DISMANTLER, told)
    return await _take(pickup_id, weight_grams, taking, act, keys, at=at)


async def _take(
    pickup_id: UUID, weight_grams: int, taking: _Taking, act: Act, keys: Keys, *, at: datetime
) -> Handover:
    async with once():
        stays = await owner_stays(await _owner_of(taking.theirs, pickup_id))
        pickup = await locked(taking.theirs.filter(id=pickup_id))
        if (done := await _done(pickup, taking, act)) is not None:
            return done
        act = await timed(act, pickup, at)
        mover = Mover(
            taking.actor,
            keys.seal(act.reason) if act.reason else None,
            action=act.action,
            done_at=act.done_at,
        )
        event = await make(pickup, taking.move, mover, at=at)
        taken = await hand_over(pickup, taking.hand, taking.merchant_id, weight_grams, mover, at=at)
        if taking.hand is Hand.DISMANTLER:
            await Certificate.create(pickup=pickup, code=new_code(), issued_at=at)
        if stays:  # what was collected goes its way all the same
            await tell(pickup, taking.told, key=f"{event.id}", at=at)
    return taken


def new_code() -> str:
    """What a certificate is asked for by: 128 random bits, in 26 letters and digits hard to mistake."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")


async def _owner_of(pickups: "QuerySet[Pickup]", pickup_id: UUID) -> UUID:
    pickup = await pickups.get_or_none(id=pickup_id)
    if pickup is None:
        raise NoSuchPickup()
    return pickup.resident_id


async def _done(pickup: Pickup, taking: _Taking, act: Act) -> Handover | None:
    """What this very action has done before. Raises ActionUsed where it was something else."""
    if not await PickupEvent.exists(action=act.action):
        return None
    done = await Handover.get_or_none(action=act.action)
    if done is None or (done.pickup_id, done.hand, done.merchant_id) != (
        pickup.id,
        taking.hand,
        taking.merchant_id,
    ):
        raise ActionUsed()
    return done
