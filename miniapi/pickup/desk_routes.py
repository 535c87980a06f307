"""Closures, disputes and locked codes, as the staff deal with them, over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of, refuse_unknown_district
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.errors import LicenceExpired, LicenceMissing
from miniapi.pickup import closing, desk, queries
from miniapi.pickup import desk_schemas as schemas
from miniapi.pickup.closing import Closing
from miniapi.pickup.desk_schemas import ClosureJson, StaffPickupJson, closure_json, staff_pickup_json
from miniapi.pickup.errors import (
    NeverOffered,
    NoSuchClosure,
    NoSuchCrew,
    NoSuchPickup,
    NotBooked,
    NotNow,
)
from miniapi.staff.callers import Bureau, SupportOfficer
from miniapi.staff.errors import ReasonPersonal

routes = Blueprint("pickup_desk", url_prefix="/staff/pickups")


@routes.get("/closures")
@query(schemas.ClosuresOf)
@answers(Listed[ClosureJson], refuses=[RegionUnknown])
async def list_closures(
    request: Request, staff: Bureau, query: schemas.ClosuresOf, library: Library
) -> HTTPResponse:
    """停收安排，最近办理的在前。"""
    found = queries.closures_of(pack_of(library, query.region).region)
    closures, next_cursor = await page_of(found, query, by="-closed_at")
    return json(page_json(closures, next_cursor, closure_json))


@routes.post("/closures")
@body(schemas.Close)
@answers(ClosureJson, status=201, refuses=[RegionUnknown, NoSuchCrew])
async def close(
    request: Request, staff: Bureau, body: schemas.Close, keys: Keys, library: Library
) -> HTTPResponse:
    """停收一段时间：已约的改到后面最近的空档，没有空档就取消，并通知居民和小组；两小时内开始的时段不受影响。"""
    pack = pack_of(library, body.region)
    if body.district is not None:
        refuse_unknown_district(pack, body.district)
    wanted = Closing(pack.region, body.starts_at, body.ends_at, body.district, body.crew)
    closure = await closing.close(wanted, body.reason, staff, keys, at=clock.now())
    return json(closure_json(closure), status=201)


@routes.delete("/closures/<closure_id:uuid>")
@answers(ClosureJson, refuses=[NoSuchClosure])
async def lift(request: Request, staff: Bureau, closure_id: UUID) -> HTTPResponse:
    """提前结束停收，时段重新可约；已改期和取消的不再改回。"""
    return json(closure_json(await closing.lift(closure_id, staff, at=clock.now())))


@routes.post("/<pickup_number:str>/resolve")
@body(schemas.Resolve)
@answers(
    StaffPickupJson,
    refuses=[
        *(NoSuchPickup, ReasonPersonal, NotBooked, NotNow, NeverOffered),
        *(LicenceMissing, LicenceExpired),
    ],
)
async def resolve(
    request: Request, staff: Bureau, pickup_number: str, body: schemas.Resolve, keys: Keys
) -> HTTPResponse:
    """按预约单号办结一件价格争议：按已回收，价格须是师傅报过的，或取消。"""
    pickup = await desk.resolve(pickup_number, body.ended, body.reason, staff, keys, at=clock.now())
    return json(staff_pickup_json(pickup))


@routes.post("/<pickup_number:str>/cancel")
@body(schemas.Because)
@answers(StaffPickupJson, refuses=[NoSuchPickup, ReasonPersonal, NotBooked, NotNow])
async def cancel(
    request: Request, staff: SupportOfficer, pickup_number: str, body: schemas.Because, keys: Keys
) -> HTTPResponse:
    """按预约单号取消一个预约，任何时候都可以，名额随即放出，并通知居民和小组；价格争议另行办结。"""
    pickup = await desk.cancel(pickup_number, body.reason, staff, keys, at=clock.now())
    return json(staff_pickup_json(pickup))


@routes.post("/<pickup_number:str>/code")
@body(schemas.Because)
@answers(StaffPickupJson, refuses=[NoSuchPickup, ReasonPersonal])
async def unlock_code(
    request: Request, staff: SupportOfficer, pickup_number: str, body: schemas.Because, keys: Keys
) -> HTTPResponse:
    """按预约单号解锁输错太多次的回收码；理由会记入日志，居民看得到。"""
    pickup = await desk.unlock_code(pickup_number, body.reason, staff, keys, at=clock.now())
    return json(staff_pickup_json(pickup))
