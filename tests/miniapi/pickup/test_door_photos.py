"""At the door: what a crew photographs, who signs for it, and who may look at it later."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.ids import new_id
from miniapi.pickup import crewing, door_photos, photos
from miniapi.pickup.crewing import Collected
from miniapi.pickup.errors import NoSuchPickup, NotNow
from miniapi.pickup.models import Pickup, PickupEvent, PickupState, Proof
from miniapi.pickup.moves import Move
from miniapi.pickup.photo_errors import (
    NoSuchPhoto,
    PhotoNeeded,
    PhotosFull,
    PhotoUnreadable,
    SignatureMissing,
)
from miniapi.pickup.photo_models import PhotoKind, PickupPhoto
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.models import StaffRole
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, agreed_to, an_act, moved
from tests.factories.pictures import a_picture
from tests.factories.slots import a_crew, a_crew_member, a_slot
from tests.factories.staff import a_staff

PRICE = 5000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "photos"


@pytest.fixture
async def at_the_door(member, noon):
    """A booking at whose door the crew stands, with a price that its resident agreed to."""
    slot = await a_slot(noon, hours_ahead=2)
    pickup = await moved(await a_pickup(noon, slot), member, Move.ACCEPT, Move.SET_OUT, Move.ARRIVE, at=noon)
    await crewing.offer(pickup.id, PRICE, member, an_act(noon), KEYS, at=noon)
    return await agreed_to(pickup, at=noon)


@pytest.fixture
def take(at_the_door, member, folder, noon):
    """Take a photo at the door, or a signature."""

    async def one(kind=PhotoKind.TAKEN, *, by=member, content=None, of=at_the_door):
        aside = await door_photos.put_aside(of.id, kind, by, content or a_picture(), folder)
        return await door_photos.add(of.id, kind, by, aside, folder, KEYS, at=noon)

    return one


@pytest.fixture
def collect(at_the_door, member, noon):
    async def done(**proof):
        collected = Collected(30_000, PRICE, **proof)
        return await crewing.collect(at_the_door.id, collected, member, an_act(noon), KEYS, at=noon)

    return done


def files(folder):
    return {path.name for path in folder.iterdir()}


class TestPhotos:
    async def test_are_kept_as_the_residents_are_and_shown_to_both(
        self, take, at_the_door, member, folder, noon
    ):
        photo = await take()

        seen_by_owner = await photos.show(at_the_door.id, photo.id, at_the_door.resident_id, folder, KEYS)
        listed = await photos.for_crew(at_the_door.id, member, at=noon)

        assert seen_by_owner.startswith(b"\xff\xd8")
        assert files(folder) == {photo.id.hex}
        assert [(one.id, one.kind) for one in listed] == [(photo.id, PhotoKind.TAKEN)]

    async def test_are_six_beside_the_residents_own(self, take, at_the_door, folder, noon):
        aside = await photos.put_aside(at_the_door.id, at_the_door.resident_id, a_picture(), folder)
        await photos.add(at_the_door.id, at_the_door.resident_id, aside, folder, KEYS, at=noon)

        outcomes = await asyncio.gather(*(take() for _ in range(8)), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {PickupPhoto: 6, PhotosFull: 2}
        assert len(files(folder)) == 7

    async def test_are_not_deleted_by_the_resident(self, take, at_the_door, folder):
        photo = await take()

        with pytest.raises(NoSuchPhoto):
            await photos.remove(at_the_door.id, photo.id, at_the_door.resident_id, folder)

        assert await PickupPhoto.exists(id=photo.id)

    async def test_are_taken_at_the_door_only(self, take, member, folder, noon):
        on_the_way = await a_pickup(noon, await a_slot(noon))
        await moved(on_the_way, member, Move.ACCEPT, at=noon)

        with pytest.raises(NotNow):
            await take(of=on_the_way)

        assert not folder.exists()

    async def test_are_not_taken_by_another_crew(self, take, noon):
        stranger = await a_crew_member(noon, await a_crew("别的组"))

        with pytest.raises(NoSuchPickup):
            await take(by=stranger)

    async def test_of_what_is_no_picture_leave_nothing(self, take, folder):
        with pytest.raises(PhotoUnreadable):
            await take(content=b"hello")

        assert not folder.exists()


class TestSignatures:
    async def test_stand_for_the_code(self, take, collect, at_the_door):
        await take()
        signed = await take(PhotoKind.SIGNATURE)

        pickup = await collect(signature=signed.id)

        event = await PickupEvent.get(pickup_id=at_the_door.id, what="collected")
        assert (pickup.state, event.proof) == (PickupState.COLLECTED, Proof.SIGNATURE)

    async def test_a_code_is_on_record_as_one(self, collect, at_the_door):
        await collect(code=KEYS.pickup_code(at_the_door.id.bytes))

        assert (await PickupEvent.get(pickup_id=at_the_door.id, what="collected")).proof is Proof.CODE

    async def test_need_a_photo_of_what_is_taken(self, take, collect, at_the_door):
        signed = await take(PhotoKind.SIGNATURE)

        with pytest.raises(PhotoNeeded):
            await collect(signature=signed.id)

        assert (await Pickup.get(id=at_the_door.id)).state is PickupState.ARRIVED

    async def test_are_not_replaced_by_any_picture(self, take, collect):
        photo = await take()

        for no_signature in (photo.id, new_id()):
            with pytest.raises(SignatureMissing):
                await collect(signature=no_signature)

    async def test_drawn_again_the_last_one_counts(self, take, collect):
        await take()
        first, second = await take(PhotoKind.SIGNATURE), await take(PhotoKind.SIGNATURE)

        with pytest.raises(SignatureMissing):
            await collect(signature=first.id)

        assert (await collect(signature=second.id)).state is PickupState.COLLECTED


class TestTheSupportDesk:
    @pytest.fixture
    async def officer(self, at_the_door, noon):
        return SupportOfficer(await a_staff(noon, StaffRole.SUPPORT), "")

    async def test_opens_a_photo_for_a_reason_that_the_resident_sees(
        self, take, officer, at_the_door, folder, noon
    ):
        photo = await take()

        shown = await door_photos.show_to_support(
            at_the_door.number, photo.id, "居民说收错了东西", officer, folder, KEYS, at=noon
        )

        event = await AuditEvent.get(action="pickup.opened", actor=officer.actor)
        assert shown.startswith(b"\xff\xd8")
        assert (event.subject, event.reason) == (f"resident:{at_the_door.resident_id}", "居民说收错了东西")
        assert '"fields":["photo"]' in event.after

    async def test_of_another_booking_opens_nothing(self, take, officer, at_the_door, folder, noon):
        photo = await take()
        other = await a_pickup(noon, await a_slot(noon, hours_ahead=30))

        for number, problem in ((other.number, NoSuchPhoto), ("0000000000", NoSuchPickup)):
            with pytest.raises(problem):
                await door_photos.show_to_support(
                    number, photo.id, "居民说收错了东西", officer, folder, KEYS, at=noon
                )

        assert not await AuditEvent.filter(action="pickup.opened", actor=officer.actor).exists()


async def test_crews_see_no_photo_any_more_when_the_door_is_masked(take, at_the_door, member, noon):
    await take()

    later = at_the_door.slot.ends_at + timedelta(hours=1)

    assert await photos.for_crew(at_the_door.id, member, at=noon) != []
    assert await photos.for_crew(at_the_door.id, member, at=later) == []
