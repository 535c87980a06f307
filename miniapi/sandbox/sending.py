"""The two ways to write to a person: a subscribe message for a grant, an answer in an open window."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from miniapi import clock
from miniapi.sandbox.context import Sandbox
from miniapi.sandbox.push import Push
from miniapi.sandbox.refusals import Refused
from miniapi.sandbox.templates import BY_ID, Template
from miniapi.sandbox.values import is_accepted

TAKES = 0.01  # seconds that WeChat is busy with a person; a second message meanwhile is refused
LONGEST_TEXT = 2048  # bytes
SHOWN_OF_A_REASON = 48  # characters
EXCHANGE = timedelta(seconds=30)  # so long after somebody's words one may be typing
TYPES_FOR = 15.0  # seconds; meanwhile a second "typing" is refused

NEEDED = {"text": ("content",), "link": ("title", "description", "url")}

Values = Mapping[str, Any]


async def subscribe(sandbox: Sandbox, asked: Values) -> Values:
    """Send a subscribe message; it uses up one grant of the person for the template."""
    openid, template = _person(sandbox, asked), BY_ID.get(str(asked.get("template_id")))
    if template is None:
        raise Refused(40037)
    if openid in sandbox.sending_to:
        raise Refused(43108)
    sandbox.sending_to.add(openid)
    try:
        await asyncio.sleep(TAKES)
        return _subscribe(sandbox, openid, template, asked)
    finally:
        sandbox.sending_to.discard(openid)


def _subscribe(sandbox: Sandbox, openid: str, template: Template, asked: Values) -> Values:
    if sandbox.state.grants[openid, template.id] < 1:
        raise Refused(43101)
    shown, page = _checked(template, asked.get("data")), asked.get("page")
    if page is not None and (not isinstance(page, str) or page.startswith("/")):
        raise Refused(41030)
    at, msgid = clock.now(), 2**60 + secrets.randbelow(2**60)
    second = sandbox.state.event_second(openid, at)
    message = {"kind": "subscribe", "template_id": template.id, "data": shown, "at": as_shown(at)}
    sandbox.state.deliver(openid, {**message, "page": page} if page else message, second=second)
    sent = {"TemplateId": template.id, "MsgID": str(msgid), "ErrorCode": "0", "ErrorStatus": "success"}
    sandbox.pusher.deliver_later(
        Push(openid, second, "event", {"Event": "subscribe_msg_sent_event"}, items=(sent,))
    )
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


async def custom(sandbox: Sandbox, asked: Values) -> Values:
    """Answer a person in the customer-service session, as often as a window allows."""
    openid, kind = _person(sandbox, asked), asked.get("msgtype")
    if kind not in ("text", "link"):
        raise Refused(45162 if kind == "news" else 40008)
    words = asked[kind] if isinstance(asked.get(kind), dict) else {}
    if any(not isinstance(words.get(name), str) or not words[name] for name in NEEDED[kind]):
        raise Refused(44004)
    if len(words[NEEDED[kind][0]].encode()) > LONGEST_TEXT:
        raise Refused(45002)
    at = clock.now()
    is_open, window = sandbox.state.window(openid, at)
    if window is None:
        raise Refused(45047 if is_open else 45015)
    shown = {"text": words["content"]} if kind == "text" else {"text": words["title"], "url": words["url"]}
    sandbox.state.deliver(openid, {"kind": "custom", **shown, "at": as_shown(at)}, window=window)
    sandbox.typing_until.pop(openid, None)
    return {"errcode": 0, "errmsg": "ok"}


async def typing(sandbox: Sandbox, asked: Values) -> Values:
    """Show a person who just wrote that an answer is being typed, for a while or no longer."""
    openid, command, now = _person(sandbox, asked), asked.get("command"), sandbox.state.ticks()
    if command not in ("Typing", "CancelTyping"):
        raise Refused(45072)
    if not sandbox.state.wrote_within(openid, EXCHANGE, clock.now()):
        raise Refused(45080)
    if command == "CancelTyping":
        sandbox.typing_until.pop(openid, None)
    elif now < sandbox.typing_until.get(openid, now):
        raise Refused(45081)
    else:
        sandbox.typing_until[openid] = now + TYPES_FOR
    return {"errcode": 0, "errmsg": "ok"}


def as_shown(at: datetime) -> str:
    """A business time as answers carry it."""
    return at.isoformat(timespec="milliseconds")


def _person(sandbox: Sandbox, asked: Values) -> str:
    openid = str(asked.get("touser"))
    if openid not in sandbox.state.users:
        raise Refused(40003)
    return openid


def _checked(template: Template, written: Any) -> Values:
    """The data of a message, where it has every field of the template, each as its type allows."""
    fields: Values = written if isinstance(written, dict) else {}
    for name in [*template.fields, *fields]:
        value = fields[name].get("value") if isinstance(fields.get(name), dict) else None
        if value is None or value == "":
            raise _argument_invalid(f"data.{name}.value is empty")
        if name not in template.fields or not is_accepted(name, str(value)):
            raise _argument_invalid(f"data.{name}.value invalid")
    return fields


def _argument_invalid(reason: str) -> Refused:
    return Refused(47003, f"argument invalid! {reason}"[:SHOWN_OF_A_REASON])
