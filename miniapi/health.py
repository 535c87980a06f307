"""Whether the service lives, and whether it can work."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, text

from miniapi.accounts.callers import Anyone
from miniapi.database import sql
from miniapi.database.schema import LATEST
from miniapi.errors import Unavailable

routes = Blueprint("health")

HAS_TABLES = "SELECT to_regclass('tortoise_migrations') IS NOT NULL AS migrated"
MIGRATED = "SELECT EXISTS (SELECT FROM tortoise_migrations WHERE app = 'miniapi' AND name = $1) AS current"


class SchemaOutdated(Unavailable):
    """The database was left by another version, or is empty."""

    code = "schema_outdated"
    sentence = "数据库的表结构不是这个版本的（{wanted}），请运行 huanxin migrate。"


@routes.get("/healthz")
async def live(request: Request, caller: Anyone) -> HTTPResponse:
    """进程是否活着。"""
    return json({"status": "ok"})


@routes.get("/readyz")
async def ready(request: Request, caller: Anyone) -> HTTPResponse:
    """能否工作：数据库可用，表结构是这个版本的。"""
    has_tables = (await sql.rows(HAS_TABLES))[0]["migrated"]
    if not (has_tables and (await sql.rows(MIGRATED, LATEST))[0]["current"]):
        raise SchemaOutdated(wanted=LATEST)
    return json({"status": "ok", "database": "ok", "schema": LATEST})


@routes.get("/")
async def addresses(request: Request, caller: Anyone) -> HTTPResponse:
    """这里有什么。"""
    return text(
        "焕新 Huanxin：家电家居以旧换新\n\n"
        "接口   /api/v1/…\n"
        "文档   /docs（OpenAPI：/docs/openapi.json）\n"
        "时间   /api/v1/clock\n"
        "健康   /healthz  /readyz\n"
    )
