"""The calls that we make to WeChat, one method each, and what its refusals mean to us."""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

from miniapi.settings import WeChatSettings
from miniapi.wechat import codes, user_data
from miniapi.wechat import fields as values
from miniapi.wechat.errors import (
    CannotSend,
    LoginBlocked,
    LoginTooOften,
    NoGrant,
    NoReplyWindow,
    PhoneCodeInvalid,
    PhoneFromAbroad,
    PhoneSealedOtherwise,
    SendLater,
    WeChatCodeInvalid,
    WeChatUnavailable,
)
from miniapi.wechat.fields import Link
from miniapi.wechat.line import PICTURE, Answer, Call, Line, errcode_of, no_answer
from miniapi.wechat.tokens import Shelf

LOGIN = Call("GET", "/sns/jscode2session")
PHONE = Call("POST", "/wxa/business/getuserphonenumber")
SUBSCRIBE = Call("POST", "/cgi-bin/message/subscribe/send")
CUSTOM = Call("POST", "/cgi-bin/message/custom/send")
TYPING = Call("POST", "/cgi-bin/message/custom/business/typing", repeatable=True)
TEMPLATES = Call("GET", "/wxaapi/newtmpl/gettemplate", repeatable=True)
CHECK = Call("POST", "/wxa/msg_sec_check", repeatable=True)
MINI_CODE = Call("POST", "/wxa/getwxacodeunlimit", repeatable=True, answers_picture=True)
URL_LINK = Call("POST", "/wxa/generate_urllink", repeatable=True)

WINDOW_CLOSED = {45015, 45047}
ABOUT_A_TEMPLATE = {40037, 43104, 43107}  # the operator's too, but other messages go
NOT_TYPING = {45080, 45081}  # nobody wrote lately, or they see it already
NOT_CHECKED = {40003, 61010}  # only the words of those are checked who used the mini-program lately
COMMENT = 2  # the scene of a text that others read
LONGEST_CHECKED = 2500  # characters
CODE = re.compile(r"[!-~]{1,256}")
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
FIELD = re.compile(r"(.+?)[:：]\s*\{\{(\w+)\.DATA\}\}")

log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What a check says of words, from good to bad; `unchecked` where WeChat would not look."""

    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    RISKY = "risky"
    UNCHECKED = "unchecked"


WORSE = (Verdict.PASS, Verdict.REVIEW, Verdict.RISKY)


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, and the key under which WeChat seals what it hands to their page."""

    openid: str
    unionid: str | None = None
    key: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A subscribe message template of our account: its fields by name (`thing1`), each with its title."""

    id: str
    title: str
    fields: Mapping[str, str]


class WeChat:
    """Our mini-program at WeChat: `async with WeChat(settings) as wechat`.

    With a shelf all processes share one access token; without one this process keeps its own.
    """

    def __init__(
        self,
        settings: WeChatSettings,
        shelf: Shelf | None = None,
        *,
        connect_seconds: float = 2.0,
        total_seconds: float = 4.0,
    ) -> None:
        self._settings = settings
        self.appid = settings.appid
        self._line = Line(settings, shelf, connect_seconds=connect_seconds, total_seconds=total_seconds)
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._line.__aexit__(kind, problem, trace)

    @property
    def is_well(self) -> bool:
        """Whether the last call was answered, and not refused for a reason of ours."""
        return self._line.is_well

    async def session_for(self, login_code: str) -> Session:
        """Who gave us this code of `wx.login`. Asked once only: a code may be burnt by a lost answer."""
        if not CODE.fullmatch(login_code):
            raise WeChatCodeInvalid
        query = {
            "appid": self._settings.appid,
            "secret": self._settings.secret,
            "js_code": login_code,
            "grant_type": "authorization_code",
        }
        answer = await self._line.ask(LOGIN, query)
        match errcode_of(answer):
            case 0:
                return session_in(answer)
            case 40029 | 40163:
                raise WeChatCodeInvalid
            case 40226:
                raise LoginBlocked
            case 45011:
                raise LoginTooOften(retry_after=60)
        raise _refusal(LOGIN, answer)

    async def phone_for(self, code: str, openid: str | None = None) -> str:
        """The mainland number behind a code of the phone button; with `openid`, only that person's."""
        if not CODE.fullmatch(code):
            raise PhoneCodeInvalid
        asked = {"code": code} | ({"openid": openid} if openid else {})
        answer = await self._line.ask_with_token(PHONE, asked)
        match errcode_of(answer):
            case 0:
                return phone_in(answer.get("phone_info"), self.appid)
            case 40029:
                raise PhoneCodeInvalid
        raise _refusal(PHONE, answer)

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
        async with self._one_at_a_time.setdefault(openid, asyncio.Lock()):
            answer = await self._line.ask_with_token(SUBSCRIBE, message | ({"page": page} if page else {}))
        if (errcode := errcode_of(answer)) == 43101:
            raise NoGrant
        if errcode:
            raise _not_sent(SUBSCRIBE, answer)

    async def send_text(self, openid: str, text: str, links: tuple[Link, ...] = ()) -> None:
        """Answer a person in the customer-service session, with links into our mini-program below the words.

        Words that WeChat would not take are cut. NoReplyWindow is for ever.
        """
        content = values.reply_of(text, self.appid, links)
        message = {"touser": openid, "msgtype": "text", "text": {"content": content}}
        answer = await self._line.ask_with_token(CUSTOM, message)
        if (errcode := errcode_of(answer)) in WINDOW_CLOSED:
            raise NoReplyWindow
        if errcode:
            raise _not_sent(CUSTOM, answer)

    async def show_typing(self, openid: str) -> None:
        """Let somebody who just wrote see that an answer is being typed."""
        answer = await self._line.ask_with_token(TYPING, {"touser": openid, "command": "Typing"})
        if (errcode := errcode_of(answer)) and errcode not in NOT_TYPING:
            raise _refusal(TYPING, answer)

    async def templates(self) -> tuple[Template, ...]:
        """The subscribe message templates of our account."""
        answer = await self._line.ask_with_token(TEMPLATES)
        if errcode_of(answer):
            raise _refusal(TEMPLATES, answer)
        return templates_in(answer)

    async def verdict_on(self, text: str, openid: str) -> Verdict:
        """What WeChat's check says of words that this person wrote and others will read.

        Longer words are checked piece by piece, and the worst counts. It knows only persons who used the
        mini-program within two hours: of others the words are `unchecked`.
        """
        worst = Verdict.PASS
        for begin in range(0, len(text), LONGEST_CHECKED):
            piece = text[begin : begin + LONGEST_CHECKED]
            asked = {"version": 2, "scene": COMMENT, "openid": openid, "content": piece}
            answer = await self._line.ask_with_token(CHECK, asked)
            if (errcode := errcode_of(answer)) in NOT_CHECKED:
                return Verdict.UNCHECKED
            if errcode:
                raise _refusal(CHECK, answer)
            worst = max(worst, verdict_in(answer), key=WORSE.index)
        return worst

    async def mini_code(self, scene: str, page: str, *, width: int = 430) -> bytes:
        """A picture that opens a page for whoever scans it; the page gets `scene`, nothing personal.

        It is good for ever; the same scene gives the same code. `width` in pixels, 280 to 1280.
        """
        if not SCENE.fullmatch(scene):
            raise ValueError("a scene has 32 visible characters at most")
        asked = {"scene": scene, "page": page, "check_path": True, "width": width}
        answer = await self._line.ask_with_token(MINI_CODE, asked)
        if errcode_of(answer):
            raise _refusal(MINI_CODE, answer)
        if not isinstance(picture := answer.get(PICTURE), bytes):
            raise no_answer(MINI_CODE.path, "no picture")
        return picture

    async def url_link(self, path: str, query: str, *, lasts: timedelta = timedelta(days=30)) -> str:
        """An address that opens a page from outside WeChat, for thirty days at most."""
        asked = {"path": path, "query": query, "expire_type": 1, "expire_interval": lasts.days}
        answer = await self._line.ask_with_token(URL_LINK, asked)
        if errcode_of(answer):
            raise _refusal(URL_LINK, answer)
        if not isinstance(link := answer.get("url_link"), str):
            raise no_answer(URL_LINK.path, "no link")
        return link


def session_in(answer: Answer) -> Session:
    """The person that a good answer to a login names."""
    openid, unionid, key = (answer.get(name) for name in ("openid", "unionid", "session_key"))
    if not isinstance(openid, str) or not openid:
        raise no_answer(LOGIN.path, "no openid")
    return Session(
        openid,
        unionid if isinstance(unionid, str) and unionid else None,
        key if isinstance(key, str) and key else None,
    )


def phone_in(phone: Any, appid: str) -> str:
    """The mainland number that WeChat tells, if it was given to our mini-program."""
    try:
        number, country, owner = phone["purePhoneNumber"], phone["countryCode"], phone["watermark"]["appid"]
    except (KeyError, TypeError):
        raise no_answer(PHONE.path, "no phone number") from None
    if owner != appid:
        raise PhoneCodeInvalid
    if str(country) != "86" or not re.fullmatch(r"1\d{10}", str(number)):
        raise PhoneFromAbroad
    return str(number)


def sealed_phone_in(encrypted_data: str, iv: str, session_key: str, appid: str) -> str:
    """The mainland number that the phone button handed to a page in the old way.

    Raises PhoneSealedOtherwise, PhoneCodeInvalid of another mini-program's, PhoneFromAbroad.
    """
    found = user_data.opened(encrypted_data, iv, session_key)
    try:
        return phone_in(found, appid)
    except WeChatUnavailable:
        raise PhoneSealedOtherwise from None


def verdict_in(answer: Answer) -> Verdict:
    """What a check suggests; what it never says of itself wants a look."""
    result = answer.get("result")
    said = result.get("suggest") if isinstance(result, dict) else None
    return Verdict(said) if said in WORSE else Verdict.REVIEW


def templates_in(answer: Answer) -> tuple[Template, ...]:
    """The templates that an answer lists; each line of a template's content is a title and a field."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        raise no_answer(TEMPLATES.path, "no list")
    return tuple(
        Template(
            str(item.get("priTmplId")),
            str(item.get("title")),
            {name: title.strip() for title, name in FIELD.findall(str(item.get("content")))},
        )
        for item in listed
        if isinstance(item, dict)
    )


def _refusal(call: Call, answer: Answer) -> WeChatUnavailable:
    return codes.refusal_of(call.path, errcode_of(answer), answer.get("errmsg"))


def _not_sent(call: Call, answer: Answer) -> WeChatUnavailable | CannotSend:
    """A message that did not go: later it may, when its operator mended something it may, or never."""
    errcode = errcode_of(answer)
    kind = codes.kind_of(errcode)
    if kind in codes.PASSES:
        return SendLater(errcode=errcode)
    if kind in codes.OURS_TO_MEND and errcode not in ABOUT_A_TEMPLATE:
        return _refusal(call, answer)
    log.error("wechat %s will not take a message, %s: %.200s", call.path, errcode, answer.get("errmsg"))
    return CannotSend(errcode=errcode)
