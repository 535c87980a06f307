"""Vouchers and books for the staff over HTTP: to be followed, and to be voided by the bureau."""

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
from miniapi.staff.callers import Bureau, MoneyReader
from miniapi.staff.errors import ReasonPersonal
from miniapi.trails import queries, schemas
from miniapi.vouchers import ending
from miniapi.vouchers.errors import NoSuchVoucher, VoucherEnded, VoucherMoved

routes = Blueprint("trails", url_prefix="/staff")


@routes.get("/vouchers")
@query(schemas.Wanted)
@answers(Listed[schemas.StaffVoucherJson], refuses=[RegionUnknown])
async def list_vouchers(
    request: Request, staff: MoneyReader, query: schemas.Wanted, library: Library
) -> HTTPResponse:
    """按券码、地区或状态查券，最近的在前；不含领券人的信息。"""
    if query.region is not None:
        pack_of(library, query.region)
    now = clock.now()
    found = queries.found(code=query.code, region=query.region, state=query.state, at=now)
    vouchers, next_cursor = await page_of(found, query, by="-id")
    return json(page_json(vouchers, next_cursor, lambda one: schemas.staff_voucher_json(one, now)))


@routes.get("/vouchers/<voucher_id:uuid>/trail")
@answers(schemas.TrailJson, refuses=[NoSuchVoucher])
async def show_trail(request: Request, staff: MoneyReader, voucher_id: UUID) -> HTTPResponse:
    """一张券的每一步，从资金到商户：账目、核销、结算、退货和操作记录。"""
    return json(schemas.trail_json(await queries.trail(voucher_id), clock.now()))


@routes.post("/vouchers/<voucher_id:uuid>/void")
@body(schemas.Void)
@answers(schemas.StaffVoucherJson, refuses=[NoSuchVoucher, ReasonPersonal, VoucherMoved, VoucherEnded])
async def void(
    request: Request, staff: Bureau, voucher_id: UUID, body: schemas.Void, keys: Keys
) -> HTTPResponse:
    """作废一张未使用的券，写明理由；理由和申诉办法会告诉领券人。"""
    now = clock.now()
    voucher = await ending.void(voucher_id, body.reason, staff, keys, at=now)
    return json(schemas.staff_voucher_json(voucher, now))


@routes.get("/ledger")
@query(schemas.OfBook)
@answers(Listed[schemas.TransferJson])
async def list_transfers(request: Request, staff: MoneyReader, query: schemas.OfBook) -> HTTPResponse:
    """一个项目账簿的每一笔划转，最近的在前。"""
    found, next_cursor = await page_of(queries.transfers(query.book), query, by="-id")
    return json(page_json(found, next_cursor, schemas.transfer_json))
