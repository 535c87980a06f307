"""Signing in and saying who one is, over HTTP."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, json

from faq.packs import Library
from miniapi import clock
from miniapi.accounts import actions, schemas
from miniapi.accounts.callers import Newcomer, SignedInResident
from miniapi.accounts.identity import IdentityVerifier
from miniapi.http.errors import RegionUnknown
from miniapi.http.idempotency import repeatable
from miniapi.http.requests import body
from miniapi.keys import Keys
from miniapi.wechat.client import WeChat

routes = Blueprint("accounts")


@routes.post("/login")
@body(schemas.Login)
async def login(
    request: Request, caller: Newcomer, body: schemas.Login, wechat: WeChat, keys: Keys, library: Library
) -> HTTPResponse:
    """登录：用 wx.login 的 code 换取令牌。"""
    if body.region is not None and body.region not in library.packs:
        raise RegionUnknown(region=body.region)
    signed_in = await actions.sign_in(body.code, body.region, wechat, at=clock.now())
    return json(schemas.signed_in_json(signed_in, keys))


@routes.post("/logout")
async def logout(request: Request, resident: SignedInResident) -> HTTPResponse:
    """退出登录。"""
    await actions.sign_out(resident.token, at=clock.now())
    return empty()


@routes.post("/me/phone")
@body(schemas.Phone)
@repeatable
async def bind_phone(
    request: Request, resident: SignedInResident, body: schemas.Phone, wechat: WeChat, keys: Keys
) -> HTTPResponse:
    """绑定手机号：微信授权的为已验证，手填的为未验证。"""
    if body.code is not None:
        phone = await wechat.phone_for(body.code, resident.account.openid)
    else:
        phone = body.phone or ""
    account = await actions.bind_phone(resident.account, phone, keys, verified=body.code is not None)
    return json(schemas.phone_json(account, keys))


@routes.post("/me/identity")
@body(schemas.Identity)
@repeatable
async def verify_identity(
    request: Request,
    resident: SignedInResident,
    body: schemas.Identity,
    keys: Keys,
    verifier: IdentityVerifier,
) -> HTTPResponse:
    """实名认证：每人一个账号。"""
    account = await actions.verify_identity(
        resident.account, body.name, body.id_number, keys, verifier, at=clock.now()
    )
    return json(schemas.identity_json(account, keys))
