"""What the bureau decides about a programme, over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import NoSuchRegion
from miniapi.http.regions import pack_at
from miniapi.http.requests import body
from miniapi.ledger.queries import balances
from miniapi.programmes import actions
from miniapi.programmes import desk_schemas as schemas
from miniapi.programmes.errors import GrantOverFund, NoSuchProgramme
from miniapi.staff.callers import Bureau

routes = Blueprint("programmes_desk", url_prefix="/staff")


@routes.patch("/programmes/<region:str>")
@body(schemas.Decide)
@answers(schemas.DecidedJson, refuses=[NoSuchRegion, NoSuchProgramme, GrantOverFund])
async def decide(
    request: Request, staff: Bureau, region: str, body: schemas.Decide, library: Library
) -> HTTPResponse:
    """填写省级补助，暂停或恢复领券、核销，商家不够时破例开放；都要说明原因，暂停的原因居民看得到。"""
    pack = pack_at(library, region)
    programme = await actions.decide(pack, body.decision, body.reason, staff, at=clock.now())
    return json(schemas.decided_json(programme, await balances(programme.code)))
