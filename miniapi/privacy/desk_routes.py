"""People as the support desk sees them, over HTTP: masked, until a field is asked for with a reason."""

from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from miniapi import clock
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.limits import limited
from miniapi.http.paging import NumberedPage, page_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.privacy import desk, queries
from miniapi.privacy import desk_schemas as schemas
from miniapi.privacy.errors import (
    AccountLeft,
    NoIdentityToMove,
    NoSuchResident,
    SameAccount,
    TargetHasIdentity,
)
from miniapi.privacy.schemas import AccessJson, access_json
from miniapi.staff.callers import AccessReader, SupportOfficer
from miniapi.staff.errors import ReasonPersonal

routes = Blueprint("privacy_desk", url_prefix="/staff")


@routes.get("/residents/<resident_id:uuid>")
@answers(schemas.StaffResidentJson, refuses=[NoSuchResident])
async def show_resident(
    request: Request, staff: SupportOfficer, resident_id: UUID, keys: Keys
) -> HTTPResponse:
    """一位居民的账号，信息已遮盖；查看会记入日志。"""
    resident = await desk.look_at(resident_id, staff, at=clock.now())
    return json(schemas.staff_resident_json(resident, keys))


@routes.post("/residents/search")
@limited("search")
@body(schemas.SearchResident)
@answers(schemas.StaffResidentJson, refuses=[NoSuchResident])
async def search_resident(
    request: Request, staff: SupportOfficer, body: schemas.SearchResident, keys: Keys
) -> HTTPResponse:
    """按身份证号、工单号、预约单号或券码查找居民；查找方式会记入日志，号码不会。"""
    by, wanted = body.by
    resident = await desk.search(by, wanted, staff, keys, at=clock.now())
    return json(schemas.staff_resident_json(resident, keys))


@routes.post("/residents/<resident_id:uuid>/reveal")
@limited("reveal")
@body(schemas.Reveal)
@answers(schemas.RevealedJson, refuses=[NoSuchResident, ReasonPersonal])
async def reveal(
    request: Request, staff: SupportOfficer, resident_id: UUID, body: schemas.Reveal, keys: Keys
) -> HTTPResponse:
    """写明理由，查看完整的手机号、姓名或身份证号；理由和字段会记入日志，居民看得到。"""
    shown = await desk.reveal(resident_id, body.fields, body.reason, staff, keys, at=clock.now())
    return json(shown)


@routes.get("/residents/<resident_id:uuid>/access")
@query(NumberedPage)
@answers(Listed[AccessJson], refuses=[NoSuchResident])
async def list_access(
    request: Request, staff: AccessReader, resident_id: UUID, query: NumberedPage
) -> HTTPResponse:
    """工作人员何时、为何查看过这位居民的信息，最近的在前。"""
    resident = await queries.resident(resident_id)
    events, next_cursor = await page_of(queries.access_to(resident.id), query, by="-seq")
    return json(page_json(events, next_cursor, access_json))


@routes.post("/identity-moves")
@limited("reveal")
@body(schemas.MoveIdentity)
@answers(
    schemas.MovedJson,
    status=201,
    refuses=[SameAccount, NoSuchResident, ReasonPersonal, AccountLeft, NoIdentityToMove, TargetHasIdentity],
)
async def move_identity(
    request: Request, staff: SupportOfficer, body: schemas.MoveIdentity, keys: Keys
) -> HTTPResponse:
    """把实名身份和消费券转到本人的另一个账号，原账号退出登录；理由会记入日志，居民看得到。"""
    moved = await desk.move_identity(
        body.from_resident, body.to_resident, body.reason, staff, keys, at=clock.now()
    )
    return json(schemas.moved_json(body, moved), status=201)
