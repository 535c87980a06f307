"""The API's documentation: `/docs/openapi.json` from the code, and a page that loads nothing foreign."""

from pathlib import Path
from typing import Any, get_type_hints

import swagger_ui_bundle
from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, html, text
from sanic_ext import openapi
from sanic_ext.extensions.openapi.builders import OperationBuilder, OperationStore
from sanic_ext.extensions.openapi.extension import OpenAPIExtension

from miniapi.accounts.callers import Anyone, SignedInResident
from miniapi.http.schemas import PROBLEM

PREFIX = "/docs"
PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <title>焕新 接口文档</title>
  <link rel="stylesheet" href="/docs/ui/swagger-ui.css">
</head>
<body>
  <div id="docs"></div>
  <script src="/docs/ui/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
START = "SwaggerUIBundle({url: '/docs/openapi.json', dom_id: '#docs', deepLinking: true});"

routes = Blueprint("docs", url_prefix=PREFIX)
routes.static("/ui", Path(swagger_ui_bundle.swagger_ui_path), name="ui")


@routes.get("")
@openapi.exclude()
async def page(request: Request, caller: Anyone) -> HTTPResponse:
    """接口文档页。"""
    return html(PAGE)


@routes.get("/start.js")
@openapi.exclude()
async def start(request: Request, caller: Anyone) -> HTTPResponse:
    """接口文档页的启动脚本。"""
    return text(START, content_type="text/javascript")


class Documentation(OpenAPIExtension):
    """sanic-ext's description of the routes, without its pages, which load from a foreign host."""

    name = "documentation"

    def label(self) -> str:
        """What the log says at the start."""
        return PREFIX


def describe(app: Sanic) -> None:
    """Say of every route who may call it and what a refusal looks like. After all routes were added."""
    app.ext.openapi.describe("焕新 Huanxin", "v1", "家电家居以旧换新小程序的接口")
    app.ext.openapi.add_security_scheme(
        "resident", "http", scheme="bearer", description="POST /login 给的令牌"
    )
    store: dict[Any, OperationBuilder] = OperationStore()
    for route in app.router.routes:
        operation = store[route.handler]
        operation.response("2XX", description="成功")
        operation.response("default", {"application/problem+json": {"schema": PROBLEM}}, "拒绝或出错")
        if SignedInResident in get_type_hints(getattr(route.handler, "func", route.handler)).values():
            operation.secured("resident")
