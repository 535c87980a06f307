"""The numbers of the service, for whoever runs it."""

import logging

import asyncpg
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, raw
from tortoise.exceptions import BaseORMException

from miniapi import clock, metrics, outages
from miniapi.accounts.callers import Newcomer
from miniapi.database.asking import Asking
from miniapi.http.described import answers
from miniapi.reports.figures import figures

FIGURES_WITHIN = 1.0  # seconds; without them the rest is shown
FIGURES_FRESH_FOR = 5.0  # seconds; whoever looks more often sees the same

CANNOT_READ = (*outages.IN_THE_MIDDLE, BaseORMException, asyncpg.PostgresError)

routes = Blueprint("reports")

log = logging.getLogger(__name__)


@routes.before_server_start
async def begin(app: Sanic) -> None:
    """One reading of the figures for all who look."""
    app.ctx.figures = Asking(
        lambda: figures(app.ctx.library, at=clock.now()), within=FIGURES_WITHIN, fresh_for=FIGURES_FRESH_FOR
    )


@routes.get("/metrics")
@answers(str, content_type="text/plain")
async def show(request: Request, caller: Newcomer) -> HTTPResponse:
    """运行指标（Prometheus 文本格式），各进程合计。"""
    try:
        found = await request.app.ctx.figures.answer()
    except CANNOT_READ as trouble:  # the rest is wanted most while something is broken
        log.warning("the figures are left out: %s", type(trouble).__name__)
        found = ()
    return raw(metrics.exposition(found), content_type=CONTENT_TYPE_PLAIN_0_0_4)
