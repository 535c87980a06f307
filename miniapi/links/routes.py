"""A voucher or a booking as a picture to scan and as an address to open; both show nothing by themselves.

Whoever comes by them has to sign in, and sees only what is theirs. Both name the thing by its key alone.
"""

import base64
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw
from typing_extensions import TypedDict

from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.http.answers import Time, json, written
from miniapi.http.described import answers
from miniapi.http.limits import limited
from miniapi.pickup import queries as pickups
from miniapi.pickup.errors import NoSuchPickup
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.errors import NoSuchVoucher
from miniapi.wechat.client import WeChat
from miniapi.wechat.errors import WeChatUnavailable
from miniapi.wechat.fields import ENTRY

KEPT_ON_A_PHONE = {"cache-control": "private, max-age=86400"}  # WeChat's codes never change
LINK_LASTS = timedelta(days=30)

Kind = Literal["voucher", "pickup"]
routes = Blueprint("links")


class LinkJson(TypedDict):
    """An address that opens the mini-program, and until when."""

    link: str
    expires_at: Time


@routes.get("/vouchers/<voucher_id:uuid>/mini-code")
@limited("export")
@answers(bytes, content_type="image/jpeg", refuses=[NoSuchVoucher, WeChatUnavailable])
async def voucher_code(
    request: Request, resident: SignedInResident, voucher_id: UUID, wechat: WeChat
) -> HTTPResponse:
    """打开这张券的小程序码（JPEG）；只有本人登录后看得到。"""
    await vouchers.voucher(voucher_id, resident.id)
    return await _code("voucher", voucher_id, wechat)


@routes.get("/pickups/<pickup_id:uuid>/mini-code")
@limited("export")
@answers(bytes, content_type="image/jpeg", refuses=[NoSuchPickup, WeChatUnavailable])
async def pickup_code(
    request: Request, resident: SignedInResident, pickup_id: UUID, wechat: WeChat
) -> HTTPResponse:
    """打开这次预约的小程序码（JPEG）；只有本人登录后看得到。"""
    await pickups.pickup(pickup_id, resident.id)
    return await _code("pickup", pickup_id, wechat)


@routes.post("/vouchers/<voucher_id:uuid>/link")
@limited("export")
@answers(LinkJson, refuses=[NoSuchVoucher, WeChatUnavailable])
async def voucher_link(
    request: Request, resident: SignedInResident, voucher_id: UUID, wechat: WeChat
) -> HTTPResponse:
    """从短信或浏览器打开这张券的链接，30 天有效；只有本人登录后看得到。"""
    await vouchers.voucher(voucher_id, resident.id)
    return await _link("voucher", voucher_id, wechat)


@routes.post("/pickups/<pickup_id:uuid>/link")
@limited("export")
@answers(LinkJson, refuses=[NoSuchPickup, WeChatUnavailable])
async def pickup_link(
    request: Request, resident: SignedInResident, pickup_id: UUID, wechat: WeChat
) -> HTTPResponse:
    """从短信或浏览器打开这次预约的链接，30 天有效；只有本人登录后看得到。"""
    await pickups.pickup(pickup_id, resident.id)
    return await _link("pickup", pickup_id, wechat)


def scene_of(kind: Kind, subject: UUID) -> str:
    """What the entry page gets of a scanned code: the kind's first letter and the key in base64url."""
    return f"{kind[0]}={base64.urlsafe_b64encode(subject.bytes).decode().rstrip('=')}"


async def _code(kind: Kind, subject: UUID, wechat: WeChat) -> HTTPResponse:
    picture = await wechat.mini_code(scene_of(kind, subject), ENTRY)
    return raw(picture, content_type="image/jpeg", headers=KEPT_ON_A_PHONE)


async def _link(kind: Kind, subject: UUID, wechat: WeChat) -> HTTPResponse:
    until = clock.now() + LINK_LASTS
    link = await wechat.url_link(ENTRY, f"go={kind}&id={subject}", lasts=LINK_LASTS)
    found: LinkJson = {"link": link, "expires_at": written(until)}
    return json(found)
