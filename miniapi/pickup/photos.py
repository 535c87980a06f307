"""Photos of a booking: its resident adds them, so that the crew knows what waits for it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import photo_files, queries, rules
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import CALLED, ENDED
from miniapi.pickup.photo_errors import NoSuchPhoto, PhotosFull
from miniapi.pickup.photo_files import Sealed
from miniapi.pickup.photo_models import PhotoKind, PickupPhoto

MOST = 6  # of what a resident gives, and as many of what a crew takes
IN_ORDER = ("kind", "place")
KEPT_FOR = timedelta(days=90)  # after the crew's hours ended: a dispute is over by then
ONE_AT_A_TIME = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photos")  # each takes up to 64 MB


@dataclass(frozen=True, slots=True)
class Aside:
    """A picture that is on the disk, and that nothing opens yet."""

    photo_id: UUID
    sealed: Sealed


async def put_aside(pickup_id: UUID, resident_id: UUID, content: bytes, folder: Path) -> Aside:
    """The picture of a file, without anything else that it tells, kept for a booking of this resident.

    Call it before the transaction of `add`: it takes a second, and the disk. Raises NoSuchPickup, NotBooked,
    NotNow, PhotosFull, PhotoUnreadable, PhotoTooDetailed, PhotosAway.
    """
    await _free_place(await _own(pickup_id, resident_id))  # before anything is unpacked
    return await kept_aside(content, folder)


async def add(
    pickup_id: UUID, resident_id: UUID, aside: Aside, folder: Path, keys: Keys, *, at: datetime
) -> PickupPhoto:
    """Add what was put aside to a booking, or delete it.

    Raises NoSuchPickup, NotBooked, NotNow, PhotosFull.
    """
    try:
        async with in_transaction():
            await held(resident_id)
            place = await _free_place(await _own(pickup_id, resident_id, locked=True))
            return await written_down(aside, pickup_id, PhotoKind.GIVEN, place, keys, at=at)
    except BaseException:
        await asyncio.to_thread(photo_files.remove, folder, aside.photo_id)
        raise


async def kept_aside(content: bytes, folder: Path) -> Aside:
    """The picture of a file, without anything else that it tells, on the disk.

    Raises PhotoUnreadable, PhotoTooDetailed, PhotosAway.
    """
    photo_id = uuid4()
    return Aside(photo_id, await _in_turn(content, folder, photo_id))


async def written_down(
    aside: Aside, pickup_id: UUID, kind: PhotoKind, place: int, keys: Keys, *, at: datetime
) -> PickupPhoto:
    """Let a picture that was put aside be opened. Call it inside a transaction."""
    return await PickupPhoto.create(
        id=aside.photo_id,
        pickup_id=pickup_id,
        kind=kind,
        place=place,
        key_sealed=keys.seal(aside.sealed.key),
        width=aside.sealed.width,
        height=aside.sealed.height,
        added_at=at,
    )


async def of_pickup(pickup_id: UUID, resident_id: UUID) -> Sequence[PickupPhoto]:
    """The photos of a booking of this resident, in their order. Raises NoSuchPickup."""
    await _own(pickup_id, resident_id)
    return await PickupPhoto.filter(pickup_id=pickup_id).order_by(*IN_ORDER)


async def show(pickup_id: UUID, photo_id: UUID, resident_id: UUID, folder: Path, keys: Keys) -> bytes:
    """A photo as a JPEG. Raises NoSuchPickup, NoSuchPhoto, PhotosAway."""
    await _own(pickup_id, resident_id)
    photo = await PickupPhoto.get_or_none(id=photo_id, pickup_id=pickup_id)
    if photo is None:
        raise NoSuchPhoto()
    return await opened(photo, folder, keys)


async def for_crew(pickup_id: UUID, member: CrewMember, *, at: datetime) -> Sequence[PickupPhoto]:
    """The photos of a booking while a crew may see its door, else none. Raises NoSuchPickup."""
    pickup = await queries.crews_pickup(pickup_id, member.crew.id)
    if not rules.may_see_door(pickup, member.crew.id, at):
        return []
    return await PickupPhoto.filter(pickup_id=pickup_id).select_related("pickup").order_by(*IN_ORDER)


async def show_to_crew(
    pickup_id: UUID, photo_id: UUID, member: CrewMember, folder: Path, keys: Keys, *, at: datetime
) -> bytes:
    """One of them as a JPEG; its resident sees who looked. Raises NoSuchPickup, NoSuchPhoto, PhotosAway."""
    known = {photo.id: photo for photo in await for_crew(pickup_id, member, at=at)}
    if (photo := known.get(photo_id)) is None:
        raise NoSuchPhoto()
    async with in_transaction():
        subject = f"resident:{photo.pickup.resident_id}"
        after = {"role": "crew", "fields": ["photo"], "pickup": pickup_id}
        await record(member.actor, "pickup.opened", subject, at=at, after=after)
    return await opened(photo, folder, keys)


async def remove(pickup_id: UUID, photo_id: UUID, resident_id: UUID, folder: Path) -> None:
    """Delete a photo that this resident added to a booking. Raises NoSuchPickup, NoSuchPhoto."""
    await _own(pickup_id, resident_id)
    if not await PickupPhoto.filter(id=photo_id, pickup_id=pickup_id, kind=PhotoKind.GIVEN).delete():
        raise NoSuchPhoto()
    await asyncio.to_thread(photo_files.remove, folder, photo_id)


async def erase_all(resident_id: UUID) -> int:
    """Let nothing open the photos of somebody who leaves any more; how many there were.

    Their files are swept away. Call it inside a transaction that holds the account.
    """
    own = await PickupPhoto.filter(pickup__resident_id=resident_id).only("id")
    return await PickupPhoto.filter(id__in=[photo.id for photo in own]).delete()


async def forget_old(*, at: datetime) -> int:
    """The same for photos of visits that are long over; how many."""
    over = await PickupPhoto.filter(pickup__slot__ends_at__lte=at - KEPT_FOR).only("id")
    return await PickupPhoto.filter(id__in=[photo.id for photo in over]).delete()


async def sweep(folder: Path) -> int:
    """Delete the files that nothing opens any more; how many."""
    files = await asyncio.to_thread(photo_files.left_behind, folder)
    opened = {photo.id.hex for photo in await PickupPhoto.all().only("id")}
    gone = [file for file in files if file.name not in opened]
    await asyncio.to_thread(photo_files.delete, gone)
    return len(gone)


async def opened(photo: PickupPhoto, folder: Path, keys: Keys) -> bytes:
    """The JPEG of a photo. Raises NoSuchPhoto, PhotosAway."""
    content = await asyncio.to_thread(photo_files.take, folder, photo.id)
    return photo_files.unsealed(content, keys.unseal(photo.key_sealed))


async def _in_turn(content: bytes, folder: Path, photo_id: UUID) -> Sealed:
    """The picture, redrawn, sealed and on the disk; one after the other."""

    def kept() -> Sealed:
        sealed = photo_files.sealed(photo_files.redrawn(content))
        photo_files.keep(folder, photo_id, sealed.content)
        return sealed

    return await asyncio.get_running_loop().run_in_executor(ONE_AT_A_TIME, kept)


async def _own(pickup_id: UUID, resident_id: UUID, *, locked: bool = False) -> Pickup:
    own = Pickup.filter(id=pickup_id, resident_id=resident_id)
    pickup = await (own.select_for_update() if locked else own).first()
    if pickup is None:
        raise NoSuchPickup()
    return pickup


async def _free_place(pickup: Pickup) -> int:
    """The first of six places that is free. Raises NotBooked, NotNow, PhotosFull."""
    if pickup.state is PickupState.CANCELLED:
        raise NotBooked()
    if pickup.state in ENDED:
        raise NotNow(state=pickup.state, called=CALLED[pickup.state])
    return await free_place(pickup.id, PhotoKind.GIVEN)


async def free_place(pickup_id: UUID, kind: PhotoKind) -> int:
    """The first place for a photo of this kind that is free. Raises PhotosFull."""
    taken = {photo.place for photo in await PickupPhoto.filter(pickup_id=pickup_id, kind=kind).only("place")}
    free = [place for place in range(1, MOST + 1) if place not in taken]
    if not free:
        raise PhotosFull(most=MOST)
    return free[0]
