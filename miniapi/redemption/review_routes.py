"""Reviewing sales over HTTP: whoever follows public money sees them, the reviewer decides."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.redemption import review_schemas as schemas
from miniapi.redemption import reviewing
from miniapi.redemption.errors import AlreadyRefunded, AlreadyRejected, NoSuchRedemption, NothingToReview
from miniapi.staff.callers import MoneyReader, Reviewer
from miniapi.staff.errors import ReasonPersonal

routes = Blueprint("review", url_prefix="/staff")


@routes.get("/redemptions")
@query(schemas.SalesOf)
@answers(Listed[schemas.ReviewedJson], refuses=[RegionUnknown])
async def list_sales(
    request: Request, staff: MoneyReader, query: schemas.SalesOf, library: Library
) -> HTTPResponse:
    """各店的核销，新的在前；flagged=true 只看有疑点、待复核的。"""
    if query.region is not None:
        pack_of(library, query.region)
    sales, next_cursor = await page_of(reviewing.found(query.wanted), query, by="-redeemed_at")
    return json(page_json(sales, next_cursor, lambda one: schemas.reviewed_json(one, library.categories)))


@routes.post("/redemptions/<redemption_id:uuid>/review")
@body(schemas.Review)
@answers(
    schemas.ReviewedJson,
    refuses=[NoSuchRedemption, ReasonPersonal, AlreadyRefunded, AlreadyRejected, NothingToReview],
)
async def review(
    request: Request,
    staff: Reviewer,
    redemption_id: UUID,
    body: schemas.Review,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """复核一笔核销：通过后可以结算；不通过的不予结算，已经结算的由商户退回。复核的人不付款。"""
    reviewed = await reviewing.review(
        redemption_id, body.reason, staff, keys, accepted=body.accepted, at=clock.now()
    )
    return json(schemas.reviewed_json(reviewed, library.categories))
