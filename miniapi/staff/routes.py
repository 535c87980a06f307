"""The staff over HTTP: signing in, passwords, and the audit log."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from miniapi import clock
from miniapi.accounts.callers import Newcomer
from miniapi.audit import queries as audit
from miniapi.audit.schemas import AuditEventJson, OfAuditLog, event_json
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.limits import Limits
from miniapi.http.paging import page_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.settings import Settings
from miniapi.staff import schemas, signing_in
from miniapi.staff.callers import LogReader, SignedInStaff
from miniapi.staff.errors import OldPasswordWrong, PasswordUnfit, TotpRequired, WrongCredentials

routes = Blueprint("staff", url_prefix="/staff")


@routes.post("/login")
@body(schemas.StaffLogin)
@answers(schemas.StaffSignedInJson, refuses=[WrongCredentials, TotpRequired])
async def login(
    request: Request, caller: Newcomer, body: schemas.StaffLogin, keys: Keys, settings: Settings
) -> HTTPResponse:
    """工作人员登录：账号、密码和手机身份验证器上的动态口令。"""
    limits: Limits = request.app.ctx.limits
    limits.count("staff_sign_in", body.username)
    signed_in = await signing_in.sign_in(
        body.username, body.password, body.totp, keys, demo=settings.wechat.sandbox, at=clock.now()
    )
    return json(schemas.signed_in_json(signed_in))


@routes.post("/logout")
@answers()
async def logout(request: Request, staff: SignedInStaff) -> HTTPResponse:
    """退出登录。"""
    await signing_in.sign_out(staff.account, staff.token, at=clock.now())
    return empty()


@routes.delete("/sessions")
@answers()
async def logout_everywhere(request: Request, staff: SignedInStaff) -> HTTPResponse:
    """在所有设备上退出登录。"""
    await signing_in.sign_out_everywhere(staff.account, at=clock.now())
    return empty()


@routes.get("/me")
@answers(schemas.StaffJson)
async def show_me(request: Request, staff: SignedInStaff) -> HTTPResponse:
    """我的账号和角色。"""
    return json(schemas.staff_json(staff.account))


@routes.post("/password")
@body(schemas.ChangePassword)
@answers(refuses=[OldPasswordWrong, PasswordUnfit])
async def change_password(
    request: Request, staff: SignedInStaff, body: schemas.ChangePassword
) -> HTTPResponse:
    """更换密码：其他设备上的登录随即失效。"""
    await signing_in.change_password(staff.account, staff.token, body.old, body.new, at=clock.now())
    return empty()


@routes.get("/audit")
@query(OfAuditLog)
@answers(Listed[AuditEventJson])
async def read_log(request: Request, staff: LogReader, query: OfAuditLog) -> HTTPResponse:
    """审计日志，最近的在前。"""
    found = audit.events(actor=query.actor, subject=query.subject, action=query.action)
    events, next_cursor = await page_of(found, query, by="-seq")
    return json(page_json(events, next_cursor, event_json))
