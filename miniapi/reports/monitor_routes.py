"""How a programme stands, over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import NoSuchRegion
from miniapi.http.regions import pack_at
from miniapi.programmes.errors import NoSuchProgramme
from miniapi.reports import monitor_schemas as schemas
from miniapi.reports.monitor import monitor
from miniapi.staff.callers import MoneyReader

routes = Blueprint("monitor", url_prefix="/staff")


@routes.get("/programmes/<region:str>")
@answers(schemas.MonitorJson, refuses=[NoSuchRegion, NoSuchProgramme])
async def show(request: Request, staff: MoneyReader, region: str, library: Library) -> HTTPResponse:
    """一个活动的资金、场次、商家数量和各项开关。"""
    now = clock.now()
    return json(schemas.monitor_json(await monitor(pack_at(library, region), at=now), library, now))
