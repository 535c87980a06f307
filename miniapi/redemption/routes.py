"""The counter over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.categories import CategoryUnknown
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.callers import Clerk
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.redemption import queries, quoting, redeeming, schemas
from miniapi.redemption.errors import (
    EnergyGradeRequired,
    InvoiceMismatch,
    InvoiceTaken,
    NoSuchQuote,
    NoSuchRedemption,
    NotSubsidised,
    OldUnitNotHandedIn,
    PickupTaken,
    QuoteExpired,
    QuoteUsed,
    RedemptionClosed,
    RedemptionsFrozen,
    SerialTaken,
    TradeInRequired,
    VoucherElsewhere,
    VoucherLocked,
)
from miniapi.redemption.schemas import CounterQuoteJson, RedemptionJson, redemption_json
from miniapi.subsidies.errors import NoSubsidyRule
from miniapi.vouchers.errors import (
    NoSuchPresentation,
    PresentationExpired,
    PresentationForged,
    PresentationUsed,
    VoucherExpired,
    VoucherMoved,
    VoucherNotUsable,
)

routes = Blueprint("redemption", url_prefix="/merchant")

AT_ANY_COUNTER = (VoucherNotUsable, VoucherMoved, RedemptionsFrozen, RedemptionClosed, NoSubsidyRule)
UNQUOTABLE = (
    NoSuchPresentation,
    PresentationForged,
    PresentationUsed,
    PresentationExpired,
    VoucherExpired,
    VoucherElsewhere,
    VoucherLocked,
    EnergyGradeRequired,
    NotSubsidised,
)
UNREDEEMABLE = (
    NoSuchQuote,
    QuoteUsed,
    QuoteExpired,
    TradeInRequired,
    OldUnitNotHandedIn,
    InvoiceMismatch,
    NoSuchPickup,
    NotBooked,
    NotNow,
    SerialTaken,
    InvoiceTaken,
    PickupTaken,
)


@routes.post("/redemptions/quote")
@body(schemas.AskAtCounter)
@repeatable()
@answers(CounterQuoteJson, refuses=[CategoryUnknown, *UNQUOTABLE, *AT_ANY_COUNTER])
async def quote(
    request: Request, clerk: Clerk, body: schemas.AskAtCounter, library: Library, keys: Keys
) -> HTTPResponse:
    """扫码或输码，算出立减多少，并把券锁定给本店员十分钟。"""
    if body.code:
        request.app.ctx.limits.count("typed_code", str(clerk.id))
    item = body.item(library.categories)
    quoted = await quoting.quote(body.shown, item, clerk, library, keys, at=clock.now())
    return json(schemas.counter_quote_json(quoted))


@routes.delete("/redemptions/quote/<quote_id:uuid>")
@answers(refuses=[NoSuchQuote, QuoteUsed])
async def give_back(request: Request, clerk: Clerk, quote_id: UUID) -> HTTPResponse:
    """不买了：解锁这张券。"""
    await quoting.give_back(quote_id, clerk)
    return empty()


@routes.post("/redemptions")
@body(schemas.Redeem)
@repeatable()
@answers(RedemptionJson, status=201, refuses=[CategoryUnknown, *UNREDEEMABLE, *AT_ANY_COUNTER])
async def redeem(request: Request, clerk: Clerk, body: schemas.Redeem, library: Library) -> HTTPResponse:
    """按报价核销：一次立减，登记商品、发票和旧件。"""
    sale = body.sale(library.categories)
    redeemed = await redeeming.redeem(body.quote, sale, clerk, library, at=clock.now())
    shown = await queries.redemption(redeemed.id, clerk.merchant.id)
    return json(redemption_json(shown, library.categories), status=201)


@routes.get("/redemptions")
@query(Page)
@answers(Listed[RedemptionJson])
async def list_redemptions(request: Request, clerk: Clerk, query: Page, library: Library) -> HTTPResponse:
    """本店的核销，新的在前。"""
    own = queries.redemptions_of(clerk.merchant.id)
    redemptions, next_cursor = await page_of(own, query, by="-redeemed_at")
    return json(page_json(redemptions, next_cursor, lambda one: redemption_json(one, library.categories)))


@routes.get("/redemptions/<redemption_id:uuid>")
@answers(RedemptionJson, refuses=[NoSuchRedemption])
async def show_redemption(
    request: Request, clerk: Clerk, redemption_id: UUID, library: Library
) -> HTTPResponse:
    """本店的一笔核销和它的经过。"""
    redemption = await queries.redemption(redemption_id, clerk.merchant.id)
    return json(redemption_json(redemption, library.categories))
