"""Photos of a booking over HTTP, for the resident whose it is."""

import re
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, raw

from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.files import file
from miniapi.http.idempotency import repeatable
from miniapi.http.service import LARGEST_BODY, Asked
from miniapi.keys import Keys
from miniapi.pickup import photo_schemas as schemas
from miniapi.pickup import photos
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.photo_errors import (
    NoSuchPhoto,
    PhotosAway,
    PhotosFull,
    PhotoTooDetailed,
    PhotoUnreadable,
)
from miniapi.pickup.photos import Aside
from miniapi.settings import Settings

LARGEST_PHOTO = 5 * 1024 * 1024  # bytes; 413 beyond
WITH_A_PHOTO = re.compile(r"/api/v1/(?:crew/)?pickups/[^/]+/(?:photos|signature)/?")
PRIVATE = {"Cache-Control": "private, no-store"}

routes = Blueprint("photos")


class AskedWithPhotos(Asked):
    """A request whose body may be larger than any other's where it is a photo."""

    async def receive_body(self) -> None:
        """Read the body, as far as this one may go: the connection has carried others."""
        if self.stream is not None:
            with_photo = self.method == "POST" and WITH_A_PHOTO.fullmatch(self.path)
            self.stream.request_max_size = LARGEST_PHOTO if with_photo else LARGEST_BODY
        await super().receive_body()  # type: ignore[no-untyped-call]


async def _put_aside(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    settings: Settings,
    keys: Keys,
    content: bytes,
) -> dict[str, Aside]:
    """The picture, before the transaction begins."""
    return {"aside": await photos.put_aside(pickup_id, resident.id, content, settings.photos)}


@routes.post("/pickups/<pickup_id:uuid>/photos")
@file(schemas.Photo)
@repeatable(first=_put_aside)
@answers(
    schemas.PhotoJson,
    status=201,
    refuses=[NoSuchPickup, NotBooked, NotNow, PhotosFull, PhotoUnreadable, PhotoTooDetailed, PhotosAway],
)
async def add_photo(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    settings: Settings,
    keys: Keys,
    content: bytes,
    aside: Aside,
) -> HTTPResponse:
    """给预约添一张旧货的照片，最多 6 张；只保留画面，拍摄时间、地点等信息都去掉。

    请求正文就是照片本身（JPEG、PNG 或 WebP，不超过 5 MB）。
    """
    photo = await photos.add(pickup_id, resident.id, aside, settings.photos, keys, at=clock.now())
    return json(schemas.photo_json(photo), status=201)


@routes.get("/pickups/<pickup_id:uuid>/photos")
@answers(Listed[schemas.PhotoJson], refuses=[NoSuchPickup])
async def list_photos(request: Request, resident: SignedInResident, pickup_id: UUID) -> HTTPResponse:
    """预约的照片。"""
    found = await photos.of_pickup(pickup_id, resident.id)
    return json(page_json(found, None, schemas.photo_json))


@routes.get("/pickups/<pickup_id:uuid>/photos/<photo_id:uuid>")
@answers(bytes, content_type="image/jpeg", refuses=[NoSuchPickup, NoSuchPhoto, PhotosAway])
async def show_photo(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    photo_id: UUID,
    settings: Settings,
    keys: Keys,
) -> HTTPResponse:
    """一张照片（JPEG）。"""
    content = await photos.show(pickup_id, photo_id, resident.id, settings.photos, keys)
    return raw(content, content_type="image/jpeg", headers=PRIVATE)


@routes.delete("/pickups/<pickup_id:uuid>/photos/<photo_id:uuid>")
@answers(refuses=[NoSuchPickup, NoSuchPhoto])
async def remove_photo(
    request: Request, resident: SignedInResident, pickup_id: UUID, photo_id: UUID, settings: Settings
) -> HTTPResponse:
    """删除一张照片。"""
    await photos.remove(pickup_id, photo_id, resident.id, settings.photos)
    return empty()
