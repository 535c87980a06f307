"""The sandbox's own calls: what people do in WeChat, and what tests want to see or to go wrong."""

import base64
import json
import re
import secrets
from dataclasses import asdict
from typing import Any

import asyncpg
from sanic import Blueprint, HTTPResponse, Request

from miniapi import clock
from miniapi.sandbox.context import Sandbox, sandbox_of
from miniapi.sandbox.faults import EVERYWHERE, MODES, SLOW, Fault
from miniapi.sandbox.problems import Body, Problem, body_of, invalid, number, one_of, text
from miniapi.sandbox.push import REMEMBERED, Format, Push, user_data
from miniapi.sandbox.sending import as_shown
from miniapi.sandbox.server import phone_info
from miniapi.sandbox.state import Opening, openid_of
from miniapi.sandbox.templates import BY_ID, TEMPLATES
from miniapi.settings import instant

ANSWERS = ("accept", "reject", "turn_off")
ASKED_AT_ONCE = 5  # templates in one dialog
LONGEST_MESSAGE = 20_000
MOST_SHOWN = 10_000  # messages in one answer
WECHAT_PATHS = ("/sns/", "/cgi-bin/", "/wxa/", "/wxaapi/")

blueprint = Blueprint("people", url_prefix="/sandbox")


@blueprint.post("/login")
async def login(request: Request) -> HTTPResponse:
    """What `wx.login` gives. With `appid` the code belongs to another mini-program."""
    sandbox, body = sandbox_of(request), body_of(request)
    appid = text(body, "appid") if body.get("appid") is not None else sandbox.wechat.appid
    openid = sandbox.state.person(text(body, "user"))
    return _json({"code": sandbox.state.new_code("login", openid, appid)})


@blueprint.post("/phone")
async def phone(request: Request) -> HTTPResponse:
    """What the button `getPhoneNumber` gives: a code, and to whoever signed in the number under their key."""
    sandbox, body = sandbox_of(request), body_of(request)
    written = text(body, "phone", longest=24)
    found = re.fullmatch(r"(?:\+(\d{1,3})[ -]?)?(\d{5,15})", written)
    country, pure = (found[1] or "86", found[2]) if found else ("", "")
    if not found or (country == "86" and not re.fullmatch(r"1\d{10}", pure)):
        raise invalid("phone", "应当是 11 位手机号，国外号码写成 +国家代码 号码")
    openid = sandbox.state.person(text(body, "user"))
    code = sandbox.state.new_code("phone", openid, sandbox.wechat.appid, f"{country}-{pure}")
    if (session_key := sandbox.state.session_keys.get(openid)) is None:
        return _json({"code": code})
    iv = secrets.token_bytes(16)
    shown = json.dumps(phone_info(sandbox, country, pure))
    sealed = user_data(shown, session_key, iv)
    return _json({"code": code, "encryptedData": sealed, "iv": base64.b64encode(iv).decode()})


@blueprint.get("/templates")
async def templates(_request: Request) -> HTTPResponse:
    """The templates, one a kind."""
    return _json(
        [
            {
                "template_id": one.id,
                "title": one.title,
                "kind": one.kind,
                "fields": [{"name": name, "title": title} for name, title in one.fields.items()],
            }
            for one in TEMPLATES
        ]
    )


@blueprint.post("/subscribe")
async def subscribe(request: Request) -> HTTPResponse:
    """The consent dialog, answered for all its templates; or, with `turn_off`, the settings page."""
    sandbox, body = sandbox_of(request), body_of(request)
    user, template_ids = text(body, "user"), _template_ids(body)
    choice, written_as = one_of(body, "answer", ANSWERS, "accept"), _format(body)
    openid = sandbox.state.person(user)
    second = sandbox.state.event_second(openid, clock.now())
    sandbox.state.answered(openid, template_ids, choice, second)
    event = {"Event": f"subscribe_msg_{'change' if choice == 'turn_off' else 'popup'}_event"}
    items = tuple(_answer_item(template_id, choice) for template_id in template_ids)
    delivery = await sandbox.pusher.deliver(Push(openid, second, "event", event, items, written_as))
    granted = {one: sandbox.state.grants[openid, one] for one in template_ids}
    return _json({"grants": granted, "push": asdict(delivery)})


@blueprint.post("/say")
async def say(request: Request) -> HTTPResponse:
    """A person writes to customer service; for 48 hours five answers are allowed."""
    sandbox, body = sandbox_of(request), body_of(request)
    user, said, written_as = text(body, "user"), text(body, "text", LONGEST_MESSAGE), _format(body)
    msg_id = 2**54 + secrets.randbelow(2**54)
    at = as_shown(clock.now())
    openid, second = _opened(sandbox, user, "said")
    delivery = await sandbox.pusher.deliver(
        Push(openid, second, "text", {"Content": said, "MsgId": msg_id}, format=written_as)
    )
    return _json({"msg_id": str(msg_id), "at": at, "push": asdict(delivery)})


@blueprint.post("/picture")
async def picture(request: Request) -> HTTPResponse:
    """A person sends a picture to customer service."""
    sandbox, body = sandbox_of(request), body_of(request)
    user, written_as = text(body, "user"), _format(body)
    msg_id = 2**54 + secrets.randbelow(2**54)
    at = as_shown(clock.now())
    openid, second = _opened(sandbox, user, "said")
    address = f"http://mmbiz.qpic.cn/{secrets.token_hex(8)}"
    fields: dict[str, str | int] = {
        "PicUrl": address,
        "MediaId": secrets.token_urlsafe(48),
        "MsgId": msg_id,
    }
    delivery = await sandbox.pusher.deliver(Push(openid, second, "image", fields, format=written_as))
    return _json({"msg_id": str(msg_id), "at": at, "push": asdict(delivery)})


@blueprint.post("/enter")
async def enter(request: Request) -> HTTPResponse:
    """A person opens the customer-service session; for a minute two messages are allowed."""
    sandbox, body = sandbox_of(request), body_of(request)
    user, written_as = text(body, "user"), _format(body)
    openid, second = _opened(sandbox, user, "entered")
    event = {"Event": "user_enter_tempsession", "SessionFrom": "sandbox"}
    delivery = await sandbox.pusher.deliver(Push(openid, second, "event", event, format=written_as))
    return _json({"push": asdict(delivery)})


@blueprint.post("/push-again")
async def push_again(request: Request) -> HTTPResponse:
    """Deliver the last pushes once more, the newest first: repeats, and out of order."""
    sandbox, body = sandbox_of(request), body_of(request)
    deliveries = await sandbox.pusher.again(int(number(body, "count", 1, 1, REMEMBERED)))
    return _json([asdict(delivery) for delivery in deliveries])


@blueprint.get("/messages")
async def messages(request: Request) -> HTTPResponse:
    """What a person received, oldest first; without a person what everybody did, `after` so many."""
    state = sandbox_of(request).state
    if "user" in request.args:
        return _json(state.messages.get(openid_of(text({"user": request.args.get("user")}, "user")), []))
    after = request.args.get("after", "0")
    if not re.fullmatch(r"[0-9]{1,9}", after):
        raise invalid("after", "应当是已经看过的条数")
    shown = state.received[int(after) : int(after) + MOST_SHOWN]
    return _json([{"user": state.users.get(openid, openid), **message} for openid, message in shown])


@blueprint.get("/users")
async def users(request: Request) -> HTTPResponse:
    """Everybody who ever came, and how many messages each received."""
    state = sandbox_of(request).state
    return _json(
        [
            {"user": user, "openid": openid, "messages": len(state.messages.get(openid, []))}
            for openid, user in state.users.items()
        ]
    )


@blueprint.get("/faults")
async def present_faults(request: Request) -> HTTPResponse:
    """The faults that are on."""
    return _json([asdict(fault) for fault in sandbox_of(request).faults.present])


@blueprint.post("/faults")
async def switch_fault_on(request: Request) -> HTTPResponse:
    """Let something go wrong on a path, in a share of its calls."""
    body = body_of(request)
    path = text(body, "path")
    if path != EVERYWHERE and not path.startswith(WECHAT_PATHS):
        raise invalid("path", f"应当是微信的地址，以 {'、'.join(WECHAT_PATHS)} 开头，或 * 表示全部")
    fault = Fault(
        path,
        one_of(body, "mode", MODES),
        number(body, "rate", 1, 0, 1),
        int(number(body, "errcode", -1, -1, 10**7)),
        number(body, "seconds", SLOW, 0, 60),
        None if body.get("times") is None else int(number(body, "times", 1, 1, 10**6)),
    )
    sandbox_of(request).faults.add(fault)
    return _json(asdict(fault))


@blueprint.delete("/faults")
async def switch_faults_off(request: Request) -> HTTPResponse:
    """Let everything go right again."""
    sandbox_of(request).faults.present.clear()
    return _json([])


@blueprint.post("/clock")
async def move_clock(request: Request) -> HTTPResponse:
    """Move the product's clock forward, in all its processes."""
    sandbox, written = sandbox_of(request), text(body_of(request), "now")
    try:
        at = instant(written)
    except ValueError:
        raise invalid("now", "应当是带时区的时间，例如 2024-09-01T10:00:00+08:00") from None
    if sandbox.database_url is None:
        raise Problem(409, "no_clock", "沙箱没有连接数据库，时钟不能移动。")
    try:
        now = await clock.move_to(sandbox.database_url, at)
    except clock.ClockBackwards:
        raise Problem(409, "clock_backwards", f"时钟只能向前，现在已经是 {as_shown(clock.now())}。") from None
    except (OSError, asyncpg.PostgresError):
        raise Problem(503, "database_unavailable", "数据库暂时不可用，时钟没有移动。") from None
    return _json({"now": as_shown(now)})


def _opened(sandbox: Sandbox, user: str, how: Opening) -> tuple[str, int]:
    """Open a window of a person; their openid and the second to stamp the push with."""
    openid, at = sandbox.state.person(user), clock.now()
    second = sandbox.state.event_second(openid, at)
    sandbox.state.opened(openid, how, at, second)
    return openid, second


def _template_ids(body: Body) -> list[str]:
    written = body.get("template_ids")
    if not isinstance(written, list) or not 1 <= len(written) <= ASKED_AT_ONCE:
        raise invalid("template_ids", f"应当是 1 到 {ASKED_AT_ONCE} 个模板编号的列表")
    for template_id in written:
        if not isinstance(template_id, str) or template_id not in BY_ID:
            raise invalid("template_ids", f"没有模板 {template_id}，GET /sandbox/templates 列出全部")
    return list(dict.fromkeys(written))


def _answer_item(template_id: str, choice: str) -> dict[str, str]:
    if choice == "turn_off":
        return {"TemplateId": template_id, "SubscribeStatusString": "reject"}
    return {"TemplateId": template_id, "SubscribeStatusString": choice, "PopupScene": "0"}


def _format(body: Body) -> Format:
    return "xml" if one_of(body, "format", ("json", "xml"), "json") == "xml" else "json"


def _json(value: Any) -> HTTPResponse:
    return HTTPResponse(json.dumps(value, ensure_ascii=False), content_type="application/json")
