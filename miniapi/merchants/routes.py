"""The public lists over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone
from miniapi.categories import CategoryUnknown
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown, invalid_field
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import query
from miniapi.merchants import queries, schemas
from miniapi.merchants.errors import NoSuchPoint

routes = Blueprint("merchants")


@routes.get("/merchants")
@query(schemas.MerchantsOf)
@answers(Listed[schemas.MerchantJson], refuses=[RegionUnknown])
async def list_merchants(
    request: Request, caller: Anyone, library: Library, query: schemas.MerchantsOf
) -> HTTPResponse:
    """参与活动的企业名单：销售和回收企业，或指定的一种（kind=dismantler 为拆解企业）。"""
    found = queries.public_list(pack_of(library, query.region).region, query.kind)
    merchants, next_cursor = await page_of(found, query, by="name")
    return json(page_json(merchants, next_cursor, schemas.merchant_json))


@routes.get("/points")
@query(schemas.PointsNear)
@answers(Listed[schemas.PointJson], refuses=[RegionUnknown, CategoryUnknown])
async def list_points(
    request: Request, caller: Anyone, library: Library, query: schemas.PointsNear
) -> HTTPResponse:
    """回收点和服务点，由近到远；没有给出位置时按名称。"""
    pack_of(library, query.region)
    at = clock.now()
    wanted = query.wanted(library.categories, at)
    try:
        near, last = await queries.points(wanted, limit=query.limit, after=query.cursor)
    except NoSuchPoint:
        raise invalid_field("cursor", "不是这个列表给出的") from None
    next_cursor = str(last) if last else None
    return json(page_json(near, next_cursor, lambda one: schemas.point_json(one, library.categories, at)))
