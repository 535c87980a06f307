"""Photos that a crew takes at the door, the signature drawn on its phone, and what support may open."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import desk, photo_files, photos, queries
from miniapi.pickup.crewing import locked_for
from miniapi.pickup.errors import NoSuchPickup
from miniapi.pickup.models import Pickup
from miniapi.pickup.moves import Actor, Move
from miniapi.pickup.moving import refuse_unless_allowed
from miniapi.pickup.photo_errors import NoSuchPhoto
from miniapi.pickup.photo_models import PhotoKind, PickupPhoto
from miniapi.pickup.photos import Aside
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.models import StaffRole


async def put_aside(
    pickup_id: UUID, kind: PhotoKind, member: CrewMember, content: bytes, folder: Path
) -> Aside:
    """The picture of a file, kept for a booking at whose door this crew stands; before `add`'s transaction.

    Raises NoSuchPickup, NotBooked, NotNow, PhotosFull, PhotoUnreadable, PhotoTooDetailed, PhotosAway.
    """
    _refuse_elsewhere(await queries.crews_pickup(pickup_id, member.crew.id), member)
    if kind is PhotoKind.TAKEN:
        await photos.free_place(pickup_id, kind)  # before anything is unpacked
    return await photos.kept_aside(content, folder)


async def add(
    pickup_id: UUID,
    kind: PhotoKind,
    member: CrewMember,
    aside: Aside,
    folder: Path,
    keys: Keys,
    *,
    at: datetime,
) -> PickupPhoto:
    """Add what was put aside, or delete it; a new signature takes the place of the one before.

    Raises NoSuchPickup, NotBooked, NotNow, PhotosFull.
    """
    try:
        async with in_transaction():
            pickup = await locked_for(pickup_id, member)
            _refuse_elsewhere(pickup, member)
            if kind is PhotoKind.SIGNATURE:
                await PickupPhoto.filter(pickup_id=pickup.id, kind=kind).delete()
            place = await photos.free_place(pickup.id, kind)
            return await photos.written_down(aside, pickup.id, kind, place, keys, at=at)
    except BaseException:
        await asyncio.to_thread(photo_files.remove, folder, aside.photo_id)
        raise


async def for_support(number: str) -> Sequence[PickupPhoto]:
    """What photos there are of a booking. Raises NoSuchPickup."""
    pickup = await queries.numbered(number).first()
    if pickup is None:
        raise NoSuchPickup()
    return await PickupPhoto.filter(pickup_id=pickup.id).order_by(*photos.IN_ORDER)


async def show_to_support(
    number: str,
    photo_id: UUID,
    reason: str,
    officer: SupportOfficer,
    folder: Path,
    keys: Keys,
    *,
    at: datetime,
) -> bytes:
    """One of them as a JPEG; its resident sees who looked and why.

    Raises NoSuchPickup, ReasonPersonal, NoSuchPhoto, PhotosAway.
    """
    because = await desk.kept_reason(number, reason, officer, StaffRole.SUPPORT, keys, at=at)
    photo = await PickupPhoto.get_or_none(id=photo_id, pickup__number=number).select_related("pickup")
    if photo is None:
        raise NoSuchPhoto()
    async with in_transaction():
        after = {"role": StaffRole.SUPPORT, "fields": ["photo"], "pickup": photo.pickup_id}
        subject = f"resident:{photo.pickup.resident_id}"
        await record(officer.actor, "pickup.opened", subject, at=at, reason=because, after=after)
    return await photos.opened(photo, folder, keys)


def _refuse_elsewhere(pickup: Pickup, member: CrewMember) -> None:
    """Raises NoSuchPickup of what is another crew's, NotBooked, NotNow where they are not at the door."""
    if pickup.crew_id not in (None, member.crew.id):
        raise NoSuchPickup()
    refuse_unless_allowed(pickup, Move.COLLECT, Actor.CREW)
