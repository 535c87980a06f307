"""What WeChat pushes: consents are counted at once, a person's words are answered behind it."""

import logging
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from miniapi.accounts.actions import hash_of
from miniapi.accounts.models import Resident
from miniapi.chat.actions import LONGEST_TEXT, Talker, talk
from miniapi.errors import Refusal
from miniapi.reminders import actions as reminders
from miniapi.reminders.templates import Templates
from miniapi.wechat.client import WeChat
from miniapi.wechat.messages import GrantChange, Message, UserText

log = logging.getLogger(__name__)

CUSTOMER_SERVICE = "customer-service"  # the name of the one conversation a person has there


async def take_in(
    message: Message, wechat: WeChat, templates: Templates, talker: Talker, *, at: datetime
) -> Coroutine[Any, Any, None] | None:
    """Take in a push once; what remains to be done behind the answer comes back."""
    match message:
        case GrantChange():
            kinds = await templates.kinds()
            await reminders.take_in_grants(
                message.openid,
                message.answers,
                kinds,
                turned_off=message.turned_off,
                dedupe_key=message.dedupe_key,
                at=at,
            )
        case UserText() if message.text.strip() and await reminders.first_seen(message.dedupe_key, at=at):
            return _answer(message, wechat, talker, at=at)
    return None


async def _answer(message: UserText, wechat: WeChat, talker: Talker, *, at: datetime) -> None:
    resident = await Resident.get_or_none(openid=message.openid)
    session = CUSTOMER_SERVICE if resident else f"{CUSTOMER_SERVICE}-{hash_of(message.openid)[:32]}"
    try:
        said = await talk(message.text[:LONGEST_TEXT], session, None, resident, talker, at=at)
        await wechat.send_text(message.openid, said.reply.text)
    except Refusal as refusal:
        log.warning("a customer-service message was not answered: %s", refusal.code)
