"""The points of a region as the bureau keeps them, over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.files import Csv, file
from miniapi.http.regions import pack_of
from miniapi.http.requests import query
from miniapi.merchants import actions
from miniapi.merchants import desk_schemas as schemas
from miniapi.merchants.errors import NoSuchPoint
from miniapi.sheets import SheetUnreadable
from miniapi.staff.callers import Bureau

routes = Blueprint("merchants_desk", url_prefix="/staff")


@routes.post("/points")
@query(schemas.PointsInto)
@file(Csv)
@answers(schemas.LoadedJson, refuses=[RegionUnknown, SheetUnreadable])
async def load_points(
    request: Request, staff: Bureau, library: Library, query: schemas.PointsInto, content: bytes
) -> HTTPResponse:
    """导入一个地区的回收点和服务点（CSV，UTF-8 或 GBK）；有误的行不导入，带着原因退回。

    列：名称 `name`、区域 `district`、地址 `address`、纬度 `lat`、经度 `lon`、类型 `kind`（社区回收点、
    回收站、门店、维修服务点）、品类 `categories`（用顿号隔开，或“全部”）、开放时间 `hours`
    （如“周一至周五 09:00-17:00；周六 09:00-12:00”）、电话 `phone`（可以没有）。同名的点以新的为准。
    """
    region = pack_of(library, query.region).region
    loaded = await actions.load_points(region, content, library.categories, staff, at=clock.now())
    return json(schemas.loaded_json(loaded))


@routes.delete("/points/<point_id:uuid>")
@answers(refuses=[NoSuchPoint])
async def remove_point(request: Request, staff: Bureau, point_id: UUID) -> HTTPResponse:
    """撤下一个回收点。"""
    await actions.remove_point(point_id, staff, at=clock.now())
    return empty()
