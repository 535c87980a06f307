"""What residents bought with their vouchers, and the collection of the old unit with it, over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.categories import CategoryUnknown
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.pickup.errors import NotBooked, NotNow, TooManyActive
from miniapi.pickup.routes import UNBOOKABLE
from miniapi.pickup.schemas import BookPickup, PickupJson, pickup_json
from miniapi.redemption import bundling
from miniapi.redemption.bundle_schemas import PurchaseJson, purchase_json
from miniapi.redemption.errors import AlreadyRefunded, NoSuchRedemption, OldUnitBooked

routes = Blueprint("purchases")


@routes.get("/redemptions")
@query(Page)
@answers(Listed[PurchaseJson])
async def list_purchases(
    request: Request, resident: SignedInResident, query: Page, library: Library
) -> HTTPResponse:
    """我用券买的东西，新的在前；旧件约了上门回收的，附上预约。"""
    purchases, next_cursor = await page_of(bundling.purchases_of(resident.id), query, by="-redeemed_at")
    return json(page_json(purchases, next_cursor, lambda one: purchase_json(one, library.categories)))


@routes.post("/redemptions/<redemption_id:uuid>/pickup")
@body(BookPickup)
@repeatable()
@answers(
    PickupJson,
    status=201,
    refuses=[
        NoSuchRedemption,
        AlreadyRefunded,
        OldUnitBooked,
        NotBooked,
        NotNow,
        CategoryUnknown,
        TooManyActive,
        *UNBOOKABLE,
    ],
)
async def book_with(
    request: Request,
    resident: SignedInResident,
    redemption_id: UUID,
    body: BookPickup,
    keys: Keys,
    library: Library,
) -> HTTPResponse:
    """送新拖旧：送新的同一趟把旧件收走，预约记在这笔购买上。"""
    items = body.old_items(library.categories)
    pickup = await bundling.book_with(
        redemption_id, resident.id, body.slot, items, body.door, body.person, keys, at=clock.now()
    )
    return json(pickup_json(pickup, keys, library.categories), status=201)
