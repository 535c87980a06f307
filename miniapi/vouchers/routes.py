"""Claiming and the wallet over HTTP."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone, SignedInResident
from miniapi.accounts.errors import IdentityRequired
from miniapi.categories import CategoryUnknown
from miniapi.drops.errors import DrawnByLot, DropNotOpen, NoSuchDrop, SoldOut
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.idempotency import key_of, repeatable, takes_key
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.subsidies import queries as subsidies
from miniapi.subsidies.errors import NoSubsidyRule
from miniapi.subsidies.schemas import AskQuote, QuoteJson, quote_json
from miniapi.vouchers import presenting, queries, schemas
from miniapi.vouchers.claiming import Claim, Claims
from miniapi.vouchers.errors import (
    AlreadyClaimed,
    NoSuchVoucher,
    PersonalLimitReached,
    VoucherExpired,
    VoucherNotUsable,
)
from miniapi.vouchers.models import Voucher, VoucherEvent
from miniapi.vouchers.schemas import VoucherJson, voucher_json

routes = Blueprint("vouchers")


@routes.post("/drops/<drop_id:uuid>/claims")
@takes_key
@answers(
    schemas.ClaimedJson,
    status=201,
    refuses=[
        NoSuchDrop,
        IdentityRequired,
        DropNotOpen,
        DrawnByLot,
        AlreadyClaimed,
        PersonalLimitReached,
        SoldOut,
    ],
)
async def claim(request: Request, drop_id: UUID, resident: SignedInResident, claims: Claims) -> HTTPResponse:
    """抢券：每场每人一张。"""
    answer = await claims.claim(Claim(drop_id, resident.account, key_of(request, resident)))
    return answer.told()


@routes.post("/quotes")
@body(AskQuote)
@answers(QuoteJson, refuses=[RegionUnknown, CategoryUnknown, NoSubsidyRule])
async def quote(request: Request, caller: Anyone, body: AskQuote, library: Library) -> HTTPResponse:
    """算一算能补多少：登录后会扣除已用的额度。"""
    pack = pack_of(library, body.region)
    account = caller.resident.account if caller.resident else None
    now = clock.now()
    kept = await queries.kept_in(account, pack.region, at=now)
    items = body.understood(library.categories)
    return json(quote_json(subsidies.quote(pack, items, used=kept, at=now)))


@routes.get("/vouchers")
@query(schemas.InState)
@answers(Listed[VoucherJson])
async def list_vouchers(request: Request, resident: SignedInResident, query: schemas.InState) -> HTTPResponse:
    """我的券包。"""
    now = clock.now()
    found = queries.wallet(resident.id).prefetch_related("events")
    if query.state:
        found = queries.in_state(found, query.state, now)
    vouchers, next_cursor = await page_of(found, query, by="-issued_at")
    return json(page_json(vouchers, next_cursor, lambda one: voucher_json(one, _history(one), now)))


@routes.get("/vouchers/<voucher_id:uuid>")
@answers(VoucherJson, refuses=[NoSuchVoucher])
async def show_voucher(request: Request, resident: SignedInResident, voucher_id: UUID) -> HTTPResponse:
    """一张券和它的经过。"""
    voucher = await queries.voucher(voucher_id, resident.id)
    await voucher.fetch_related("events")
    return json(voucher_json(voucher, _history(voucher), clock.now()))


@routes.post("/vouchers/<voucher_id:uuid>/presentation")
@repeatable()
@answers(schemas.PresentationJson, refuses=[NoSuchVoucher, VoucherExpired, VoucherNotUsable])
async def present(
    request: Request, resident: SignedInResident, voucher_id: UUID, library: Library, keys: Keys
) -> HTTPResponse:
    """出示一张券：一分钟内有效的二维码和八位数字，用一次就作废。"""
    presented = await presenting.present(voucher_id, resident.id, library, keys, at=clock.now())
    return json(schemas.presentation_json(presented))


def _history(voucher: Voucher) -> list[VoucherEvent]:
    return sorted(voucher.events, key=lambda event: (event.at, event.id))
