"""Slots and bookings over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone, SignedInResident
from miniapi.categories import CategoryUnknown
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.pickup import actions, offering, places, queries, schemas
from miniapi.pickup.errors import (
    AlreadyBooked,
    NoSuchOffer,
    NoSuchPickup,
    NoSuchSlot,
    NotBooked,
    NotNow,
    OfferChanged,
    OtherDistrict,
    SlotClosed,
    SlotFull,
    TooLateToChange,
    TooManyActive,
    TooManyChanges,
)
from miniapi.pickup.schemas import PickupJson, SlotJson, VisitJson, pickup_json, visit_json
from miniapi.tickets.errors import TooManyOpen

routes = Blueprint("pickup")

UNCHANGEABLE = (NoSuchPickup, NotBooked, NotNow, TooLateToChange)
UNANSWERABLE = (NoSuchPickup, NotBooked, NotNow, NoSuchOffer, OfferChanged)
UNBOOKABLE = (NoSuchSlot, OtherDistrict, SlotClosed, AlreadyBooked, SlotFull)


@routes.get("/pickups/slots")
@query(schemas.SlotsOf)
@answers(Listed[SlotJson], refuses=[RegionUnknown])
async def list_slots(
    request: Request, caller: Anyone, library: Library, query: schemas.SlotsOf
) -> HTTPResponse:
    """可以预约的上门时段，按时间先后。"""
    region = pack_of(library, query.region).region
    slots = queries.bookable_slots(region, at=clock.now(), day=query.date, district=query.district)
    found, next_cursor = await page_of(slots, query, by="starts_at")
    return json(page_json(found, next_cursor, schemas.slot_json))


@routes.post("/pickups/slots/<slot_id:uuid>/hold")
@repeatable()
@answers(schemas.HoldJson, status=201, refuses=[NoSuchSlot, SlotClosed, SlotFull])
async def hold(request: Request, resident: SignedInResident, slot_id: UUID) -> HTTPResponse:
    """填写预约时先占住一个名额，15 分钟内有效；一人同时只占一个。"""
    return json(schemas.hold_json(await places.hold(slot_id, resident.id, at=clock.now())), status=201)


@routes.delete("/pickups/slots/<slot_id:uuid>/hold")
@answers()
async def let_go(request: Request, resident: SignedInResident, slot_id: UUID) -> HTTPResponse:
    """不约了，把占住的名额让出来。"""
    await places.let_go(slot_id, resident.id)
    return empty()


@routes.post("/pickups")
@body(schemas.BookPickup)
@repeatable()
@answers(PickupJson, status=201, refuses=[CategoryUnknown, TooManyActive, *UNBOOKABLE])
async def book(
    request: Request, resident: SignedInResident, body: schemas.BookPickup, keys: Keys, library: Library
) -> HTTPResponse:
    """预约上门回收。"""
    items = body.old_items(library.categories)
    pickup = await actions.book(resident.id, body.slot, items, body.door, body.person, keys, at=clock.now())
    return json(pickup_json(pickup, keys, library.categories), status=201)


@routes.get("/pickups")
@query(Page)
@answers(Listed[PickupJson])
async def list_pickups(
    request: Request, resident: SignedInResident, query: Page, keys: Keys, library: Library
) -> HTTPResponse:
    """我的预约。"""
    pickups, next_cursor = await page_of(queries.pickups_of(resident.id), query, by="-booked_at")
    return json(page_json(pickups, next_cursor, lambda one: pickup_json(one, keys, library.categories)))


@routes.get("/pickups/<pickup_id:uuid>")
@answers(PickupJson, refuses=[NoSuchPickup])
async def show_pickup(
    request: Request, resident: SignedInResident, pickup_id: UUID, keys: Keys, library: Library
) -> HTTPResponse:
    """一个预约。"""
    return json(pickup_json(await queries.pickup(pickup_id, resident.id), keys, library.categories))


@routes.get("/pickups/<pickup_id:uuid>/visit")
@answers(VisitJson, refuses=[NoSuchPickup])
async def show_visit(
    request: Request, resident: SignedInResident, pickup_id: UUID, keys: Keys
) -> HTTPResponse:
    """师傅到哪了：派给谁，报价多少，派单后出示的回收码，以及全部经过。"""
    return json(visit_json(await queries.visit(pickup_id, resident.id), keys))


@routes.post("/pickups/<pickup_id:uuid>/offer/accept")
@body(schemas.AnswerOffer)
@repeatable()
@answers(VisitJson, refuses=UNANSWERABLE)
async def accept_offer(
    request: Request, resident: SignedInResident, pickup_id: UUID, body: schemas.AnswerOffer, keys: Keys
) -> HTTPResponse:
    """同意看到的这个报价；师傅又报了别的价，就要看过新的再同意。"""
    await offering.accept(pickup_id, resident.id, body.offer, at=clock.now())
    return json(visit_json(await queries.visit(pickup_id, resident.id), keys))


@routes.post("/pickups/<pickup_id:uuid>/offer/refuse")
@body(schemas.AnswerOffer)
@repeatable()
@answers(schemas.DisputeJson, refuses=[*UNANSWERABLE, TooManyOpen])
async def refuse_offer(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    body: schemas.AnswerOffer,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """不同意看到的这个报价：这次不回收，并提交一件工单。"""
    pickup, ticket = await offering.refuse(pickup_id, resident.id, body.offer, library, keys, at=clock.now())
    return json(schemas.dispute_json(pickup, ticket))


@routes.post("/pickups/<pickup_id:uuid>/reschedule")
@body(schemas.Reschedule)
@repeatable()
@answers(PickupJson, refuses=[*UNCHANGEABLE, TooManyChanges, TooManyActive, *UNBOOKABLE])
async def reschedule(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    body: schemas.Reschedule,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """改约到另一个时段。"""
    pickup = await actions.reschedule(pickup_id, resident.id, body.slot, at=clock.now())
    return json(pickup_json(pickup, keys, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/cancel")
@body(schemas.Cancel)
@repeatable()
@answers(PickupJson, refuses=UNCHANGEABLE)
async def cancel(
    request: Request,
    resident: SignedInResident,
    pickup_id: UUID,
    body: schemas.Cancel,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """取消预约。"""
    pickup = await actions.cancel(pickup_id, resident.id, body.reason, keys, at=clock.now())
    return json(pickup_json(pickup, keys, library.categories))
