"""Photos over HTTP."""

import io

import pytest

from miniapi.pickup import photo_routes
from miniapi.pickup.photo_models import PickupPhoto
from tests.factories.people import a_resident
from tests.factories.pictures import a_picture
from tests.factories.slots import a_slot

MEBIBYTE = 1024 * 1024


@pytest.fixture
async def owner(database, noon):
    return await a_resident(noon)


@pytest.fixture
async def path(web, owner, noon):
    """Where the photos of a booking are."""
    slot = await a_slot(noon)
    booked = await web.post(
        "/pickups",
        by=owner,
        slot=str(slot.id),
        items=[{"category": "fridge"}],
        address={"district": "杨陵区", "street": "示例路 8 号"},
    )
    return f"/pickups/{booked.json['id']}/photos"


async def test_a_photo_is_added_listed_shown_and_deleted(web, owner, path):
    added = await web.post(path, by=owner, raw=a_picture("PNG"))
    listed = await web.get(path, by=owner)
    shown = await web.get(f"{path}/{added.json['id']}", by=owner)
    deleted = await web.delete(f"{path}/{added.json['id']}", by=owner)

    assert added.status == 201
    assert (added.json["width"], added.json["height"]) == (60, 40)
    assert added.json["added_at"] == "2024-09-01T12:00:00+08:00"
    assert listed.json == {"items": [added.json], "next_cursor": None}
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert shown.raw.startswith(b"\xff\xd8")
    assert deleted.status == 204
    assert (await web.get(path, by=owner)).json["items"] == []


async def test_a_photo_may_be_larger_than_anything_else(web, owner, path):
    padded = a_picture() + b"\0" * (photo_routes.LARGEST_PHOTO - len(a_picture()))

    photo = await web.post(path, by=owner, raw=io.BytesIO(padded))
    too_large = await web.post(path, by=owner, raw=io.BytesIO(padded + b"\0"))
    other = await web.post("/pickups", by=owner, raw=io.BytesIO(b" " * (MEBIBYTE + 1)))

    assert photo.status == 201
    assert (too_large.status, too_large.json["code"]) == (413, "too_large")
    assert (other.status, other.json["code"]) == (413, "too_large")


async def test_one_that_is_sent_again_counts_once(web, owner, path):
    again = {"Idempotency-Key": "photo-1"}

    first, second = [await web.post(path, by=owner, raw=a_picture(), headers=again) for _ in range(2)]

    assert (first.status, second.status, first.json) == (201, 201, second.json)
    assert await PickupPhoto.all().count() == 1


async def test_what_is_no_photo_is_refused(web, owner, path):
    for content in (b"hello", b"", a_picture()[:200]):
        answer = await web.post(path, by=owner, raw=content)

        assert (answer.status, answer.json["code"]) == (422, "photo_unreadable")


async def test_the_seventh_is_refused(web, owner, path):
    added = [await web.post(path, by=owner, raw=a_picture()) for _ in range(7)]

    assert [answer.status for answer in added] == [201] * 6 + [409]
    assert added[6].json["title"] == "一个预约最多 6 张照片，请先删掉一张。"


async def test_where_the_disk_takes_nothing_it_is_said(web, owner, path, settings):
    settings.photos.write_text("no folder")

    answer = await web.post(path, by=owner, raw=a_picture())

    assert (answer.status, answer.json["code"]) == (503, "photos_unavailable")
    assert await PickupPhoto.all().count() == 0


async def test_nobody_else_sees_it(web, owner, path, noon):
    added = await web.post(path, by=owner, raw=a_picture())
    stranger = await a_resident(noon)

    for answer in (
        await web.get(f"{path}/{added.json['id']}", by=stranger),
        await web.get(path, by=stranger),
        await web.post(path, by=stranger, raw=a_picture()),
        await web.delete(f"{path}/{added.json['id']}", by=stranger),
    ):
        assert answer.status == 404


async def test_it_stands_in_everything_kept_of_its_owner(web, owner, path):
    added = await web.post(path, by=owner, raw=a_picture())

    told = await web.get("/me/export", by=owner)

    assert told.json["photos"] == [
        {
            **added.json,
            "pickup": path.split("/")[2],
            "address": f"/api/v1{path}/{added.json['id']}",
        }
    ]
