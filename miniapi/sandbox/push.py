"""What WeChat pushes to the product: composed, signed, sealed where a key is set, and tried three times."""

import asyncio
import base64
import hashlib
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from miniapi import clock
from miniapi.settings import SANDBOX_PUSH_TOKEN, WeChatSettings

ACCOUNT = "gh_5a6d0c6e2f31"  # the mini-program's original id, which pushes carry in place of the appid
TRIES = 3
TRY_EVERY = 5.0  # seconds; a try that has no answer by then is given up
REMEMBERED = 50
AT_ONCE = 16  # pushes under way: a product that is busy gets no crowd of them
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Format = Literal["json", "xml"]


@dataclass(frozen=True, slots=True)
class Push:
    """A message or an event. `items` are an event's `List`, which XML wraps in an element of its own."""

    openid: str
    second: int
    kind: str  # MsgType
    fields: Mapping[str, str | int] = field(default_factory=dict)
    items: tuple[Mapping[str, str], ...] = ()
    format: Format = "json"

    def composed(self) -> str:
        """The text of the push as WeChat writes it in its format."""
        head: dict[str, Any] = {
            "ToUserName": ACCOUNT,
            "FromUserName": self.openid,
            "CreateTime": str(self.second) if self.kind == "event" else self.second,
            "MsgType": self.kind,
            **self.fields,
        }
        if self.format == "xml":
            wrapper = "".join(word.title() for word in str(self.fields.get("Event")).split("_"))
            inside = {wrapper: {"List": list(self.items)}} if self.items else {}
            return f"<xml>{_elements({**head, **inside})}</xml>"
        if self.items:
            head["List"] = self.items[0] if len(self.items) == 1 else list(self.items)
        return json.dumps(head, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a push went: whether the product took it, after how many tries, and what was wrong if not."""

    accepted: bool
    tries: int
    problem: str | None = None


class Pusher:
    """Delivers pushes to the product's address and remembers the last ones."""

    def __init__(self, url: str, wechat: WeChatSettings, try_every: float = TRY_EVERY) -> None:
        self._url = url
        self._wechat = wechat
        self._try_every = try_every
        self._http: aiohttp.ClientSession | None = None
        self._behind: set[asyncio.Task[Delivery]] = set()
        self._recent: deque[Push] = deque(maxlen=REMEMBERED)
        self._free = asyncio.Semaphore(AT_ONCE)

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._try_every)
        self._http = aiohttp.ClientSession(timeout=timeout)

    async def stop(self) -> None:
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def deliver(self, push: Push) -> Delivery:
        """Push, and push again while nobody answers, each time signed anew."""
        self._recent.append(push)
        return await self._deliver(push)

    def deliver_later(self, push: Push) -> None:
        """Push without anybody waiting for it."""
        task = asyncio.create_task(self.deliver(push))
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    async def again(self, count: int) -> list[Delivery]:
        """Deliver the last pushes once more, the newest first: repeats, and out of order."""
        return [await self._deliver(push) for push in list(self._recent)[: -count - 1 : -1]]

    async def _deliver(self, push: Push) -> Delivery:
        problem = ""
        for attempt in range(1, TRIES + 1):
            started = time.monotonic()
            status, answer = await self._try(push)
            if status == 200 and answer in ("success", ""):
                return Delivery(True, attempt)
            if 200 <= status < 500:
                return Delivery(False, attempt, f"产品回答了 {status}：{answer[:80]}")
            problem = f"产品回答了 {status}" if status else answer
            if attempt < TRIES:
                await asyncio.sleep(max(0.0, self._try_every - (time.monotonic() - started)))
        return Delivery(False, TRIES, f"推送 {TRIES} 次都没有成功：{problem}")

    async def _try(self, push: Push) -> tuple[int, str]:
        """The product's status and answer; without an answer 0 and what was wrong."""
        if self._http is None:
            raise RuntimeError("the pusher is not started")
        query, body = sealed(push, self._wechat, clock.now())
        content_type = "text/xml" if push.format == "xml" else "application/json"
        try:
            async with (
                self._free,
                self._http.post(
                    self._url, params=query, data=body.encode(), headers={"Content-Type": content_type}
                ) as response,
            ):
                return response.status, (await response.read()).decode(errors="replace")
        except TimeoutError:
            return 0, f"{self._try_every:g} 秒内没有回答"
        except aiohttp.ClientError:
            return 0, f"连不上 {self._url}"


def sealed(push: Push, wechat: WeChatSettings, at: datetime) -> tuple[dict[str, str], str]:
    """The query and the body of one try: signed, and encrypted where an AES key is set."""
    token = wechat.push_token or SANDBOX_PUSH_TOKEN
    timestamp, nonce = str(int(at.timestamp())), str(secrets.randbelow(10**9))
    query = {
        "signature": _signature(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": push.openid,
    }
    body = push.composed()
    if wechat.push_aes_key is None:
        return query, body
    secret = encrypted(body, wechat.push_aes_key, wechat.appid, secrets.token_bytes(16))
    query |= {"encrypt_type": "aes", "msg_signature": _signature(token, timestamp, nonce, secret)}
    envelope = {"ToUserName": ACCOUNT, "Encrypt": secret}
    return query, f"<xml>{_elements(envelope)}</xml>" if push.format == "xml" else json.dumps(envelope)


def encrypted(message: str, aes_key: str, appid: str, random16: bytes) -> str:
    """AES-256-CBC of 16 random bytes, the length, the message and the appid, padded to 32."""
    key = base64.b64decode(aes_key + "=")
    written = message.encode()
    padder = PKCS7(256).padder()
    plain = random16 + len(written).to_bytes(4, "big") + written + appid.encode()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def user_data(shown: str, session_key: str, iv: bytes) -> str:
    """What a page gets as `encryptedData`: AES-128-CBC under the session key, padded to 16."""
    padder = PKCS7(128).padder()
    padded = padder.update(shown.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(base64.b64decode(session_key)), modes.CBC(iv)).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  as WeChat wants it


def _elements(values: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in values.items())


def _element(name: str, value: Any) -> str:
    match value:
        case list():
            return "".join(_element(name, one) for one in value)
        case Mapping():
            inside = _elements(value)
        case int():
            inside = str(value)
        case _:
            inside = f"<![CDATA[{NOT_IN_XML.sub('', value).replace(']]>', ']]]]><![CDATA[>')}]]>"
    return f"<{escape(name)}>{inside}</{escape(name)}>"
