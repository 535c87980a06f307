"""Bookings as a crew sees and moves them, over HTTP. A phone may send an action again, and late."""

from dataclasses import dataclass
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.errors import Refusal
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.paging import Page, page_within
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.callers import CrewMember
from miniapi.merchants.errors import LicenceExpired, LicenceMissing
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
from miniapi.pickup.photo_errors import PhotoNeeded, SignatureMissing

routes = Blueprint("crew", url_prefix="/crew")

UNMOVABLE = (NoSuchPickup, ActionUsed, NotBooked, NotNow)
UNCOLLECTABLE = (
    *(*UNMOVABLE, CodeWrong, CodeLocked, SignatureMissing, PhotoNeeded, PriceNotAgreed),
    *(LicenceMissing, LicenceExpired),
)


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
@answers(CrewPickupJson, refuses=UNCOLLECTABLE)
async def collect(
    request: Request, member: CrewMember, pickup_id: UUID, body: schemas.Collect, keys: Keys, library: Library
) -> HTTPResponse:
    """收走旧物：重量、居民同意的价格，以及居民出示的回收码 `code`，或先存好的签名 `signature`。

    用签名的，至少要先拍一张旧物的照片；用的是哪一种记在经过里，居民看得到。
    """
    pickup = await crewing.collect(pickup_id, body.collected, member, body.act, keys, at=clock.now())
    return json(crew_pickup_json(pickup, member, library.categories))


@dataclass(frozen=True, slots=True)
class Route:
    """A move that needs nothing but its action: what it is for, and how else it may be refused."""

    summary: str
    refuses: tuple[type[Refusal], ...] = ()


PLAIN = {
    Move.ACCEPT: Route("接单。", (CrewFull, TooLateNow)),
    Move.GIVE_BACK: Route("接了来不了，把单子退回去另派。"),
    Move.SET_OUT: Route("出发了，最早在时段开始前两小时。", (TooEarly, TooLateNow)),
    Move.ARRIVE: Route("到了。"),
    Move.MISS_RESIDENT: Route("到了但没有人，最早在时段开始后一刻钟。", (TooEarly, TooLateNow)),
}


def _add(move: Move, route: Route) -> None:
    """A route for one move, as every other has: with its own documentation and refusals."""

    async def do_move(
        request: Request,
        member: CrewMember,
        pickup_id: UUID,
        body: schemas.DoCrewMove,
        keys: Keys,
        library: Library,
    ) -> HTTPResponse:
        pickup = await crewing.move(pickup_id, move, member, body.act, keys, at=clock.now())
        return json(crew_pickup_json(pickup, member, library.categories))

    do_move.__name__, do_move.__doc__ = move.value, route.summary
    described = answers(CrewPickupJson, refuses=[*UNMOVABLE, *route.refuses])(do_move)
    _ = routes.post(f"/pickups/<pickup_id:uuid>/{move.value}")(body(schemas.DoCrewMove)(described))


for move, route in PLAIN.items():
    _add(move, route)
