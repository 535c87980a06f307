"""The public lists over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi.accounts.callers import Anyone
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.paging import page_of, page_within
from miniapi.http.regions import pack_of
from miniapi.http.requests import query
from miniapi.merchants import queries, schemas

routes = Blueprint("merchants")


@routes.get("/merchants")
@query(schemas.MerchantsOf)
@answers(Listed[schemas.MerchantJson], refuses=[RegionUnknown])
async def list_merchants(
    request: Request, caller: Anyone, library: Library, query: schemas.MerchantsOf
) -> HTTPResponse:
    """参与活动的企业名单。"""
    found = queries.public_list(pack_of(library, query.region).region)
    merchants, next_cursor = await page_of(found, query, by="name")
    return json(page_json(merchants, next_cursor, schemas.merchant_json))


@routes.get("/points")
@query(schemas.PointsNear)
@answers(Listed[schemas.PointJson], refuses=[RegionUnknown])
async def list_points(
    request: Request, caller: Anyone, library: Library, query: schemas.PointsNear
) -> HTTPResponse:
    """回收点，由近到远。"""
    region = pack_of(library, query.region).region
    near = await queries.points_near(region, query.lat, query.lon)
    found, next_cursor = page_within(near, query, key=lambda pair: pair[0].id)
    return json(page_json(found, next_cursor, lambda pair: schemas.point_json(*pair)))
