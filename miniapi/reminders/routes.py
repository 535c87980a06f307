"""Reminders and the inbox over HTTP."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty

from miniapi import clock
from miniapi.accounts.callers import SignedInResident
from miniapi.errors import Conflict, NotFound
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.idempotency import repeatable
from miniapi.http.paging import Page, page_of
from miniapi.http.requests import body, query
from miniapi.reminders import actions, queries, schemas
from miniapi.reminders.errors import NoSuchReminder, TooLate
from miniapi.reminders.models import Notice
from miniapi.reminders.occasions import Occasions
from miniapi.reminders.schemas import InboxJson, ReminderJson
from miniapi.reminders.templates import Templates
from miniapi.settings import Settings
from miniapi.wechat.errors import WeChatUnavailable

routes = Blueprint("reminders")


async def _consented(
    request: Request, body: schemas.AskReminder, settings: Settings, templates: Templates, **_: Any
) -> dict[str, Any]:
    if settings.wechat.push_token is not None:  # WeChat pushes what was consented to
        return {"consented": ()}
    known = set((await templates.ids()).values())
    return {"consented": [one for one in body.template_ids if one in known]}


async def _paused(notice: Notice, occasions: Occasions, now: datetime) -> str | None:
    """Why what a reminder is about does not take place as things stand; None also where it is over."""
    with suppress(NotFound, Conflict):
        return (await occasions[notice.kind](notice.subject, notice.resident_id, now)).paused
    return None


@routes.post("/reminders")
@body(schemas.AskReminder)
@repeatable(first=_consented)
@answers(ReminderJson, status=201, refuses=[NotFound, TooLate, WeChatUnavailable])
async def ask(
    request: Request,
    resident: SignedInResident,
    body: schemas.AskReminder,
    settings: Settings,
    templates: Templates,
    consented: Sequence[str],
) -> HTTPResponse:
    """约一条提醒：开抢、上门或券到期之前。"""
    now = clock.now()
    occasions: Occasions = request.app.ctx.occasions
    occasion = await occasions[body.kind](body.subject, resident.id, now)
    notice = await actions.ask(resident.id, occasion, minutes_before=body.minutes(occasion.at), at=now)
    await actions.add_grants(resident.id, consented)
    with suppress(WeChatUnavailable):
        await templates.make_known()
    shown = schemas.reminder_json(notice, await queries.delivery(notice), occasion.paused)
    return json(shown, status=201)


@routes.get("/reminders")
@query(Page)
@answers(Listed[ReminderJson])
async def list_reminders(request: Request, resident: SignedInResident, query: Page) -> HTTPResponse:
    """我约的提醒；活动暂停期间不会发出的，写明原因。"""
    now, occasions = clock.now(), request.app.ctx.occasions
    notices, next_cursor = await page_of(queries.reminders_of(resident.id), query, by="due_at")
    shown = {
        one.id: schemas.reminder_json(one, await queries.delivery(one), await _paused(one, occasions, now))
        for one in notices
    }
    return json(page_json(notices, next_cursor, lambda one: shown[one.id]))


@routes.get("/reminders/templates")
@query(schemas.Moment)
@answers(schemas.TemplatesJson, refuses=[WeChatUnavailable])
async def templates_to_ask_for(
    request: Request, resident: SignedInResident, query: schemas.Moment, templates: Templates
) -> HTTPResponse:
    """现在该向用户请求订阅哪些消息：已约好却没有授权的，以及这一步之后会用到的；最要紧的在前，最多五个。"""
    await templates.make_known()
    return json(schemas.templates_json(await queries.lacking(resident.id, query.moment)))


@routes.delete("/reminders/<reminder_id:uuid>")
@answers(refuses=[NoSuchReminder])
async def cancel(request: Request, resident: SignedInResident, reminder_id: UUID) -> HTTPResponse:
    """取消一条提醒。"""
    await actions.cancel(reminder_id, resident.id, at=clock.now())
    return empty()


@routes.get("/inbox")
@query(Page)
@answers(Listed[InboxJson])
async def inbox(request: Request, resident: SignedInResident, query: Page) -> HTTPResponse:
    """没能通过微信送到的通知，以及不知道是否送到的。"""
    notices, next_cursor = await page_of(queries.inbox_of(resident.id), query, by="-due_at")
    return json(page_json(notices, next_cursor, schemas.inbox_json))
