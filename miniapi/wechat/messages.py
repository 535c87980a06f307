"""What WeChat tells us in a push: a person's words, consents given and taken back, messages sent."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from miniapi.wechat.errors import PushUnreadable

Consent = Literal["accept", "reject"]
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class UserText:
    """A person wrote to customer service. `created` is WeChat's own second."""

    openid: str
    text: str
    dedupe_key: str
    created: int


@dataclass(frozen=True, slots=True)
class UserPicture:
    """A person sent a picture to customer service. Where it lies is not kept: nobody looks at it."""

    openid: str
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A person opened the customer-service session."""

    openid: str
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class GrantChange:
    """A person answered the consent dialog, each template with accept or reject.

    `turned_off` is true where they did it on the settings page: no grant of those templates is left.
    """

    openid: str
    answers: tuple[tuple[str, Consent], ...]
    dedupe_key: str
    turned_off: bool = False


@dataclass(frozen=True, slots=True)
class SentMessage:
    """How one subscribe message ended: 0 is delivered to the person's WeChat."""

    template_id: str
    msgid: str
    errcode: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Subscribe messages to a person have been dealt with."""

    openid: str
    messages: tuple[SentMessage, ...]
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else; `kind` is the event's name or the message's type."""

    kind: str
    dedupe_key: str
    openid: str


Message = UserText | UserPicture | Entered | GrantChange | Sent | Other


def message_of(pushed: Mapping[str, Any]) -> Message:
    """The message in a push whose signature holds. Raises PushUnreadable where it has no type."""
    kind = _text(pushed, "MsgType")
    if not kind:
        raise PushUnreadable
    openid, key = _text(pushed, "FromUserName"), dedupe_key(pushed)
    if kind == "text":
        return UserText(openid, _text(pushed, "Content"), key, _whole(_text(pushed, "CreateTime")))
    if kind == "image":
        return UserPicture(openid, key)
    event = _text(pushed, "Event")
    if kind == "event" and event == "user_enter_tempsession":
        return Entered(openid, key)
    if kind == "event" and event in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
        answers = tuple(_answers(pushed))
        if answers:
            return GrantChange(openid, answers, key, event == "subscribe_msg_change_event")
    if kind == "event" and event == "subscribe_msg_sent_event":
        return Sent(openid, tuple(_sent_message(item) for item in _items(pushed)), key)
    return Other(event or kind, key, openid)


def dedupe_key(pushed: Mapping[str, Any]) -> str:
    """What all deliveries of one push share: its MsgId; an event's person, second, name and templates."""
    msg_id = _text(pushed, "MsgId")
    if msg_id and _text(pushed, "MsgType") != "event":
        return _short(f"message:{msg_id}")
    templates = sorted(_text(item, "TemplateId") for item in _items(pushed))
    named = (_text(pushed, name) for name in ("FromUserName", "CreateTime", "MsgType", "Event"))
    return _short(":".join([*named, *templates]))


def _answers(pushed: Mapping[str, Any]) -> list[tuple[str, Consent]]:
    """Each template with its answer; a long-term template's accept may say how, so only its start counts."""
    consents: dict[str, Consent] = {"accept": "accept", "reject": "reject"}
    answered = ((_text(item, "TemplateId"), _text(item, "SubscribeStatusString")) for item in _items(pushed))
    return [
        (template, consents[said[:6]]) for template, said in answered if template and said[:6] in consents
    ]


def _sent_message(item: Mapping[str, Any]) -> SentMessage:
    return SentMessage(_text(item, "TemplateId"), _text(item, "MsgID"), _whole(_text(item, "ErrorCode")))


def _items(pushed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An event's `List`: one item or several; in XML within an element named for the event."""
    wrapper = "".join(word.title() for word in _text(pushed, "Event").split("_"))
    inside = pushed.get(wrapper)
    found = pushed.get("List", inside.get("List") if isinstance(inside, Mapping) else None)
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, Mapping)]


def _text(pushed: Mapping[str, Any], name: str) -> str:
    """A value as text, whether it was written as text or as a number; without what no table can keep."""
    value = pushed.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "").encode(errors="replace").decode()


def _whole(written: str) -> int:
    return int(written) if re.fullmatch(r"[0-9]{1,12}", written) else 0


def _short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
