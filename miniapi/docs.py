"""The API's documentation: `/docs/openapi.json` from the code, and a page that loads nothing foreign."""

import inspect
from collections import defaultdict
from pathlib import Path
from typing import Any, get_type_hints

import swagger_ui_bundle
from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, html, text
from sanic_ext import openapi
from sanic_ext.extensions.openapi.builders import OperationStore
from sanic_ext.extensions.openapi.definitions import Parameter, RequestBody
from sanic_ext.extensions.openapi.extension import OpenAPIExtension
from sanic_routing import Route

from miniapi.accounts.callers import Anyone, Newcomer, SignedInResident
from miniapi.accounts.errors import TokenExpired
from miniapi.errors import NotAllowed, NotFound, NotSignedIn, Refusal, TooMany
from miniapi.http.described import Described, described
from miniapi.http.errors import (
    BadJson,
    DatabaseUnavailable,
    HeaderTooLarge,
    IdempotencyMismatch,
    InvalidRequest,
    Overloaded,
    RequestInProgress,
    RequestTooSlow,
    RequestUnreadable,
    TookTooLong,
    TooLarge,
)
from miniapi.http.files import File, content_types_of
from miniapi.http.limits import ALWAYS_ANSWERED
from miniapi.http.problems import status_of_kind
from miniapi.http.schemas import PROBLEM, TEXT, problem_schema, refusal_schema, schema_of, schema_of_answer
from miniapi.staff.callers import SignedInStaff

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

BEARER = "bearer"
EVERY_ROUTE_MAY = (
    RequestUnreadable,
    RequestTooSlow,
    TooLarge,
    HeaderTooLarge,
    TookTooLong,
    DatabaseUnavailable,
)
A_BOUNDED_ROUTE_MAY = {TooMany, Overloaded}
KEY: Any = {"type": "string", "pattern": "^[!-~]{1,64}$"}
HEADERS = {
    "X-Request-ID": {"description": "这次请求的编号，在日志里能找到", "schema": TEXT, "required": True},
    "Retry-After": {
        "description": "多少秒后再试",
        "schema": {"type": "integer", "minimum": 1},
        "required": True,
    },
}

routes = Blueprint("docs", url_prefix=PREFIX)
routes.static("/ui", Path(swagger_ui_bundle.swagger_ui_path), name="ui")


@routes.get("")
@openapi.exclude()
async def page(request: Request, caller: Newcomer) -> HTTPResponse:
    """接口文档页。"""
    return html(PAGE)


@routes.get("/start.js")
@openapi.exclude()
async def start(request: Request, caller: Newcomer) -> HTTPResponse:
    """接口文档页的启动脚本。"""
    return text(START, content_type="text/javascript")


class Documentation(OpenAPIExtension):
    """sanic-ext's description of the routes, without its pages, which load from a foreign host."""

    name = "documentation"

    def label(self) -> str:
        """What the log says at the start."""
        return PREFIX


def describe(app: Sanic) -> None:
    """Write down of every route who may call it, what it takes and all it can answer. After all routes."""
    app.ext.openapi.describe("焕新 Huanxin", "v1", "家电家居以旧换新小程序的接口")
    app.ext.openapi.add_security_scheme(
        BEARER, "http", scheme="bearer", description="POST /login 或 POST /staff/login 给的令牌"
    )
    app.ext.openapi.add_component("schemas", PROBLEM, problem_schema())
    for name, header in HEADERS.items():
        app.ext.openapi.add_component("headers", name, header)
    store: dict[Any, Any] = OperationStore()
    for route in app.router.routes:
        known, operation = described(route.handler), store[route.handler]
        caller = _caller_of(route)
        operation.describe(description=_description(route))
        operation.parameters = _parameters(known)
        if known.body is not None:
            operation.requestBody = RequestBody(
                {kind: {"schema": schema_of(known.body)} for kind in content_types_of(known.body)},
                required=any(field.is_required() for field in known.body.model_fields.values()),
            )
        operation.responses = {
            str(known.status): _success(known),
            **_refusals({*EVERY_ROUTE_MAY, *known.refuses, *_derived(known, caller, route)}),
        }
        operation.security = _security(caller)


def _description(route: Route) -> str:
    """What a route says of itself beyond its first sentence, as it was written: Markdown."""
    return (inspect.getdoc(route.handler) or "").partition("\n\n")[2]


def _caller_of(route: Route) -> type:
    """The type of caller that a route asks for."""
    handler = getattr(route.handler, "func", route.handler)
    asked = [kind for kind in get_type_hints(handler).values() if isinstance(kind, type)]
    kinds = (Anyone, Newcomer, SignedInResident, SignedInStaff)
    return next((kind for kind in asked if issubclass(kind, kinds)), Newcomer)


def _security(caller: type) -> list[dict[str, list[str]]]:
    if caller is Newcomer:
        return [{}]
    return [{}, {BEARER: []}] if caller is Anyone else [{BEARER: []}]


def _parameters(known: Described) -> list[Parameter]:
    taken = []
    if known.query is not None:
        for name, schema in schema_of(known.query)["properties"].items():
            shape: Any = {key: value for key, value in schema.items() if key not in ("nullable", "default")}
            required = known.query.model_fields[name].is_required()
            taken.append(Parameter(name, shape, "query", required=required))
    if known.repeatable:
        told = "同一个键再次提交，得到第一次的回答"
        taken.append(Parameter("Idempotency-Key", KEY, "header", required=False, description=told))
    return taken


def _derived(known: Described, caller: type, route: Route) -> set[type[Refusal]]:
    """The refusals that follow from what a route takes and whom it asks for."""
    refusals: set[type[Refusal]] = set()
    if known.body is not None and not issubclass(known.body, File):
        refusals |= {BadJson, InvalidRequest}
    if known.query is not None:
        refusals |= {InvalidRequest}
    if known.repeatable:
        refusals |= {InvalidRequest, IdempotencyMismatch, RequestInProgress}
    if f"/{route.path}" not in ALWAYS_ANSWERED:
        refusals |= A_BOUNDED_ROUTE_MAY
    if "<" in route.path:
        refusals |= {NotFound}
    if caller is not Newcomer:
        refusals |= {NotSignedIn, TokenExpired}
    if issubclass(caller, (SignedInResident, SignedInStaff)):
        refusals |= {NotAllowed}
    return refusals


def _success(known: Described) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "成功", "headers": _headers("X-Request-ID")}
    if known.answer is not None:
        answer["content"] = {known.content_type: {"schema": schema_of_answer(known.answer)}}
    return answer


def _refusals(refusals: set[type[Refusal]]) -> dict[str, Any]:
    """One answer for each status, with the codes that it can carry and what they say."""
    by_status: dict[int, list[type[Refusal]]] = defaultdict(list)
    for refusal in sorted(refusals, key=lambda one: one.code):
        by_status[status_of_kind(refusal)].append(refusal)
    answers = {}
    for status, kinds in sorted(by_status.items()):
        later = ("Retry-After",) if status in (429, 503) else ()
        answers[str(status)] = {
            "description": "\n".join(f"- `{kind.code}` {kind.sentence}" for kind in kinds),
            "headers": _headers("X-Request-ID", *later),
            "content": {"application/problem+json": {"schema": refusal_schema(kinds, status)}},
        }
    return answers


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
