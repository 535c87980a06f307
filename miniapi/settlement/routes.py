"""Settlements over HTTP: finance pays, the bureau and the auditor look."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import NoSuchRegion, RegionUnknown
from miniapi.http.paging import page_of
from miniapi.http.regions import pack_at, pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.programmes.errors import NoSuchProgramme
from miniapi.redemption.errors import NoSuchRedemption
from miniapi.settlement import actions, queries, schemas, unspent
from miniapi.settlement.errors import (
    AlreadyRecovered,
    NoSuchMerchant,
    NoSuchSettlement,
    NothingOwed,
    NothingToSettle,
    NothingUnspent,
    ProgrammeNotOver,
)
from miniapi.staff.callers import Finance, SettlementReader
from miniapi.staff.errors import ReasonPersonal

routes = Blueprint("settlement", url_prefix="/staff")


@routes.post("/settlements")
@body(schemas.Settle)
@answers(
    schemas.SettledJson,
    status=201,
    refuses=[RegionUnknown, NoSuchMerchant, NoSuchRedemption, NothingToSettle],
)
async def settle(request: Request, staff: Finance, body: schemas.Settle, library: Library) -> HTTPResponse:
    """向一家商户结算它垫付的补贴；有疑点的先不付，列在结果里。"""
    region = pack_of(library, body.region).region
    settled = await actions.settle(region, body.merchant, body.wanted, staff, at=clock.now())
    return json(schemas.settled_json(settled), status=201)


@routes.get("/settlements")
@query(schemas.SettlementsOf)
@answers(Listed[schemas.SettlementRowJson], refuses=[RegionUnknown])
async def list_settlements(
    request: Request, staff: SettlementReader, query: schemas.SettlementsOf, library: Library
) -> HTTPResponse:
    """结算记录，新的在前。"""
    region = pack_of(library, query.region).region if query.region is not None else None
    found, next_cursor = await page_of(queries.settlements(region, query.merchant), query, by="-settled_at")
    return json(page_json(found, next_cursor, schemas.row_json))


@routes.get("/settlements/<settlement_id:uuid>")
@answers(schemas.SettlementJson, refuses=[NoSuchSettlement])
async def show_settlement(request: Request, staff: SettlementReader, settlement_id: UUID) -> HTTPResponse:
    """一笔结算和它的明细。"""
    return json(schemas.settlement_json(await queries.settlement(settlement_id)))


@routes.post("/redemptions/<redemption_id:uuid>/recovery")
@body(schemas.Recover)
@answers(schemas.RecoveredJson, refuses=[NoSuchRedemption, ReasonPersonal, NothingOwed, AlreadyRecovered])
async def recover(
    request: Request, staff: Finance, redemption_id: UUID, body: schemas.Recover, keys: Keys
) -> HTTPResponse:
    """结算后退货的，登记商户已退回补贴。"""
    redemption = await actions.recover(redemption_id, body.reason, staff, keys, at=clock.now())
    return json(schemas.recovered_json(redemption))


@routes.post("/programmes/<region:str>/unspent")
@body(schemas.GiveBack)
@answers(schemas.UnspentJson, refuses=[NoSuchRegion, NoSuchProgramme, ProgrammeNotOver, NothingUnspent])
async def return_unspent(
    request: Request, staff: Finance, region: str, body: schemas.GiveBack, library: Library
) -> HTTPResponse:
    """活动结束后，把资金池的结余按出资比例退回各出资方；之后再有退回的钱，可以再办一次。"""
    pack = pack_at(library, region)
    programme, returned = await unspent.return_unspent(pack, body.reason, staff, at=clock.now())
    return json(schemas.unspent_json(programme, returned))
