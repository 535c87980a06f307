"""Stations and dismantlers over HTTP: what waits for them, and taking it over. No word of whose it was."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.custody import queries, schemas, taking
from miniapi.custody.schemas import TakenJson, WaitingJson, taken_json, waiting_json
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.callers import Dismantler, Station
from miniapi.merchants.errors import LicenceExpired, LicenceMissing
from miniapi.pickup.errors import ActionUsed, NoSuchPickup, NotBooked, NotNow
from miniapi.staff.callers import LogReader

routes = Blueprint("hands")

UNTAKEABLE = (NoSuchPickup, ActionUsed, NotBooked, NotNow, LicenceMissing, LicenceExpired)


@routes.get("/station/pickups")
@query(schemas.Waiting)
@answers(Listed[WaitingJson])
async def list_for_station(
    request: Request, worker: Station, query: schemas.Waiting, library: Library
) -> HTTPResponse:
    """本企业已上门回收、还没有进站的旧物，早的在前；可以按预约单号查一件。"""
    waiting = queries.to_receive(worker.merchant.id, query.number)
    found, next_cursor = await page_of(waiting, query, by="done_at")
    return json(page_json(found, next_cursor, lambda one: waiting_json(one, library.categories)))


@routes.post("/station/pickups/<pickup_id:uuid>/receive")
@body(schemas.Take)
@answers(TakenJson, refuses=UNTAKEABLE)
async def receive(
    request: Request, worker: Station, pickup_id: UUID, body: schemas.Take, keys: Keys
) -> HTTPResponse:
    """进站接收并过秤；和上门时的重量相差一成以上会标出来，由工作人员核实。"""
    taken = await taking.receive(pickup_id, body.weight_grams, worker, body.act, keys, at=clock.now())
    return json(taken_json(taken))


@routes.get("/dismantler/pickups")
@query(schemas.Waiting)
@answers(Listed[WaitingJson])
async def list_for_dismantler(
    request: Request, worker: Dismantler, query: schemas.Waiting, library: Library
) -> HTTPResponse:
    """本地区回收站里等待拆解的旧物，早的在前；可以按预约单号查一件。"""
    waiting = queries.to_dismantle(worker.merchant, query.number)
    found, next_cursor = await page_of(waiting, query, by="done_at")
    return json(page_json(found, next_cursor, lambda one: waiting_json(one, library.categories)))


@routes.post("/dismantler/pickups/<pickup_id:uuid>/dismantle")
@body(schemas.Take)
@answers(TakenJson, refuses=UNTAKEABLE)
async def dismantle(
    request: Request, worker: Dismantler, pickup_id: UUID, body: schemas.Take, keys: Keys
) -> HTTPResponse:
    """接收、过秤并拆解；完成后居民得到处理证明。"""
    taken = await taking.dismantle(pickup_id, body.weight_grams, worker, body.act, keys, at=clock.now())
    return json(taken_json(taken))


@routes.get("/staff/handovers")
@query(schemas.HandoversOf)
@answers(Listed[schemas.HandoverRowJson], refuses=[RegionUnknown])
async def list_handovers(
    request: Request, staff: LogReader, query: schemas.HandoversOf, library: Library
) -> HTTPResponse:
    """旧物的交接记录，新的在前；weight_off=true 只看前后重量相差一成以上的。"""
    found = queries.handovers_in(pack_of(library, query.region).region, query.weight_off)
    handovers, next_cursor = await page_of(found, query, by="-at")
    return json(page_json(handovers, next_cursor, schemas.handover_row_json))
