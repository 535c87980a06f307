"""Photos of a booking: six at most, its owner's alone, and gone when they should be."""

import asyncio
import os
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.pickup import actions as pickup
from miniapi.pickup import photos
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import Move
from miniapi.pickup.photo_errors import NoSuchPhoto, PhotosFull, PhotoUnreadable
from miniapi.pickup.photo_models import PickupPhoto
from miniapi.privacy import actions as privacy
from miniapi.privacy.cleaning import clean_up
from tests.factories.people import a_resident
from tests.factories.pickups import moved
from tests.factories.pictures import a_picture
from tests.factories.slots import a_crew, a_crew_member, a_slot


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "photos"


@pytest.fixture
async def booked(database, noon, library, keys):
    """A booking of somebody."""
    items, door = [pickup.OldItem(library.categories["fridge"])], pickup.Door("杨陵区", "示例路 8 号")
    resident, slot = await a_resident(noon), await a_slot(noon)
    return await pickup.book(resident.id, slot.id, items, door, None, keys, at=noon)


@pytest.fixture
def add(booked, folder, keys, noon):
    async def one(content=None, by=None):
        who = by or booked.resident_id
        aside = await photos.put_aside(booked.id, who, content or a_picture(), folder)
        return await photos.add(booked.id, who, aside, folder, keys, at=noon)

    return one


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class TestAdding:
    async def test_keeps_a_photo_that_its_owner_sees(self, add, booked, folder, keys):
        photo = await add()

        shown = await photos.show(booked.id, photo.id, booked.resident_id, folder, keys)

        assert shown.startswith(b"\xff\xd8")
        assert files(folder) == [photo.id.hex]
        assert [one.id for one in await photos.of_pickup(booked.id, booked.resident_id)] == [photo.id]

    async def test_takes_six_however_many_come_at_once(self, add, folder):
        outcomes = await asyncio.gather(*(add() for _ in range(9)), return_exceptions=True)

        assert Counter(map(type, outcomes)) == {PickupPhoto: 6, PhotosFull: 3}
        assert {photo.place for photo in await PickupPhoto.all()} == set(range(1, 7))
        assert len(files(folder)) == 6

    async def test_takes_the_place_of_one_that_was_deleted(self, add, booked, folder):
        first, second = await add(), await add()
        await photos.remove(booked.id, first.id, booked.resident_id, folder)

        third = await add()

        assert (second.place, third.place) == (2, 1)
        assert files(folder) == sorted([second.id.hex, third.id.hex])

    async def test_of_what_is_no_photo_leaves_nothing(self, add, folder):
        with pytest.raises(PhotoUnreadable):
            await add(b"hello")

        assert (files(folder), await PickupPhoto.all().count()) == ([], 0)

    async def test_to_somebody_elses_booking_is_not_possible(self, add, booked, folder, keys, noon):
        photo, stranger = await add(), await a_resident(noon)

        with pytest.raises(NoSuchPickup):
            await add(by=stranger.id)
        for asked in (
            photos.show(booked.id, photo.id, stranger.id, folder, keys),
            photos.of_pickup(booked.id, stranger.id),
            photos.remove(booked.id, photo.id, stranger.id, folder),
        ):
            with pytest.raises(NoSuchPickup):
                await asked
        assert files(folder) == [photo.id.hex]

    async def test_to_a_visit_that_is_over_is_not_possible(self, add, booked, folder):
        await Pickup.filter(id=booked.id).update(state=PickupState.MISSED_BY_CREW)

        with pytest.raises(NotNow):
            await add()

        assert files(folder) == []

    async def test_to_a_cancelled_booking_is_not_possible(self, add, booked, folder, keys, noon):
        await pickup.cancel(booked.id, booked.resident_id, None, keys, at=noon)

        with pytest.raises(NotBooked):
            await add()

        assert files(folder) == []


class TestTheCrew:
    @pytest.fixture
    async def member(self, booked, noon):
        return await a_crew_member(noon)

    async def test_that_comes_sees_them_and_is_seen_to(self, add, booked, member, folder, keys, noon):
        photo = await add()
        await moved(booked, member, Move.ACCEPT, at=noon)

        shown = await photos.show_to_crew(booked.id, photo.id, member, folder, keys, at=noon)

        assert shown.startswith(b"\xff\xd8")
        event = await AuditEvent.get(action="pickup.opened")
        assert (event.actor, event.subject) == (member.actor, f"resident:{booked.resident_id}")
        assert '"fields":["photo"]' in event.after

    async def test_that_has_not_accepted_sees_none(self, add, booked, member, folder, keys, noon):
        photo = await add()

        assert await photos.for_crew(booked.id, member, at=noon) == []
        with pytest.raises(NoSuchPhoto):
            await photos.show_to_crew(booked.id, photo.id, member, folder, keys, at=noon)
        assert not await AuditEvent.exists(action="pickup.opened")

    async def test_sees_none_an_hour_after_the_end(self, add, booked, member, noon):
        await add()
        await moved(booked, member, Move.ACCEPT, at=noon)
        over = booked.slot.ends_at + timedelta(hours=1)

        assert len(await photos.for_crew(booked.id, member, at=over - timedelta(seconds=1))) == 1
        assert await photos.for_crew(booked.id, member, at=over) == []

    async def test_elsewhere_knows_of_no_such_booking(self, add, booked, noon):
        await add()
        elsewhere = await a_crew_member(noon, await a_crew("二组"))

        with pytest.raises(NoSuchPickup):
            await photos.for_crew(booked.id, elsewhere, at=noon)


class TestForgetting:
    async def test_what_is_deleted_is_gone(self, add, booked, folder, keys):
        photo = await add()

        await photos.remove(booked.id, photo.id, booked.resident_id, folder)

        assert files(folder) == []
        with pytest.raises(NoSuchPhoto):
            await photos.show(booked.id, photo.id, booked.resident_id, folder, keys)
        with pytest.raises(NoSuchPhoto):
            await photos.remove(booked.id, photo.id, booked.resident_id, folder)

    async def test_who_leaves_leaves_nothing_that_could_be_opened(self, add, booked, folder, noon):
        await add()

        await privacy.leave(booked.resident_id, at=noon)

        assert await PickupPhoto.all().count() == 0

    async def test_ninety_days_after_the_visit_photos_are_forgotten(self, add, booked):
        await add()
        over = booked.slot.ends_at + photos.KEPT_FOR

        assert "photos" not in await clean_up(at=over - timedelta(seconds=1))
        assert (await clean_up(at=over))["photos"] == 1
        assert await PickupPhoto.all().count() == 0

    async def test_files_that_nothing_opens_are_swept_away(self, add, booked, folder, noon):
        kept, forgotten = await add(), await add()
        await PickupPhoto.filter(id=forgotten.id).delete()
        half = folder / f"{forgotten.id.hex}.part"
        half.write_bytes(b"half")
        for file in folder.iterdir():
            os.utime(file, (0, 0))

        first, second, third = [await photos.sweep(folder) for _ in range(3)]

        assert (first, second, third) == (0, 2, 0)
        assert files(folder) == sorted([".swept", kept.id.hex])

    async def test_a_file_that_has_no_row_yet_is_not(self, database, folder):
        folder.mkdir()
        await photos.sweep(folder)
        (folder / "just-written").write_bytes(b"content")

        assert await photos.sweep(folder) == 0

    async def test_where_there_are_no_photos_nothing_is_swept(self, database, folder):
        assert await photos.sweep(folder) == 0
