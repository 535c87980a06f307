"""Planning and changing drops over HTTP, for the bureau."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.drops import actions
from miniapi.drops import desk_schemas as schemas
from miniapi.drops.errors import (
    DrawTimeUnfit,
    DropAtThatTime,
    DropInThePast,
    DropOver,
    NoSuchDrop,
    OutsideWindow,
    QuotaBelowIssued,
    QuotaOverRoom,
)
from miniapi.drops.schemas import DropJson, drop_json
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.regions import pack_of
from miniapi.http.requests import body
from miniapi.keys import Keys
from miniapi.programmes.errors import NoSuchProgramme
from miniapi.staff.callers import Bureau

routes = Blueprint("drops_desk", url_prefix="/staff")


@routes.post("/drops")
@body(schemas.PlanDrop)
@answers(
    DropJson,
    status=201,
    refuses=[
        RegionUnknown,
        NoSuchProgramme,
        OutsideWindow,
        DropInThePast,
        DrawTimeUnfit,
        QuotaOverRoom,
        DropAtThatTime,
    ],
)
async def plan(
    request: Request, staff: Bureau, body: schemas.PlanDrop, keys: Keys, library: Library
) -> HTTPResponse:
    """安排一场发券：在活动期内，数量不超过资金池的余量。"""
    now = clock.now()
    drop = await actions.plan(pack_of(library, body.region), body.wanted, staff, keys, at=now)
    return json(drop_json(drop, library, now), status=201)


@routes.patch("/drops/<drop_id:uuid>")
@body(schemas.ChangeDrop)
@answers(DropJson, refuses=[NoSuchDrop, DropOver, QuotaBelowIssued, QuotaOverRoom])
async def change(
    request: Request, staff: Bureau, drop_id: UUID, body: schemas.ChangeDrop, library: Library
) -> HTTPResponse:
    """改一场的数量，或者暂停、恢复，说明原因；暂停的原因居民看得到。"""
    now = clock.now()
    drop = await actions.change(drop_id, body.wanted, body.reason, staff, library, at=now)
    return json(drop_json(drop, library, now))
