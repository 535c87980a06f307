"""Estimates over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone
from miniapi.categories import CategoryUnknown
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.regions import pack_of
from miniapi.http.requests import body
from miniapi.pickup import estimate_schemas as schemas
from miniapi.pickup import estimating

routes = Blueprint("estimates")


@routes.post("/pickups/estimate")
@body(schemas.AskEstimate)
@answers(schemas.EstimateJson, refuses=[RegionUnknown, CategoryUnknown])
async def estimate(
    request: Request, caller: Anyone, library: Library, body: schemas.AskEstimate
) -> HTTPResponse:
    """一键估值：旧货按当地回收企业的价目表大约值多少，附依据；没有价目的如实说没有。"""
    region = pack_of(library, body.region).region
    estimates = await estimating.estimate(region, body.things(library.categories), at=clock.now())
    return json(schemas.estimate_json(estimates))
