"""Whether the service lives, and whether it can work."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, text

from miniapi.accounts.callers import Anyone
from miniapi.database import sql
from miniapi.database.schema import LATEST

routes = Blueprint("health")

HAS_TABLES = "SELECT to_regclass('tortoise_migrations') IS NOT NULL AS migrated"
MIGRATED = "SELECT EXISTS (SELECT FROM tortoise_migrations WHERE app = 'miniapi' AND name = $1) AS current"


@routes.get("/healthz")
async def live(request: Request, caller: Anyone) -> HTTPResponse:
    """进程是否活着。"""
    return json({"status": "ok"})


@routes.get("/readyz")
async def ready(request: Request, caller: Anyone) -> HTTPResponse:
    """能否工作：数据库可用，表结构是这个版本的。"""
    has_tables = (await sql.rows(HAS_TABLES))[0]["migrated"]
    current = bool(has_tables and (await sql.rows(MIGRATED, LATEST))[0]["current"])
    body = {"status": "ok" if current else "not_migrated", "database": "ok", "schema": current}
    return json(body, status=200 if current else 503)


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
