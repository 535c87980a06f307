"""The calls that we make to WeChat, one method each, and what its refusals mean to us."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

import aiohttp

from miniapi import metrics
from miniapi.settings import WeChatSettings
from miniapi.wechat import fields as values
from miniapi.wechat.errors import (
    CannotSend,
    LoginBlocked,
    LoginTooOften,
    NoGrant,
    NoReplyWindow,
    PhoneCodeInvalid,
    PhoneFromAbroad,
    SendLater,
    WeChatCodeInvalid,
    WeChatUnavailable,
)
from miniapi.wechat.tokens import Tokens

TOKEN_REFUSED = {40001, 40014, 42001}
BUSY = {-1, 43108, 44990, 44991, 44993, 45009, 45011}
WINDOW_CLOSED = {45015, 45047}
OURS_TO_MEND = {40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004, 48001, 48004, 50004, 50007}
CODE = re.compile(r"[!-~]{1,256}")
FIELD = re.compile(r"(.+?)[:：]\s*\{\{(\w+)\.DATA\}\}")

log = logging.getLogger(__name__)

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in. The session key is not kept: nothing of ours needs it."""

    openid: str
    unionid: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A subscribe message template of our account: its fields by name (`thing1`), each with its title."""

    id: str
    title: str
    fields: Mapping[str, str]


class WeChat:
    """Our mini-program's line to WeChat: `async with WeChat(settings) as wechat`."""

    def __init__(
        self, settings: WeChatSettings, *, connect_seconds: float = 2.0, total_seconds: float = 4.0
    ) -> None:
        self._settings = settings
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds)
        self._tokens = Tokens(self._fetch_token)
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._http: aiohttp.ClientSession | None = None
        self.is_well = True  # whether the last call was answered, and not refused for a reason of ours

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_asked_once,)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tokens.stop()
        if self._http is not None:
            await self._http.close()

    async def session_for(self, login_code: str) -> Session:
        """Who gave us this code of `wx.login`. Asked once only: a code may be burnt by a lost answer."""
        if not CODE.fullmatch(login_code):
            raise WeChatCodeInvalid
        path = "/sns/jscode2session"
        query = {
            "appid": self._settings.appid,
            "secret": self._settings.secret,
            "js_code": login_code,
            "grant_type": "authorization_code",
        }
        answer = await self._ask("GET", path, query)
        match errcode_of(answer):
            case 0:
                return session_in(answer)
            case 40029 | 40163:
                raise WeChatCodeInvalid
            case 40226:
                raise LoginBlocked
            case 45011:
                raise LoginTooOften(retry_after=60)
        raise _unavailable(path, answer)

    async def phone_for(self, code: str, openid: str | None = None) -> str:
        """The mainland number behind a code of the phone button; with `openid`, only that person's."""
        if not CODE.fullmatch(code):
            raise PhoneCodeInvalid
        path = "/wxa/business/getuserphonenumber"
        answer = await self._ask_with_token(
            "POST", path, {"code": code} | ({"openid": openid} if openid else {})
        )
        match errcode_of(answer):
            case 0:
                return phone_in(answer, self._settings.appid)
            case 40029:
                raise PhoneCodeInvalid
        raise _unavailable(path, answer)

    async def send_subscribe(
        self, openid: str, template_id: str, fields: Mapping[str, str], page: str | None = None
    ) -> None:
        """Send a subscribe message and use up one grant. Its texts are cut to what WeChat takes.

        Raises NoGrant and CannotSend for ever, SendLater and WeChatUnavailable for now.
        """
        try:
            fitting = {name: {"value": values.fitted(name, value)} for name, value in fields.items()}
        except values.DoesNotFit as problem:
            log.error("a subscribe message of template %s cannot be sent: %s", template_id, problem)
            raise CannotSend(errcode=47003) from problem
        message = {"touser": openid, "template_id": template_id, "data": fitting}
        path = "/cgi-bin/message/subscribe/send"
        async with self._one_at_a_time.setdefault(openid, asyncio.Lock()):
            answer = await self._ask_with_token("POST", path, message | ({"page": page} if page else {}))
        if (errcode := errcode_of(answer)) == 43101:
            raise NoGrant
        if errcode:
            raise _not_sent(path, answer)

    async def send_text(self, openid: str, text: str) -> None:
        """Answer a person in the customer-service session, in plain text. NoReplyWindow is for ever."""
        path = "/cgi-bin/message/custom/send"
        message = {"touser": openid, "msgtype": "text", "text": {"content": values.reply_of(text)}}
        answer = await self._ask_with_token("POST", path, message)
        if (errcode := errcode_of(answer)) in WINDOW_CLOSED:
            raise NoReplyWindow
        if errcode:
            raise _not_sent(path, answer)

    async def templates(self) -> tuple[Template, ...]:
        """The subscribe message templates of our account."""
        path = "/wxaapi/newtmpl/gettemplate"
        answer = await self._ask_with_token("GET", path)
        if errcode_of(answer):
            raise _unavailable(path, answer)
        return templates_in(answer)

    async def _fetch_token(self, force: bool) -> tuple[str, float]:
        path = "/cgi-bin/stable_token"
        body = {
            "grant_type": "client_credential",
            "appid": self._settings.appid,
            "secret": self._settings.secret,
            "force_refresh": force,
        }
        try:
            answer = await self._ask("POST", path, {}, body)
        except WeChatUnavailable as refusal:
            refusal.answer_lost = False  # only a token's: what it was wanted for was not asked yet
            raise
        token, life = answer.get("access_token"), answer.get("expires_in")
        if errcode_of(answer) or not isinstance(token, str) or not isinstance(life, int):
            raise _unavailable(path, answer)
        return token, life

    async def _ask_with_token(self, method: str, path: str, body: Answer | None = None) -> Answer:
        """Ask with the token; where it is refused, nothing was done, so ask again with another."""
        token = await self._tokens.current()
        for another in (self._tokens.instead_of, self._tokens.forced_instead_of):
            answer = await self._ask(method, path, {"access_token": token}, body)
            if errcode_of(answer) not in TOKEN_REFUSED:
                return answer
            token = await another(token)
        return await self._ask(method, path, {"access_token": token}, body)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: Answer | None = None
    ) -> Answer:
        """One question, counted for operators. Raises WeChatUnavailable."""
        began, outcome = time.monotonic(), "unreachable"
        try:
            answer = await self._exchange(method, path, query, body)
            outcome = "refused" if errcode_of(answer) else "ok"
        except WeChatUnavailable:
            self.is_well = False
            raise
        finally:
            metrics.wechat_called(path, outcome, time.monotonic() - began)
        self.is_well = errcode_of(answer) not in BUSY | OURS_TO_MEND | TOKEN_REFUSED
        return answer

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: Answer | None = None
    ) -> Answer:
        """One request and its answer. No error carries the address: the secret stands in it."""
        if self._http is None:
            raise RuntimeError("WeChat is not open: use `async with`")
        try:
            async with self._http.request(
                method,
                self._settings.api_base + path,
                params=query,
                data=None if body is None else _written(body),
                headers=None if body is None else {"Content-Type": "application/json; charset=utf-8"},
                allow_redirects=False,
            ) as response:
                status, written = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as problem:
            never_asked = isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
            raise _no_answer(path, type(problem).__name__, lost=not never_asked) from None
        if status != 200:
            raise _no_answer(path, f"HTTP {status}", lost=False)
        try:
            answer = json.loads(written)
        except ValueError:
            raise _no_answer(path, "no JSON", lost=True) from None
        if not isinstance(answer, dict):
            raise _no_answer(path, "no JSON object", lost=True)
        return answer


class _AnswerLost(aiohttp.ClientError):
    """The connection broke after we had asked."""


async def _asked_once(
    request: aiohttp.ClientRequest, ask: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from asking again by itself where a connection breaks: a login code is good once."""
    try:
        return await ask(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise _AnswerLost from None


def _written(body: Answer) -> bytes:
    """JSON in plain UTF-8: WeChat knows a refusal for \\uXXXX."""
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def errcode_of(answer: Answer) -> int:
    """WeChat's verdict; some of its answers carry none when all is well."""
    errcode = answer.get("errcode", 0)
    return errcode if isinstance(errcode, int) else -1


def session_in(answer: Answer) -> Session:
    """The person that a good answer to a login names."""
    openid, unionid = answer.get("openid"), answer.get("unionid")
    if not isinstance(openid, str) or not openid:
        raise _no_answer("/sns/jscode2session", "no openid", lost=True)
    return Session(openid, unionid if isinstance(unionid, str) and unionid else None)


def phone_in(answer: Answer, appid: str) -> str:
    """The number in a good answer, if it was given to our mini-program."""
    try:
        phone = answer["phone_info"]
        number, country, owner = phone["purePhoneNumber"], phone["countryCode"], phone["watermark"]["appid"]
    except (KeyError, TypeError):
        raise _no_answer("/wxa/business/getuserphonenumber", "no phone number", lost=True) from None
    if owner != appid:
        raise PhoneCodeInvalid
    if str(country) != "86" or not re.fullmatch(r"1\d{10}", str(number)):
        raise PhoneFromAbroad
    return str(number)


def templates_in(answer: Answer) -> tuple[Template, ...]:
    """The templates that an answer lists; each line of a template's content is a title and a field."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        raise _no_answer("/wxaapi/newtmpl/gettemplate", "no list", lost=True)
    return tuple(
        Template(
            str(item.get("priTmplId")),
            str(item.get("title")),
            {name: title.strip() for title, name in FIELD.findall(str(item.get("content")))},
        )
        for item in listed
        if isinstance(item, dict)
    )


def _no_answer(path: str, what: str, *, lost: bool) -> WeChatUnavailable:
    log.warning("wechat %s: %s", path, what)
    refusal = WeChatUnavailable()
    refusal.answer_lost = lost
    return refusal


def _unavailable(path: str, answer: Answer) -> WeChatUnavailable:
    """WeChat refuses us, not the person. Busy passes by itself; anything else is ours to mend."""
    errcode = errcode_of(answer)
    level = logging.WARNING if errcode in BUSY else logging.ERROR
    log.log(level, "wechat %s refuses with %s: %.200s", path, errcode, answer.get("errmsg"))
    return WeChatUnavailable()


def _not_sent(path: str, answer: Answer) -> WeChatUnavailable | CannotSend:
    errcode = errcode_of(answer)
    if errcode in BUSY:
        return SendLater(errcode=errcode)
    if errcode in OURS_TO_MEND | TOKEN_REFUSED:
        return _unavailable(path, answer)
    log.error("wechat %s will not take a message, %s: %.200s", path, errcode, answer.get("errmsg"))
    return CannotSend(errcode=errcode)
