"""Bookings as a crew sees and moves them, over HTTP. A phone may send an action again, and late."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.paging import Page, page_within
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.pickup import crew_schemas as schemas
from miniapi.pickup import crewing, queries
from miniapi.pickup.crew_schemas import CrewPickupJson, DoorJson, crew_pickup_json
from miniapi.pickup.errors import (
    ActionUsed,
    CodeLocked,
    CodeWrong,
    CrewFull,
    NoSuchPickup,
    NotBooked,
    NotNow,
    PriceNotAgreed,
    TooEarly,
    TooLateNow,
)
from miniapi.pickup.moves import Move

routes = Blueprint("crew", url_prefix="/crew")

UNMOVABLE = (NoSuchPickup, ActionUsed, NotBooked, NotNow)


@routes.get("/pickups")
@query(Page)
@answers(Listed[CrewPickupJson])
async def list_pickups(request: Request, member: CrewMember, query: Page, library: Library) -> HTTPResponse:
    """今天和明天的单子，按区域和时段排：本组已接的，和还可以接的；不含地址和电话。"""
    found = await queries.crews_pickups(member.crew.id, at=clock.now())
    shown, next_cursor = page_within(found, query, key=lambda one: one.id)
    return json(page_json(shown, next_cursor, lambda one: crew_pickup_json(one, member, library.categories)))


@routes.get("/pickups/<pickup_id:uuid>")
@answers(DoorJson, refuses=[NoSuchPickup])
async def show_pickup(
    request: Request, member: CrewMember, pickup_id: UUID, keys: Keys, library: Library
) -> HTTPResponse:
    """一个单子；本组今明两天的单子看得到地址和电话，结束一小时后不再显示，查看会记入日志，居民看得到。"""
    now = clock.now()
    pickup = await crewing.look_at(pickup_id, member, at=now)
    return json(schemas.door_json(pickup, member, keys, library.categories, now))


@routes.post("/pickups/<pickup_id:uuid>/offer")
@body(schemas.Offer)
@answers(CrewPickupJson, refuses=UNMOVABLE)
async def offer(
    request: Request, member: CrewMember, pickup_id: UUID, body: schemas.Offer, keys: Keys, library: Library
) -> HTTPResponse:
    """到了以后报价，等居民在小程序里确认；再报一次，前一次作废。"""
    pickup = await crewing.offer(pickup_id, body.price_fen, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/collect")
@body(schemas.Collect)
@answers(CrewPickupJson, refuses=[*UNMOVABLE, CodeWrong, CodeLocked, PriceNotAgreed])
async def collect(
    request: Request, member: CrewMember, pickup_id: UUID, body: schemas.Collect, keys: Keys, library: Library
) -> HTTPResponse:
    """收走旧物：重量、居民同意的价格、居民出示的回收码。"""
    pickup = await crewing.collect(pickup_id, body.collected, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/accept")
@body(schemas.DoCrewMove)
@answers(CrewPickupJson, refuses=[*UNMOVABLE, CrewFull, TooLateNow])
async def accept(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    body: schemas.DoCrewMove,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """接单。"""
    pickup = await crewing.move(pickup_id, Move.ACCEPT, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/give_back")
@body(schemas.DoCrewMove)
@answers(CrewPickupJson, refuses=UNMOVABLE)
async def give_back(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    body: schemas.DoCrewMove,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """接了来不了，把单子退回去另派。"""
    pickup = await crewing.move(pickup_id, Move.GIVE_BACK, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/set_out")
@body(schemas.DoCrewMove)
@answers(CrewPickupJson, refuses=[*UNMOVABLE, TooEarly, TooLateNow])
async def set_out(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    body: schemas.DoCrewMove,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """出发了，最早在时段开始前两小时。"""
    pickup = await crewing.move(pickup_id, Move.SET_OUT, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/arrive")
@body(schemas.DoCrewMove)
@answers(CrewPickupJson, refuses=UNMOVABLE)
async def arrive(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    body: schemas.DoCrewMove,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """到了。"""
    pickup = await crewing.move(pickup_id, Move.ARRIVE, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@routes.post("/pickups/<pickup_id:uuid>/miss_resident")
@body(schemas.DoCrewMove)
@answers(CrewPickupJson, refuses=[*UNMOVABLE, TooEarly])
async def miss_resident(
    request: Request,
    member: CrewMember,
    pickup_id: UUID,
    body: schemas.DoCrewMove,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """到了但没有人，最早在时段开始后一刻钟。"""
    pickup = await crewing.move(pickup_id, Move.MISS_RESIDENT, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))
