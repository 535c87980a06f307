"""The clock, the regions and their rules over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import NoSuchRegion
from miniapi.http.regions import pack_at
from miniapi.programmes import schemas

routes = Blueprint("programmes")


@routes.get("/clock")
@answers(schemas.ClockJson)
async def show_clock(request: Request, caller: Anyone) -> HTTPResponse:
    """系统时间：一切活动时间以它为准。"""
    return json(schemas.clock_json(clock.now()))


@routes.get("/regions")
@answers(Listed[schemas.RegionJson])
async def list_regions(request: Request, caller: Anyone, library: Library) -> HTTPResponse:
    """有政策文件的地区。"""
    return json(page_json(library.packs.values(), None, schemas.region_json))


@routes.get("/regions/<region:str>/programme")
@answers(schemas.ProgrammeJson, refuses=[NoSuchRegion])
async def show_programme(request: Request, caller: Anyone, library: Library, region: str) -> HTTPResponse:
    """一个地区的规则，每条都注明出处。"""
    pack = pack_at(library, region)
    return json(schemas.programme_json(pack, library.categories, clock.now()))
