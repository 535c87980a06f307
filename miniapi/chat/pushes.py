"""What WeChat pushes: consents are counted at once; what a person says is kept, and answered behind it.

What is to be answered stands in the database before WeChat is told that it arrived, and until its answer
has been sent: a worker that dies leaves it to the others.
"""

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.replies import Reply
from miniapi import clock, outages
from miniapi.accounts.actions import hash_of
from miniapi.accounts.models import Resident
from miniapi.chat.actions import LONGEST_TEXT, Talker, talk
from miniapi.chat.models import Conversation, PushInHand
from miniapi.database import sql
from miniapi.errors import Refusal
from miniapi.http.answers import dumps
from miniapi.keys import Keys
from miniapi.reminders import actions as reminders
from miniapi.wechat.client import WeChat
from miniapi.wechat.errors import WeChatUnavailable
from miniapi.wechat.fields import ENTRY, Link
from miniapi.wechat.messages import Entered, GrantChange, Message, Sent, UserPicture, UserText

log = logging.getLogger(__name__)

CUSTOMER_SERVICE = "customer-service"  # the name of the one conversation a person has there
GREETING = "您好，这里是家电家具以旧换新服务。补贴怎么算、券几点抢、旧家电怎么上门回收，直接说就行。"
PICTURE_CAME = "图片收到了。机器人看不懂图片，请用文字说一说；想找工作人员，请说“转人工”。"
GREETED_FOR = timedelta(minutes=10)  # whoever talked to us so lately needs no greeting
TYPING_AFTER = 1.0  # seconds without an answer, and the person sees that somebody is at it
MOST_LINKS = 3
TURN = 30  # seconds that a worker has for an answer, each time so many more
MOST_ATTEMPTS = 6  # together ten minutes; then nobody waits for the answer any more
LOOK_EVERY = 5.0  # seconds between two looks for what a worker left
AT_ONCE = 20

KEEP = f"""
    INSERT INTO push_in_hand (id, resident_id, content_sealed, came_at, attempts, taken_until)
    VALUES (gen_random_uuid(), $1, $2, $3, 1, clock_timestamp() + interval '{TURN} seconds')
    RETURNING id, content_sealed, came_at, attempts
"""  # noqa: S608  a number of ours
TAKE_UP = f"""
    UPDATE push_in_hand SET attempts = attempts + 1,
        taken_until = clock_timestamp() + (attempts + 1) * interval '{TURN} seconds'
    WHERE id IN (
        SELECT id FROM push_in_hand WHERE taken_until <= clock_timestamp()
        ORDER BY taken_until LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
    )
    RETURNING id, content_sealed, came_at, attempts
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class InHand:
    """What is to be answered, in the turn of this worker."""

    id: UUID
    content_sealed: str
    came_at: datetime
    attempts: int


async def take_in(message: Message, talker: Talker, *, at: datetime) -> InHand | None:
    """Take in a push once; what is to be answered behind it comes back, and stays until it is."""
    match message:
        case GrantChange():
            await reminders.take_in_grants(
                message.openid,
                message.answers,
                turned_off=message.turned_off,
                dedupe_key=message.dedupe_key,
                at=at,
            )
        case UserText() if message.text.strip():
            return await _keep(message, {"said": message.text[:LONGEST_TEXT]}, talker.keys, at=at)
        case UserPicture():
            return await _keep(message, {"reply": PICTURE_CAME}, talker.keys, at=at)
        case Entered():
            return await _keep(message, {"entered": True}, talker.keys, at=at)
        case Sent():
            for failed in (one for one in message.messages if one.errcode):
                log.error("wechat could not deliver a message of template %s", failed.template_id)
    return None


async def answer(taken: InHand, wechat: WeChat, talker: Talker) -> None:
    """Answer what was taken in, and forget it; where WeChat or the database is away, another turn comes."""
    try:
        await _answer_and_forget(taken, wechat, talker)
    except Exception as problem:
        if not outages.is_one(problem):
            raise
        log.warning("a customer-service message is answered later: %s", outages.reason(problem))


async def _answer_and_forget(taken: InHand, wechat: WeChat, talker: Talker) -> None:
    try:
        await _answer(taken, wechat, talker)
    except WeChatUnavailable as refusal:
        if not refusal.answer_lost and taken.attempts < MOST_ATTEMPTS:
            log.warning("a customer-service message is answered later: %s", refusal.code)
            return
        log.error("a customer-service message was not answered: %s", refusal.code)
    except Refusal as refusal:
        log.warning("a customer-service message was not answered: %s", refusal.code)
    await PushInHand.filter(id=taken.id).delete()


async def take_up_left(wechat: WeChat, talker: Talker) -> int:
    """Answer what dead workers left, and what WeChat could not be told; how many it were."""
    found = [InHand(**row) for row in await sql.rows(TAKE_UP)]
    outcomes = await asyncio.gather(*(answer(one, wechat, talker) for one in found), return_exceptions=True)
    for problem in outcomes:
        if isinstance(problem, Exception):
            log.error("a customer-service message cannot be answered", exc_info=problem)
    await PushInHand.filter(attempts__gte=MOST_ATTEMPTS, id__in=[one.id for one in found]).delete()
    return len(found)


async def go_on_answering(wechat: WeChat, talker: Talker) -> None:
    """Take up again and again what is left, as long as this worker lives."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await take_up_left(wechat, talker)
        except Exception as problem:
            if not outages.is_one(problem):
                log.exception("what is left to answer cannot be looked for")


async def erase_all(resident_id: UUID) -> int:
    """Forget what somebody who leaves said and was not answered yet; how many pushes."""
    return await PushInHand.filter(resident_id=resident_id).delete()


async def _keep(
    message: UserText | UserPicture | Entered, content: dict[str, Any], keys: Keys, *, at: datetime
) -> InHand | None:
    """Keep what is to be answered, in our turn; None where it was taken in before."""
    async with in_transaction():
        # locked, so that nobody leaves meanwhile and leaves this behind
        resident = await Resident.filter(openid=message.openid).select_for_update(no_key=True).first()
        if not await reminders.first_seen(message.dedupe_key, at=at):
            return None
        sealed = keys.seal(dumps({"openid": message.openid, **content}))
        rows = await sql.rows(KEEP, resident.id if resident else None, sealed, at)
    return InHand(**rows[0])


async def _answer(taken: InHand, wechat: WeChat, talker: Talker) -> None:
    content = json.loads(talker.keys.unseal(taken.content_sealed))
    openid = content["openid"]
    resident = await Resident.get_or_none(openid=openid)
    owner = resident.id if resident else None
    session = CUSTOMER_SERVICE if resident else f"{CUSTOMER_SERVICE}-{hash_of(openid)[:32]}"
    if "entered" in content:
        lately = Conversation.filter(updated_at__gt=taken.came_at - GREETED_FOR)
        if not await lately.filter(name=session, owner_id=owner).exists():
            await wechat.send_text(openid, GREETING)
        return
    if "said" in content:
        reply = await _reply_to(content["said"], openid, session, resident, wechat, talker)
        links = [asdict(link) for link in links_of(reply)]
        content = {"openid": openid, "reply": reply.text, "links": links}
        # whoever goes on after us must not say it to the bot again
        await PushInHand.filter(id=taken.id).update(content_sealed=talker.keys.seal(dumps(content)))
    below = tuple(Link(**link) for link in content.get("links", ()))
    await wechat.send_text(openid, content["reply"], below)


async def _reply_to(
    said: str, openid: str, session: str, resident: Resident | None, wechat: WeChat, talker: Talker
) -> Reply:
    """The bot's reply; whoever waits for it sees that it is being typed."""
    talking = asyncio.create_task(talk(said, session, None, resident, talker, at=clock.now()))
    if not (await asyncio.wait({talking}, timeout=TYPING_AFTER))[0]:
        with suppress(Refusal):
            await wechat.show_typing(openid)
    return (await talking).reply


def links_of(reply: Reply) -> tuple[Link, ...]:
    """What can be done next, as links into the mini-program."""
    return tuple(
        Link(action.label, f"{ENTRY}?go={action.kind}" + (f"&id={action.id}" if action.id else ""))
        for action in reply.actions[:MOST_LINKS]
    )
