"""Photos and signatures at the door over HTTP, for the crew that is there, and for the support desk."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw

from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.files import file
from miniapi.http.idempotency import repeatable
from miniapi.http.requests import body
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import desk_schemas, door_photos, photos
from miniapi.pickup import photo_schemas as schemas
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.photo_errors import (
    NoSuchPhoto,
    PhotosAway,
    PhotosFull,
    PhotoTooDetailed,
    PhotoUnreadable,
)
from miniapi.pickup.photo_models import PhotoKind
from miniapi.pickup.photo_routes import PRIVATE
from miniapi.pickup.photos import Aside
from miniapi.settings import Settings
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.errors import ReasonPersonal

routes = Blueprint("door")

UNTAKEN = (NoSuchPickup, NotBooked, NotNow, PhotoUnreadable, PhotoTooDetailed, PhotosAway)


async def _put_photo_aside(
    request: Request, resident: CrewMember, pickup_id: UUID, settings: Settings, keys: Keys, content: bytes
) -> dict[str, Aside]:
    """The picture, before the transaction begins."""
    kind = PhotoKind.TAKEN
    return {"aside": await door_photos.put_aside(pickup_id, kind, resident, content, settings.photos)}


async def _put_signature_aside(
    request: Request, resident: CrewMember, pickup_id: UUID, settings: Settings, keys: Keys, content: bytes
) -> dict[str, Aside]:
    """The same of a signature."""
    kind = PhotoKind.SIGNATURE
    return {"aside": await door_photos.put_aside(pickup_id, kind, resident, content, settings.photos)}


@routes.post("/crew/pickups/<pickup_id:uuid>/photos")
@file(schemas.Photo)
@repeatable(first=_put_photo_aside)
@answers(schemas.PhotoJson, status=201, refuses=[*UNTAKEN, PhotosFull])
async def add_photo(
    request: Request,
    resident: CrewMember,
    pickup_id: UUID,
    settings: Settings,
    keys: Keys,
    content: bytes,
    aside: Aside,
) -> HTTPResponse:
    """到了以后给要收走的旧物拍照，最多 6 张；只保留画面。

    请求正文就是照片本身（JPEG、PNG 或 WebP，不超过 5 MB）。
    """
    kind, now = PhotoKind.TAKEN, clock.now()
    photo = await door_photos.add(pickup_id, kind, resident, aside, settings.photos, keys, at=now)
    return json(schemas.photo_json(photo), status=201)


@routes.post("/crew/pickups/<pickup_id:uuid>/signature")
@file(schemas.Drawn)
@repeatable(first=_put_signature_aside)
@answers(schemas.PhotoJson, status=201, refuses=UNTAKEN)
async def sign(
    request: Request,
    resident: CrewMember,
    pickup_id: UUID,
    settings: Settings,
    keys: Keys,
    content: bytes,
    aside: Aside,
) -> HTTPResponse:
    """居民在师傅手机上的签名（PNG）；重签的以新的为准。收走时填它的 id，代替回收码。"""
    kind, now = PhotoKind.SIGNATURE, clock.now()
    photo = await door_photos.add(pickup_id, kind, resident, aside, settings.photos, keys, at=now)
    return json(schemas.photo_json(photo), status=201)


@routes.get("/crew/pickups/<pickup_id:uuid>/photos")
@answers(Listed[schemas.PhotoJson], refuses=[NoSuchPickup])
async def list_photos_for_crew(request: Request, member: CrewMember, pickup_id: UUID) -> HTTPResponse:
    """一个单子的照片；和地址一样，只有本组今明两天的单子看得到，结束一小时后不再显示。"""
    found = await photos.for_crew(pickup_id, member, at=clock.now())
    return json(page_json(found, None, schemas.photo_json))


@routes.get("/crew/pickups/<pickup_id:uuid>/photos/<photo_id:uuid>")
@answers(bytes, content_type="image/jpeg", refuses=[NoSuchPickup, NoSuchPhoto, PhotosAway])
async def show_photo_to_crew(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    photo_id: UUID,
    settings: Settings,
    keys: Keys,
) -> HTTPResponse:
    """一个单子的一张照片（JPEG）；查看会记入日志，居民看得到。"""
    content = await photos.show_to_crew(pickup_id, photo_id, member, settings.photos, keys, at=clock.now())
    return raw(content, content_type="image/jpeg", headers=PRIVATE)


@routes.get("/staff/pickups/<pickup_number:str>/photos")
@answers(Listed[schemas.PhotoJson], refuses=[NoSuchPickup])
async def list_photos_for_support(
    request: Request, staff: SupportOfficer, pickup_number: str
) -> HTTPResponse:
    """按预约单号：有哪些照片和签名，不含画面。"""
    return json(page_json(await door_photos.for_support(pickup_number), None, schemas.photo_json))


@routes.post("/staff/pickups/<pickup_number:str>/photos/<photo_id:uuid>")
@body(desk_schemas.Because)
@answers(
    bytes,
    content_type="image/jpeg",
    refuses=[NoSuchPickup, ReasonPersonal, NoSuchPhoto, PhotosAway],
)
async def show_photo_to_support(
    request: Request,
    staff: SupportOfficer,
    pickup_number: str,
    photo_id: UUID,
    body: desk_schemas.Because,
    settings: Settings,
    keys: Keys,
) -> HTTPResponse:
    """打开一张照片（JPEG）；理由会记入日志，居民看得到。"""
    content = await door_photos.show_to_support(
        pickup_number, photo_id, body.reason, staff, settings.photos, keys, at=clock.now()
    )
    return raw(content, content_type="image/jpeg", headers=PRIVATE)
