"""The door for WeChat's pushes: who signed them is checked first, then they are opened and read."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from miniapi.settings import WeChatSettings
from miniapi.wechat.errors import PushForged, PushUnreadable
from miniapi.wechat.messages import (
    Entered,
    GrantChange,
    Message,
    Other,
    Sent,
    SentMessage,
    UserPicture,
    UserText,
    message_of,
)

__all__ = [
    "Entered",
    "GrantChange",
    "Message",
    "Other",
    "Sent",
    "SentMessage",
    "UserPicture",
    "UserText",
    "read_push",
    "verified_echo",
]

DEEPEST = 8  # elements within elements; WeChat's pushes have four

Query = Mapping[str, str]
Pushed = Mapping[str, Any]


def verified_echo(query: Query, settings: WeChatSettings) -> str:
    """What to answer, exactly, when WeChat verifies our address."""
    _check_signature(query, "signature", settings)
    if not (echo := query.get("echostr")):
        raise PushUnreadable
    return echo


def read_push(query: Query, body: bytes, settings: WeChatSettings) -> Message:
    """The message in a push, plain or sealed, JSON or XML.

    With an AES key set a plain push is forged, whatever its signature. Raises PushForged or PushUnreadable.
    """
    if settings.push_aes_key is None:
        _check_signature(query, "signature", settings)
        return message_of(_opened(body))
    sealed = _opened(body).get("Encrypt")
    if not isinstance(sealed, str):
        raise PushForged
    _check_signature(query, "msg_signature", settings, sealed)
    return message_of(_opened(_unsealed(sealed, settings.push_aes_key, settings.appid)))


def _check_signature(query: Query, name: str, settings: WeChatSettings, *sealed: str) -> None:
    if settings.push_token is None:
        raise PushForged
    signed = sorted([settings.push_token, query.get("timestamp", ""), query.get("nonce", ""), *sealed])
    expected = hashlib.sha1("".join(signed).encode(errors="replace")).hexdigest()  # noqa: S324  WeChat's choice
    if not hmac.compare_digest(expected.encode(), query.get(name, "").encode(errors="replace")):
        raise PushForged


def _unsealed(sealed: str, aes_key: str, appid: str) -> bytes:
    """AES-256-CBC, padded to 32: sixteen random bytes, the length, the message, the appid."""
    key = base64.b64decode(aes_key + "=")
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        unpadder = PKCS7(256).unpadder()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise PushUnreadable from None
    end = 20 + int.from_bytes(plain[16:20], "big")
    if len(plain) < 20 or end > len(plain):
        raise PushUnreadable
    if plain[end:] != appid.encode():
        raise PushForged
    return plain[20:end]


def _opened(body: bytes) -> Pushed:
    """The object that a body writes, in JSON or in XML."""
    try:
        text = body.decode("utf-8-sig").strip()
        pushed = _xml(text) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError, expat.ExpatError):
        raise PushUnreadable from None
    if not isinstance(pushed, dict):
        raise PushUnreadable
    return pushed


def _xml(text: str) -> Any:
    """The root element: a mapping of its children, where a name that comes again makes a list.

    A document type is refused where it begins, so that nothing can be declared, expanded or fetched.
    """
    stack: list[tuple[str, dict[str, Any], list[str]]] = []
    root: list[Any] = []

    def refuse(*_: Any) -> None:
        raise ValueError("a document type")

    def begin(name: str, _attributes: Any) -> None:
        if len(stack) == DEEPEST:
            raise ValueError("nested too deeply")
        stack.append((name, {}, []))

    def end(_name: str) -> None:
        name, children, texts = stack.pop()
        value = children or "".join(texts)
        if not stack:
            root.append(value)
            return
        siblings = stack[-1][1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

    def write(words: str) -> None:
        stack[-1][2].append(words)

    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = write
    parser.Parse(text, True)
    return root[0]
