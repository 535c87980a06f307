"""The web application. This module alone wires: routes, errors, and what a process opens."""

import json
from contextlib import AsyncExitStack

from sanic import Blueprint, Request, Sanic
from sanic.response import BaseHTTPResponse
from sanic_ext import Extend
from sanic_ext.config import Config
from sanic_ext.extensions.injection.extension import InjectionExtension

import faq.packs
from bot.dialogue import Dialogue
from faq.matcher import Matcher
from faq.packs import Library
from miniapi import clock, docs, health
from miniapi.accounts import callers
from miniapi.accounts import routes as accounts
from miniapi.accounts.identity import IdentityVerifier, NoVerifier, SandboxVerifier
from miniapi.chat import routes as chat
from miniapi.chat.actions import Talker
from miniapi.database.connection import connected
from miniapi.drops import queries as drops
from miniapi.drops import routes as drop_routes
from miniapi.http.answers import dumps
from miniapi.http.problems import answer_with_problems
from miniapi.keys import Keys
from miniapi.merchants import routes as merchants
from miniapi.pickup import queries as pickup
from miniapi.pickup import routes as pickup_routes
from miniapi.programmes import routes as programmes
from miniapi.reminders import routes as reminders
from miniapi.reminders.occasions import Occasions
from miniapi.reminders.templates import Templates
from miniapi.settings import Settings
from miniapi.tickets import routes as tickets
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers import routes as voucher_routes
from miniapi.wechat.client import WeChat

API = (
    accounts.routes,
    reminders.routes,
    tickets.routes,
    programmes.routes,
    merchants.routes,
    drop_routes.routes,
    voucher_routes.routes,
    pickup_routes.routes,
    chat.routes,
)

OCCASIONS: Occasions = {
    "drop": drops.occasion,
    "pickup": pickup.occasion,
    "voucher_expiry": vouchers.occasion,
}

LARGEST_BODY = 1024 * 1024  # bytes


def build_app(settings: Settings, library: Library, matcher: Matcher, keys: Keys, wechat: WeChat) -> Sanic:
    """Routes, errors and injection; opens nothing."""
    app = Sanic("huanxin", configure_logging=False, dumps=dumps, loads=json.loads)
    app.config.REQUEST_MAX_SIZE = LARGEST_BODY
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 10.0
    app.config.FALLBACK_ERROR_FORMAT = "json"
    Extend(
        app,
        extensions=[InjectionExtension, docs.Documentation],
        built_in_extensions=False,
        config=Config(oas_ui_redoc=False, oas_ui_swagger=False, oas_url_prefix=docs.PREFIX),
    )
    app.blueprint(Blueprint.group(*API, url_prefix="/api/v1"))
    app.blueprint(Blueprint.group(chat.wechat_routes, health.routes, docs.routes))
    docs.describe(app)
    answer_with_problems(app)
    app.ctx.occasions = OCCASIONS
    app.ctx.keys = keys
    _inject(app, settings, Dialogue(library, matcher), library, keys, wechat)

    app.register_middleware(_name_the_request, "response")
    return app


def create_app(settings: Settings, database_url: str, secret_key: str) -> Sanic:
    """The application with everything it uses: database, clock, WeChat."""
    library, wechat = faq.packs.load(), WeChat(settings.wechat)
    app = build_app(settings, library, Matcher(library, settings.cache), Keys(secret_key), wechat)

    @app.before_server_start
    async def open_everything(app: Sanic) -> None:
        app.ctx.opened = opened = AsyncExitStack()
        await opened.enter_async_context(connected(database_url))
        await clock.follow(database_url)
        opened.push_async_callback(clock.stop)
        await opened.enter_async_context(wechat)

    @app.after_server_stop
    async def close_everything(app: Sanic) -> None:
        await app.ctx.opened.aclose()

    return app


async def _name_the_request(request: Request, answer: BaseHTTPResponse) -> None:
    answer.headers["X-Request-ID"] = str(request.id)


def _inject(
    app: Sanic, settings: Settings, dialogue: Dialogue, library: Library, keys: Keys, wechat: WeChat
) -> None:
    """What a handler may ask for by type."""
    verifier = SandboxVerifier() if settings.wechat.sandbox else NoVerifier()
    app.ext.add_dependency(callers.SignedInResident, callers.signed_in_resident)
    app.ext.add_dependency(callers.Anyone, callers.anyone)
    app.ext.add_dependency(callers.Newcomer, callers.Newcomer)
    app.ext.add_dependency(Settings, lambda: settings)
    app.ext.add_dependency(Library, lambda: library)
    app.ext.add_dependency(Keys, lambda: keys)
    app.ext.add_dependency(WeChat, lambda: wechat)
    templates, talker = Templates(wechat), Talker(dialogue, library, keys)
    app.ext.add_dependency(Templates, lambda: templates)
    app.ext.add_dependency(Talker, lambda: talker)
    app.ext.add_dependency(IdentityVerifier, lambda: verifier)
