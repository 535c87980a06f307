"""The chat and WeChat's pushes over HTTP."""

import asyncio
import logging
import secrets
from uuid import UUID

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, text

from faq.packs import Library
from miniapi import clock
from miniapi.accounts.callers import Anyone, Newcomer
from miniapi.chat import actions, pushes, schemas
from miniapi.chat.actions import LONGEST_TEXT, Talker
from miniapi.chat.errors import NoSuchConversation, NoSuchMessage, TextInvalid
from miniapi.http.answers import Listed, json, page_json
from miniapi.http.described import answers
from miniapi.http.errors import DatabaseUnavailable, RegionUnknown
from miniapi.http.limits import limited
from miniapi.http.regions import pack_of
from miniapi.http.requests import body
from miniapi.keys import Keys
from miniapi.settings import Settings
from miniapi.staff.callers import DeskOfficer
from miniapi.staff.errors import ReasonPersonal
from miniapi.tickets.errors import NoSuchTicket
from miniapi.wechat.client import WeChat
from miniapi.wechat.errors import PushForged, PushUnreadable
from miniapi.wechat.push import read_push, verified_echo

log = logging.getLogger(__name__)

ANSWERED_WITHIN = 4.0  # seconds; after five WeChat hangs up and tells the person that nobody is there

routes = Blueprint("chat")
wechat_routes = Blueprint("wechat")


@routes.post("/chat")
@body(schemas.Ask)
@answers(schemas.SaidJson, refuses=[TextInvalid, RegionUnknown])
async def chat(
    request: Request, caller: Anyone, body: schemas.Ask, talker: Talker, library: Library
) -> HTTPResponse:
    """问一句，答一句。"""
    if not 1 <= len(body.text) <= LONGEST_TEXT:
        raise TextInvalid(longest=LONGEST_TEXT)
    region = pack_of(library, body.region).region if body.region else None
    resident = caller.resident.account if caller.resident else None
    session = body.session or secrets.token_hex(16)
    said = await actions.talk(body.text, session, region, resident, talker, at=clock.now())
    return json(schemas.said_json(said))


@routes.post("/chat/<message_id:uuid>/feedback")
@body(schemas.Feedback)
@answers(refuses=[NoSuchMessage])
async def feedback(
    request: Request, caller: Anyone, message_id: UUID, body: schemas.Feedback, talker: Talker
) -> HTTPResponse:
    """这个回答有没有帮助。"""
    await actions.rate(message_id, talker, helpful=body.helpful, at=clock.now())
    return empty()


@routes.post("/staff/tickets/<ticket_id:uuid>/conversation")
@limited("reveal")
@body(schemas.ReadConversation)
@answers(Listed[schemas.ChatMessageJson], refuses=[NoSuchTicket, NoSuchConversation, ReasonPersonal])
async def read_attached(
    request: Request, staff: DeskOfficer, ticket_id: UUID, body: schemas.ReadConversation, keys: Keys
) -> HTTPResponse:
    """写明理由，查看工单所附的对话：最近 50 条，按先后，号码已遮盖；理由会记入日志，居民看得到。"""
    messages = await actions.read_attached(ticket_id, body.reason, staff, keys, at=clock.now())
    return json(page_json(messages, None, lambda one: schemas.message_json(one, keys)))


@wechat_routes.get("/wechat/push")
@answers(str, content_type="text/plain", refuses=[PushForged, PushUnreadable])
async def verify_address(request: Request, caller: Newcomer, settings: Settings) -> HTTPResponse:
    """微信后台验证推送地址。"""
    return text(verified_echo(_query_of(request), settings.wechat))


@wechat_routes.post("/wechat/push")
@answers(str, content_type="text/plain", refuses=[PushForged, PushUnreadable])
async def take_in(
    request: Request, caller: Newcomer, settings: Settings, wechat: WeChat, talker: Talker
) -> HTTPResponse:
    """微信推送的事件和客服消息。"""
    message = read_push(_query_of(request), request.body, settings.wechat)
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            taken = await pushes.take_in(message, talker, at=clock.now())
    except TimeoutError:  # WeChat comes again with it
        raise DatabaseUnavailable() from None
    if taken is not None:
        request.app.add_task(pushes.answer(taken, wechat, talker))  # behind the answer
    return text("success")


def _query_of(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in request.get_args(keep_blank_values=True).items()}
