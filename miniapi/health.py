"""Whether the service lives, and whether it can work."""

from typing import Literal

from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, text
from typing_extensions import TypedDict

from miniapi import clock
from miniapi.accounts.callers import Newcomer
from miniapi.database import sql
from miniapi.database.asking import Asking
from miniapi.database.schema import LATEST
from miniapi.errors import Unavailable
from miniapi.http.answers import json
from miniapi.http.described import answers
from miniapi.http.errors import DatabaseUnavailable
from miniapi.wechat.client import WeChat

READY_WITHIN = 2.5  # seconds, also where the database hangs

routes = Blueprint("health")

HAS_TABLES = "SELECT to_regclass('tortoise_migrations') IS NOT NULL AS migrated"
MIGRATED = "SELECT EXISTS (SELECT FROM tortoise_migrations WHERE app = 'miniapi' AND name = $1) AS current"


class SchemaOutdated(Unavailable):
    """The database was left by another version, or is empty."""

    code = "schema_outdated"
    sentence = "数据库的表结构不是这个版本的（{wanted}），请运行 huanxin migrate。"


class LiveJson(TypedDict):
    """This process answers."""

    status: Literal["ok"]


class ReadyJson(TypedDict):
    """The database answers, its schema is this version's and the clock runs.

    Without WeChat most things still work.
    """

    status: Literal["ok"]
    database: Literal["ok"]
    schema: str
    wechat: Literal["ok", "degraded"]


@routes.before_server_start
async def begin(app: Sanic) -> None:
    """One look at the schema for all who ask."""
    app.ctx.schema = Asking(_check_schema, within=READY_WITHIN)


@routes.get("/healthz")
@answers(LiveJson)
async def live(request: Request, caller: Newcomer) -> HTTPResponse:
    """进程是否活着。"""
    return json({"status": "ok"})


@routes.get("/readyz")
@answers(ReadyJson, refuses=[SchemaOutdated])
async def ready(request: Request, caller: Newcomer, wechat: WeChat) -> HTTPResponse:
    """能否工作：数据库可用，表结构是这个版本的，系统时钟已经走起；微信是否正常只作说明。"""
    try:
        await request.app.ctx.schema.answer()
        clock.now()
    except (TimeoutError, clock.ClockUnknown):
        raise DatabaseUnavailable() from None
    seems = "ok" if wechat.is_well else "degraded"
    return json({"status": "ok", "database": "ok", "schema": LATEST, "wechat": seems})


async def _check_schema() -> None:
    """Raises SchemaOutdated."""
    has_tables = (await sql.rows(HAS_TABLES))[0]["migrated"]
    if not (has_tables and (await sql.rows(MIGRATED, LATEST))[0]["current"]):
        raise SchemaOutdated(wanted=LATEST)


@routes.get("/")
@answers(str, content_type="text/plain")
async def addresses(request: Request, caller: Newcomer) -> HTTPResponse:
    """这里有什么。"""
    return text(
        "焕新 Huanxin：家电家居以旧换新\n\n"
        "接口   /api/v1/…\n"
        "文档   /docs（OpenAPI：/docs/openapi.json）\n"
        "时间   /api/v1/clock\n"
        "健康   /healthz  /readyz  /metrics\n"
    )
