"""Signing in and saying who one is, over HTTP."""

from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from faq.packs import Library
from miniapi import clock
from miniapi.accounts import actions, queries, schemas
from miniapi.accounts.actions import Identity
from miniapi.accounts.callers import Newcomer, SignedInResident
from miniapi.accounts.errors import (
    IdentityAlreadyVerified,
    IdentityMismatch,
    IdentityTaken,
    IdNumberInvalid,
    PhoneInvalid,
    VerifierMissing,
)
from miniapi.accounts.identity import IdentityVerifier
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import RegionUnknown
from miniapi.http.idempotency import repeatable
from miniapi.http.limits import Limits, limited
from miniapi.http.paging import Page, page_of
from miniapi.http.regions import pack_of
from miniapi.http.requests import body, query
from miniapi.keys import Keys
from miniapi.wechat.client import WeChat, sealed_phone_in
from miniapi.wechat.errors import (
    LoginBlocked,
    LoginTooOften,
    PhoneCodeInvalid,
    PhoneFromAbroad,
    PhoneSealedOtherwise,
    WeChatCodeInvalid,
    WeChatUnavailable,
)

routes = Blueprint("accounts")


@routes.post("/login")
@body(schemas.Login)
@answers(
    schemas.SignedInJson,
    refuses=[RegionUnknown, WeChatCodeInvalid, LoginBlocked, LoginTooOften, WeChatUnavailable],
)
async def login(
    request: Request, caller: Newcomer, body: schemas.Login, wechat: WeChat, keys: Keys, library: Library
) -> HTTPResponse:
    """登录：用 wx.login 的 code 换取令牌。"""
    if body.region is not None:
        pack_of(library, body.region)
    signed_in = await actions.sign_in(body.code, body.region, wechat, keys, at=clock.now())
    limits: Limits = request.app.ctx.limits
    limits.count_person(signed_in.resident.id)
    return json(schemas.signed_in_json(signed_in, keys))


@routes.post("/logout")
@answers()
async def logout(request: Request, resident: SignedInResident) -> HTTPResponse:
    """退出登录。"""
    await actions.sign_out(resident.token, at=clock.now())
    return empty()


@routes.get("/me/sessions")
@query(Page)
@answers(Listed[schemas.SessionJson])
async def list_sessions(request: Request, resident: SignedInResident, query: Page) -> HTTPResponse:
    """我在哪些设备上登录着。"""
    sessions = queries.sessions_of(resident.id, at=clock.now())
    found, next_cursor = await page_of(sessions, query, by="-created_at")
    return json(page_json(found, next_cursor, lambda one: schemas.session_json(one, resident.token)))


@routes.post("/me/sessions/renewal")
@answers(schemas.RenewedJson)
async def renew(request: Request, resident: SignedInResident) -> HTTPResponse:
    """换一个新令牌，有效期重新计算；旧令牌一分钟后失效。"""
    return json(schemas.renewed_json(await actions.renew(resident.id, resident.token, at=clock.now())))


@routes.delete("/me/sessions")
@answers()
async def sign_out_everywhere(request: Request, resident: SignedInResident) -> HTTPResponse:
    """在所有设备上退出登录。"""
    await actions.sign_out_everywhere(resident.id, at=clock.now())
    return empty()


async def _asked_number(
    request: Request, resident: SignedInResident, body: schemas.Phone, wechat: WeChat, keys: Keys, **_: Any
) -> dict[str, Any]:
    if body.code is not None:
        return {"phone": await wechat.phone_for(body.code, resident.account.openid)}
    if body.encrypted_data is not None and body.iv is not None:
        if (key := await queries.session_key(resident.id, keys)) is None:
            raise PhoneSealedOtherwise()
        return {"phone": sealed_phone_in(body.encrypted_data, body.iv, key, wechat.appid)}
    return {"phone": body.phone or ""}


async def _proven_identity(
    request: Request, body: schemas.Identity, verifier: IdentityVerifier, **_: Any
) -> dict[str, Any]:
    return {"identity": await actions.proven(body.name, body.id_number, verifier, at=clock.now())}


@routes.post("/me/phone")
@limited("phone")
@body(schemas.Phone)
@repeatable(first=_asked_number)
@answers(
    schemas.PhoneJson,
    refuses=[PhoneInvalid, PhoneCodeInvalid, PhoneSealedOtherwise, PhoneFromAbroad, WeChatUnavailable],
)
async def bind_phone(
    request: Request, resident: SignedInResident, body: schemas.Phone, wechat: WeChat, keys: Keys, phone: str
) -> HTTPResponse:
    """绑定手机号：微信授权的为已验证，手填的为未验证。"""
    account = await actions.bind_phone(resident.account, phone, keys, verified=body.phone is None)
    return json(schemas.phone_json(account, keys))


@routes.post("/me/identity")
@limited("identity")
@body(schemas.Identity)
@repeatable(first=_proven_identity)
@answers(
    schemas.IdentityJson,
    refuses=[IdNumberInvalid, IdentityMismatch, IdentityTaken, IdentityAlreadyVerified, VerifierMissing],
)
async def verify_identity(
    request: Request,
    resident: SignedInResident,
    body: schemas.Identity,
    keys: Keys,
    verifier: IdentityVerifier,
    identity: Identity,
) -> HTTPResponse:
    """实名认证：每人一个账号。"""
    account = await actions.verify_identity(resident.account, identity, keys, at=clock.now())
    return json(schemas.identity_json(account, keys))
