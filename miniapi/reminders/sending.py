"""Sending what is due. Two senders never send the same notice; a stuck one is taken up again."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from miniapi.database import sql
from miniapi.reminders import rules
from miniapi.reminders.models import Grant, Notice, NoticeState
from miniapi.reminders.templates import Templates
from miniapi.wechat.client import WeChat
from miniapi.wechat.errors import CannotSend, NoGrant, WeChatUnavailable

log = logging.getLogger(__name__)

DUE = """
    SELECT id FROM notice
    WHERE (state = 'owed' AND due_at <= $1) OR (state = 'sending' AND lease_until <= clock_timestamp())
"""
TAKE = f"""
    UPDATE notice SET state = 'sending', attempts = attempts + 1,
        lease_until = clock_timestamp() + interval '{rules.LEASE_SECONDS} seconds'
    WHERE id IN (
        {DUE}
        ORDER BY due_at LIMIT {rules.BATCH} FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""  # noqa: S608  the only insertions are numbers of ours


async def send_due(wechat: WeChat, templates: Templates, *, at: datetime) -> int:
    """Send every notice whose time has come; returns how many reached WeChat.

    What cannot be sent waits in the inbox. While WeChat is away nothing is taken.
    """
    sent = 0
    while await _something_is_due(at):
        ids = await templates.ids()
        taken = await _take(at)
        sent += sum(await asyncio.gather(*(_send(notice, wechat, ids, at=at) for notice in taken)))
    return sent


async def _something_is_due(at: datetime) -> bool:
    rows = await sql.rows(f"SELECT EXISTS ({DUE}) AS due", at)
    return bool(rows[0]["due"])


async def _take(at: datetime) -> list[Notice]:
    rows = await sql.rows(TAKE, at)
    found = Notice.filter(id__in=[row["id"] for row in rows]).select_related("resident")
    return await found.order_by("due_at") if rows else []


async def _send(notice: Notice, wechat: WeChat, templates: Mapping[str, str], *, at: datetime) -> bool:
    openid, template = notice.resident.openid, templates.get(notice.kind)
    if (
        openid is None
        or template is None
        or at >= notice.too_late_at
        or notice.attempts > rules.MOST_ATTEMPTS
    ):
        await _settle(notice, NoticeState.INBOX, "not_sendable", at=at)
        return False
    if notice.attempts == 1 and not await _use_grant(notice):
        await _settle(notice, NoticeState.INBOX, "no_grant", at=at)
        return False
    try:
        await wechat.send_subscribe(openid, template, notice.fields_json)
    except NoGrant:
        await Grant.filter(resident_id=notice.resident_id, kind=notice.kind).update(remaining=0)
        await _settle(notice, NoticeState.INBOX, "refused", at=at)
    except CannotSend as problem:
        log.error("notice %s cannot be sent: %s", notice.id, problem)
        await _settle(notice, NoticeState.INBOX, "cannot_send", at=at)
    except WeChatUnavailable as problem:
        if problem.answer_lost:  # it may have arrived, and a second copy would annoy
            await _settle(notice, NoticeState.SENT, "unknown", at=at)
        else:
            log.warning("notice %s is tried again when its lease is over: %s", notice.id, problem)
    else:
        await _settle(notice, NoticeState.SENT, "sent", at=at)
        return True
    return False


async def _use_grant(notice: Notice) -> bool:
    counted = Grant.filter(resident_id=notice.resident_id, kind=notice.kind, remaining__gt=0)
    return bool(await counted.update(remaining=F("remaining") - 1))


async def _settle(notice: Notice, state: NoticeState, outcome: str, *, at: datetime) -> None:
    async with in_transaction():
        await Notice.filter(id=notice.id, state=NoticeState.SENDING).update(
            state=state, outcome=outcome, done_at=at, lease_until=None
        )
