"""The privacy notice and one's own data over HTTP: who one is, consenting, taking it along, leaving."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from miniapi import clock
from miniapi.accounts.callers import Anyone, SignedInResident
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.limits import limited
from miniapi.http.paging import NumberedPage, page_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.merchants.queries import roles_of
from miniapi.privacy import actions, export, queries, schemas
from miniapi.privacy.errors import VersionOutdated
from miniapi.privacy.notice import PrivacyNotices

routes = Blueprint("privacy")


@routes.get("/privacy")
@answers(schemas.PrivacyNoticeJson)
async def show_notice(request: Request, caller: Anyone, notices: PrivacyNotices) -> HTTPResponse:
    """隐私说明的现行版本。"""
    notice = notices.current(clock.now())
    shown = schemas.notice_json(notice)
    if caller.resident is not None:
        given = await queries.consent_of(caller.resident.id)
        shown["consented"] = given is not None and given.version == notice.version
    return json(shown)


@routes.post("/me/consents")
@body(schemas.GiveConsent)
@repeatable()
@answers(schemas.ConsentJson, status=201, refuses=[VersionOutdated])
async def give_consent(
    request: Request, resident: SignedInResident, body: schemas.GiveConsent, notices: PrivacyNotices
) -> HTTPResponse:
    """同意隐私说明的现行版本。"""
    consent = await actions.consent(resident.id, body.version, notices, at=clock.now())
    return json(schemas.consent_json(consent), status=201)


@routes.get("/me")
@answers(schemas.MeJson)
async def me(
    request: Request, resident: SignedInResident, keys: Keys, notices: PrivacyNotices
) -> HTTPResponse:
    """我的账号。"""
    roles, consent = await roles_of(resident.id), await queries.consent_of(resident.id)
    return json(schemas.me_json(resident.account, roles, consent, notices.current(clock.now()), keys))


@routes.delete("/me")
@answers()
async def leave(request: Request, resident: SignedInResident) -> HTTPResponse:
    """注销账号：未用的券作废，预约取消，个人信息删除，不能恢复。"""
    await actions.leave(resident.id, at=clock.now())
    return empty()


@routes.get("/me/export")
@limited("export")
@answers(schemas.ExportJson)
async def take_along(request: Request, resident: SignedInResident, keys: Keys) -> HTTPResponse:
    """下载系统保存的关于我的全部信息。"""
    now = clock.now()
    await export.record_export(resident.id, at=now)
    pieces = export.pieces(resident.account, keys, at=now)
    first = await anext(pieces)  # what goes wrong so far can still be said
    answer = await request.respond(headers=schemas.EXPORT_HEADERS, content_type="application/json")
    await answer.send(first)
    async for piece in pieces:
        await answer.send(piece)
    await answer.eof()
    return None  # type: ignore[return-value]  # Sanic has sent it already


@routes.get("/me/access")
@query(NumberedPage)
@answers(Listed[schemas.AccessJson])
async def list_access(request: Request, resident: SignedInResident, query: NumberedPage) -> HTTPResponse:
    """工作人员何时、为何查看过我的信息，最近的在前。"""
    events, next_cursor = await page_of(queries.access_to(resident.id), query, by="-seq")
    return json(page_json(events, next_cursor, schemas.access_json))
