"""The licences of recyclers and dismantlers as the bureau keeps them, over HTTP."""

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
from miniapi.merchants import licence_schemas as schemas
from miniapi.merchants import licensing
from miniapi.merchants.errors import LicenceNotTheirs, NoSuchMerchant
from miniapi.merchants.licence_schemas import LicenceJson, licence_json
from miniapi.staff.callers import Bureau, LogReader

routes = Blueprint("licences", url_prefix="/staff")


@routes.get("/licences")
@query(schemas.LicencesOf)
@answers(Listed[LicenceJson], refuses=[RegionUnknown])
async def list_licences(
    request: Request, staff: LogReader, query: schemas.LicencesOf, library: Library
) -> HTTPResponse:
    """回收、拆解企业的许可，最近登记的在前；每家企业每种许可以最近登记的一份为准。"""
    found = licensing.licences(pack_of(library, query.region).region, query.merchant)
    licences, next_cursor = await page_of(found, query, by="-added_at")
    return json(page_json(licences, next_cursor, licence_json))


@routes.post("/licences")
@body(schemas.AddLicence)
@answers(LicenceJson, status=201, refuses=[NoSuchMerchant, LicenceNotTheirs])
async def add_licence(request: Request, staff: Bureau, body: schemas.AddLicence) -> HTTPResponse:
    """登记一份许可：回收企业的再生资源回收经营备案（recycling），或拆解企业的处理资格（dismantling）。"""
    licence = await licensing.put_in(
        body.merchant, body.kind, body.number, body.valid_until, staff, at=clock.now()
    )
    return json(licence_json(licence), status=201)
