"""The line to WeChat: one question and its answer, with our token where one is wanted, each counted."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from miniapi import metrics
from miniapi.settings import WeChatSettings
from miniapi.wechat import codes
from miniapi.wechat.errors import TokenRefused, WeChatBusy, WeChatUnavailable
from miniapi.wechat.tokens import Shelf, Tokens

AGAIN_AFTER = 0.2  # seconds; WeChat asks for a pause when it is busy
PICTURE = "picture"  # where the bytes of an answer stand that is no JSON
IN_JSON = {"Content-Type": "application/json; charset=utf-8"}
NOT_SAID = ("Accept", "Accept-Encoding")  # there is one kind of answer, and it is short

log = logging.getLogger(__name__)

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A path of WeChat. `repeatable`: asked twice it does no more than asked once."""

    method: str
    path: str
    repeatable: bool = False
    answers_picture: bool = False


TOKEN = Call("POST", "/cgi-bin/stable_token", repeatable=True)
FORCED_TOKEN = Call("POST", "/cgi-bin/stable_token")  # WeChat gives twenty a day


class Line:
    """Our mini-program's line: `async with Line(settings) as line`."""

    def __init__(
        self, settings: WeChatSettings, shelf: Shelf | None, *, connect_seconds: float, total_seconds: float
    ) -> None:
        self._settings = settings
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds)
        self._tokens = Tokens(self._fetch_token, shelf)
        self._http: aiohttp.ClientSession | None = None
        self.is_well = True  # whether the last call was answered, and not refused for a reason of ours

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=NOT_SAID
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

    async def ask_with_token(self, call: Call, body: Answer | None = None) -> Answer:
        """Ask with the token; where it is refused, nothing was done, so ask again with another."""
        token = await self._tokens.current()
        for another in (self._tokens.instead_of, self._tokens.forced_instead_of):
            answer = await self._ask_or_again(call, _with_token(token), body)
            if codes.kind_of(errcode_of(answer)) is not TokenRefused:
                return answer
            token = await another(token)
        return await self._ask_or_again(call, _with_token(token), body)

    async def ask(self, call: Call, query: Mapping[str, str], body: Answer | None = None) -> Answer:
        """Ask without a token. Raises WeChatUnavailable."""
        return await self._ask_or_again(call, urlencode(query), body)

    async def _ask_or_again(self, call: Call, query: str, body: Answer | None) -> Answer:
        """Ask, and once more where that is safe: what never arrived, and what may be asked twice.

        The second time goes to WeChat's other host, where we know one. Raises WeChatUnavailable.
        """
        try:
            answer = await self._ask(self._settings.api_base, call, query, body)
        except _NoAnswer as failed:
            if not failed.never_asked and (failed.timed_out or not call.repeatable):
                raise
        else:
            if not call.repeatable or codes.kind_of(errcode_of(answer)) is not WeChatBusy:
                return answer
            await asyncio.sleep(AGAIN_AFTER)
        return await self._ask(self._settings.api_backup or self._settings.api_base, call, query, body)

    async def _fetch_token(self, force: bool) -> tuple[str, float]:
        call = FORCED_TOKEN if force else TOKEN
        body = {
            "grant_type": "client_credential",
            "appid": self._settings.appid,
            "secret": self._settings.secret,
            "force_refresh": force,
        }
        try:
            answer = await self.ask(call, {}, body)
        except WeChatUnavailable as refusal:
            refusal.answer_lost = False  # only a token's: what it was wanted for was not asked yet
            raise
        if errcode := errcode_of(answer):
            raise codes.refusal_of(call.path, errcode, answer.get("errmsg"))
        token, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(life, int):
            raise no_answer(call.path, "no token")
        return token, life

    async def _ask(self, host: str, call: Call, query: str, body: Answer | None) -> Answer:
        """One question to one host, counted for operators."""
        began, outcome, errcode = time.monotonic(), "unreachable", ""
        try:
            answer = await self._exchange(host, call, query, body)
            verdict = errcode_of(answer)
            outcome, errcode = "refused" if verdict else "ok", codes.counted_as(verdict)
        except WeChatUnavailable:
            self.is_well = False
            raise
        finally:
            metrics.wechat_called(call.path, outcome, errcode, time.monotonic() - began)
        self.is_well = codes.kind_of(verdict) not in codes.OUR_TROUBLE
        return answer

    async def _exchange(self, host: str, call: Call, query: str, body: Answer | None) -> Answer:
        """One request and its answer. No error carries the address: the secret stands in it."""
        if self._http is None:
            raise RuntimeError("WeChat is not open: use `async with`")
        try:
            async with self._http.request(
                call.method,
                f"{host}{call.path}?{query}",  # remembered once it was read: `params` would be written anew
                data=None if body is None else _written(body),
                headers=None if body is None else IN_JSON,
                allow_redirects=False,
                middlewares=(_asked_once,) if call.method == "GET" else (),
            ) as response:
                status, written = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as problem:
            failed = no_answer(call.path, type(problem).__name__)
            failed.never_asked = isinstance(
                problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError
            )
            failed.timed_out = isinstance(problem, TimeoutError)
            failed.answer_lost = not failed.never_asked
            raise failed from None
        if status != 200:
            failed = no_answer(call.path, f"HTTP {status}")
            failed.answer_lost = False
            raise failed
        return _read(call, written)


class _NoAnswer(WeChatUnavailable):
    """No answer, or none to be read."""

    answer_lost = True
    never_asked = False
    timed_out = False


class _AnswerLost(aiohttp.ClientError):
    """The connection broke after we had asked."""


async def _asked_once(
    request: aiohttp.ClientRequest, ask: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from a second GET of its own where a connection breaks: a login code is good once."""
    try:
        return await ask(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise _AnswerLost from None


def _with_token(token: str) -> str:
    return f"access_token={quote(token, safe='')}"


def _written(body: Answer) -> bytes:
    """JSON in plain UTF-8: WeChat knows a refusal for \\uXXXX. Half a character becomes a question mark."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def _read(call: Call, written: bytes) -> Answer:
    """The JSON object of an answer, whatever its Content-Type says; a picture is what is no JSON."""
    try:
        answer = orjson.loads(written)
    except ValueError:
        if call.answers_picture and written:
            return {PICTURE: written}
        raise no_answer(call.path, "no JSON") from None
    if not isinstance(answer, dict):
        raise no_answer(call.path, "no JSON object")
    return answer


def errcode_of(answer: Answer) -> int:
    """WeChat's verdict; some of its answers carry none when all is well."""
    errcode = answer.get("errcode", 0)
    return errcode if isinstance(errcode, int) else -1


def no_answer(path: str, what: str) -> _NoAnswer:
    """WeChat answered nothing that anybody can use; what was asked may have been done."""
    log.warning("wechat %s: %s", path, what)
    return _NoAnswer()
