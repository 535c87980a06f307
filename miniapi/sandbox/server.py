"""WeChat's own paths, as api.weixin.qq.com answers them."""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from miniapi import clock
from miniapi.sandbox import links, safety, sending
from miniapi.sandbox.bodies import object_in
from miniapi.sandbox.context import Sandbox, sandbox_of
from miniapi.sandbox.faults import answer_under
from miniapi.sandbox.refusals import Refused, text_of
from miniapi.sandbox.state import BLOCKED_USER
from miniapi.sandbox.templates import TEMPLATES
from miniapi.sandbox.tokens import DAY_QUOTA, FORCED_A_DAY

Values = Mapping[str, Any]
Act = Callable[[Sandbox, Values], Awaitable[Values | bytes]]

blueprint = Blueprint("wechat")


@dataclass(frozen=True, slots=True)
class Call:
    """A path of WeChat: the method that is due, what it does, and whether a token must come with it."""

    method: str
    act: Act
    needs_token: bool = True
    content_type: str = "application/json"
    wrong_method: int = 0


async def jscode2session(sandbox: Sandbox, asked: Values) -> Values:
    """Who gave this login code. The code is used up, also where the person is refused."""
    _check_credentials(sandbox, asked)
    if asked.get("grant_type") != "authorization_code":
        raise Refused(40002)
    if not asked.get("js_code"):
        raise Refused(41008)
    code = sandbox.state.code(asked["js_code"], "login", sandbox.wechat.appid)
    if code is None:
        raise Refused(40029)
    if code.used:
        raise Refused(40163)
    if sandbox.state.logs_in_too_often(code.openid):
        raise Refused(45011, "api minute-quota reach limit  mustslower  retry next minute")
    blocked = sandbox.state.users[code.openid] == BLOCKED_USER
    session_key = None if blocked else base64.b64encode(secrets.token_bytes(16)).decode()
    sandbox.state.use_code(asked["js_code"], session_key, clock.now())
    if blocked:
        raise Refused(40226)
    return {"session_key": session_key, "openid": code.openid}


async def token(sandbox: Sandbox, asked: Values) -> Values:
    """A new plain token; the one before works on for five minutes."""
    _check_grant(sandbox, asked)
    issued = sandbox.state.new_token("plain")
    return {"access_token": issued.token, "expires_in": sandbox.state.token_life(issued)}


async def stable_token(sandbox: Sandbox, asked: Values) -> Values:
    """The same stable token while it has more than five minutes; a forced refresh ends it."""
    _check_grant(sandbox, asked)
    state, at = sandbox.state, sandbox.state.ticks()
    forced = asked.get("force_refresh") is True and state.tokens.may_force(at)
    if forced and state.tokens.forced_today(at) >= FORCED_A_DAY:
        raise Refused(DAY_QUOTA)
    kept = None if forced else state.tokens.stable(at)
    issued = kept or state.new_token("stable", forced=forced)
    return {"access_token": issued.token, "expires_in": state.token_life(issued)}


async def phone_number(sandbox: Sandbox, asked: Values) -> Values:
    """The number behind a code of the phone button, once."""
    written = str(asked.get("code") or "")
    code = sandbox.state.code(written, "phone", sandbox.wechat.appid)
    if code is None or code.used or asked.get("openid") not in (None, "", code.openid):
        raise Refused(40029, f"invalid code hint: [{secrets.token_urlsafe(8)}-{secrets.token_urlsafe(4)}]")
    sandbox.state.use_code(written)
    country, pure = code.phone.split("-")
    return {"errcode": 0, "errmsg": "ok", "phone_info": phone_info(sandbox, country, pure)}


def phone_info(sandbox: Sandbox, country: str, pure: str) -> Values:
    """A number as WeChat tells it."""
    return {
        "phoneNumber": pure if country == "86" else f"+{country}{pure}",
        "purePhoneNumber": pure,
        "countryCode": country,
        "watermark": {"timestamp": int(clock.now().timestamp()), "appid": sandbox.wechat.appid},
    }


async def template_list(_sandbox: Sandbox, _asked: Values) -> Values:
    """The templates of this mini-program."""
    return {"errcode": 0, "errmsg": "ok", "data": [one.as_wechat_lists_it() for one in TEMPLATES]}


CALLS = {
    "/sns/jscode2session": Call("GET", jscode2session, False, "text/plain", wrong_method=41002),
    "/cgi-bin/token": Call("GET", token, needs_token=False),
    "/cgi-bin/stable_token": Call("POST", stable_token, needs_token=False),
    "/wxa/business/getuserphonenumber": Call("POST", phone_number),
    "/cgi-bin/message/subscribe/send": Call("POST", sending.subscribe),
    "/cgi-bin/message/custom/send": Call("POST", sending.custom),
    "/cgi-bin/message/custom/business/typing": Call("POST", sending.typing),
    "/wxaapi/newtmpl/gettemplate": Call("GET", template_list),
    "/wxa/msg_sec_check": Call("POST", safety.check),
    "/wxa/getwxacodeunlimit": Call("POST", links.mini_code, content_type="image/jpeg"),
    "/wxa/generate_urllink": Call("POST", links.url_link),
}


async def answer(request: Request) -> HTTPResponse | None:
    """Answer one call of WeChat's, under the fault that is drawn for it."""
    sandbox, call = sandbox_of(request), CALLS[request.path]
    sandbox.state.calls[request.path] += 1

    def refuse(errcode: int, text: str | None = None) -> HTTPResponse:
        comma = "," if call.content_type == "text/plain" else ""
        return _written(
            call, {"errcode": errcode, "errmsg": f"{text or text_of(errcode)}{comma} rid: {_rid()}"}
        )

    async def act() -> HTTPResponse:
        try:
            return _written(call, await call.act(sandbox, _asked(sandbox, call, request)))
        except Refused as refused:
            return refuse(refused.errcode, refused.text)

    fault = sandbox.faults.drawn_for(request.path)
    if fault is not None and fault.mode == "revoke":
        sandbox.state.revoke(request.args.get("access_token", ""))
    return await answer_under(fault, request, act, refuse)


for path in CALLS:
    blueprint.add_route(answer, path, methods=["GET", "POST"], name=path.strip("/").replace("/", "_"))


def _asked(sandbox: Sandbox, call: Call, request: Request) -> Values:
    """What the call carries: a GET's query or a POST's JSON, whatever its Content-Type says."""
    if request.method != call.method:
        raise Refused(call.wrong_method or (43002 if call.method == "POST" else 43001))
    query = {name: values[0] for name, values in request.get_args(keep_blank_values=True).items()}
    if call.needs_token and (
        errcode := sandbox.state.tokens.verdict(query.get("access_token"), sandbox.state.ticks())
    ):
        raise Refused(errcode)
    if call.method == "GET":
        return query
    if not request.body:
        raise Refused(44002)
    try:
        return object_in(request.body)
    except ValueError:
        raise Refused(47001) from None


def _check_credentials(sandbox: Sandbox, asked: Values) -> None:
    for missing, name in ((41002, "appid"), (41004, "secret")):
        if not asked.get(name):
            raise Refused(missing)
    if asked["appid"] != sandbox.wechat.appid:
        raise Refused(40013)
    if asked["secret"] != sandbox.wechat.secret:
        raise Refused(40125)


def _check_grant(sandbox: Sandbox, asked: Values) -> None:
    if asked.get("grant_type") != "client_credential":
        raise Refused(40002)
    _check_credentials(sandbox, asked)


def _written(call: Call, body: Values | bytes) -> HTTPResponse:
    """A picture comes as it is; a refusal of one is JSON, and both with status 200."""
    if isinstance(body, bytes):
        return HTTPResponse(body, content_type=call.content_type)
    written = "application/json" if call.content_type.startswith("image/") else call.content_type
    return HTTPResponse(json.dumps(body, ensure_ascii=False), content_type=written)


def _rid() -> str:
    return f"{int(clock.now().timestamp()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
