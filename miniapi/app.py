"""The web application. This module alone wires: routes, errors, and what a process opens."""

import json
from contextlib import AsyncExitStack

from sanic import Blueprint, Sanic
from sanic_ext import Extend
from sanic_ext.config import Config

from bot.dialogue import Dialogue
from faq.matcher import Matcher
from faq.packs import Library
from miniapi import clock, docs, health, stalls
from miniapi.accounts import callers
from miniapi.accounts import routes as accounts
from miniapi.accounts.identity import IdentityVerifier, NoVerifier, SandboxVerifier
from miniapi.chat import pushes
from miniapi.chat import routes as chat
from miniapi.chat.actions import Talker
from miniapi.chat.city import OCCASIONS
from miniapi.custody import hand_routes
from miniapi.custody import routes as custody
from miniapi.database import presence
from miniapi.database.connection import connected
from miniapi.drops import desk_routes as drops_desk
from miniapi.drops import lottery_routes
from miniapi.drops import routes as drop_routes
from miniapi.http.answers import dumps
from miniapi.http.counters import Counters
from miniapi.http.headers import protect
from miniapi.http.injection import Injection
from miniapi.http.limits import Limits
from miniapi.http.observing import observe
from miniapi.http.problems import answer_with_problems
from miniapi.http.service import Service
from miniapi.keys import Keys
from miniapi.links import routes as links
from miniapi.merchants import callers as shops
from miniapi.merchants import desk_routes as merchants_desk
from miniapi.merchants import licence_routes, price_routes
from miniapi.merchants import routes as merchants
from miniapi.pickup import crew_routes, door_routes, estimate_routes, manager_routes, photo_routes
from miniapi.pickup import desk_routes as pickup_desk
from miniapi.pickup import routes as pickup_routes
from miniapi.privacy import desk_routes as privacy_desk
from miniapi.privacy import notice as privacy_notice
from miniapi.privacy import routes as privacy
from miniapi.privacy.notice import PrivacyNotices
from miniapi.programmes import desk_routes as programmes_desk
from miniapi.programmes import routes as programmes
from miniapi.redemption import afterwards_routes, bundle_routes, review_routes
from miniapi.redemption import routes as redemption
from miniapi.reminders import desk_routes as notices
from miniapi.reminders import routes as reminders
from miniapi.reminders.templates import Templates
from miniapi.reports import monitor_routes as monitor
from miniapi.reports import routes as reports
from miniapi.settings import Settings
from miniapi.settlement import routes as settlement
from miniapi.staff import callers as staff
from miniapi.staff import routes as staff_routes
from miniapi.tickets import routes as tickets
from miniapi.trails import routes as trails
from miniapi.vouchers import routes as voucher_routes
from miniapi.vouchers.claiming import Claims, Repeats
from miniapi.vouchers.schemas import claimed
from miniapi.wechat.client import WeChat
from miniapi.wechat.shelf import DatabaseShelf

API = (
    accounts.routes,
    staff_routes.routes,
    reminders.routes,
    notices.routes,
    tickets.routes,
    programmes.routes,
    programmes_desk.routes,
    merchants.routes,
    merchants_desk.routes,
    price_routes.routes,
    licence_routes.routes,
    drop_routes.routes,
    lottery_routes.routes,
    drops_desk.routes,
    voucher_routes.routes,
    pickup_routes.routes,
    crew_routes.routes,
    manager_routes.routes,
    pickup_desk.routes,
    estimate_routes.routes,
    photo_routes.routes,
    door_routes.routes,
    links.routes,
    redemption.routes,
    afterwards_routes.routes,
    bundle_routes.routes,
    custody.routes,
    hand_routes.routes,
    review_routes.routes,
    settlement.routes,
    trails.routes,
    monitor.routes,
    chat.routes,
    privacy.routes,
    privacy_desk.routes,
)


def build_app(
    settings: Settings,
    library: Library,
    matcher: Matcher,
    keys: Keys,
    wechat: WeChat,
    counters: Counters | None = None,
) -> Sanic:
    """Routes, errors and injection; opens nothing. Workers of a host bring the counters that they share."""
    app = Service("huanxin", configure_logging=False, dumps=dumps, loads=json.loads)
    app.bound(Limits(settings.limits, counters or Counters()), settings.limits.most_in_flight)
    app.request_class = photo_routes.AskedWithPhotos
    app.config.PROXIES_COUNT = settings.limits.proxies or None
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 10.0
    app.config.FALLBACK_ERROR_FORMAT = "json"
    Extend(
        app,
        extensions=[Injection, docs.Documentation],
        built_in_extensions=False,
        config=Config(oas_ui_redoc=False, oas_ui_swagger=False, oas_url_prefix=docs.PREFIX),
    )
    app.blueprint(Blueprint.group(*API, url_prefix="/api/v1"))
    app.blueprint(Blueprint.group(chat.wechat_routes, health.routes, reports.routes, docs.routes))
    app.blueprint(custody.pages)
    docs.describe(app)
    answer_with_problems(app)
    app.ctx.occasions = OCCASIONS
    app.ctx.keys = keys
    app.ctx.library = library
    app.ctx.devices = callers.gathered_devices()
    _inject(app, settings, Dialogue(library, matcher), library, keys, wechat)

    observe(app)
    app.register_middleware(protect, "response")
    return app


def create_app(
    settings: Settings,
    library: Library,
    matcher: Matcher,
    database_url: str,
    secret_key: str,
    counters: Counters,
) -> Sanic:
    """The application with everything it uses: database, clock, WeChat."""
    keys = Keys(secret_key)
    wechat = WeChat(settings.wechat, DatabaseShelf(settings.wechat.appid, keys))
    app = build_app(settings, library, matcher, keys, wechat, counters)

    @app.before_server_start
    async def open_everything(app: Sanic) -> None:
        app.ctx.opened = opened = AsyncExitStack()
        await opened.enter_async_context(stalls.watched("worker"))
        await opened.enter_async_context(
            connected(database_url, slow_query_ms=settings.slow_query_ms, keys=keys.ids)
        )
        await clock.follow(database_url, once_started=True, session_name=presence.name_of(keys.ids))
        opened.push_async_callback(clock.stop)
        await opened.enter_async_context(wechat)
        app.add_task(pushes.go_on_answering(wechat, app.ctx.talker))

    @app.after_server_stop
    async def close_everything(app: Sanic) -> None:
        await app.ctx.opened.aclose()

    return app


def _inject(
    app: Sanic, settings: Settings, dialogue: Dialogue, library: Library, keys: Keys, wechat: WeChat
) -> None:
    """What a handler may ask for by type."""
    verifier = SandboxVerifier() if settings.wechat.sandbox else NoVerifier()
    demo = settings.wechat.sandbox  # accounts of the demo are nobody's where real people sign in
    app.ext.add_dependency(callers.SignedInResident, staff.resident_for(demo=demo))
    app.ext.add_dependency(callers.Anyone, staff.anyone_for(demo=demo))
    app.ext.add_dependency(callers.Newcomer, callers.Newcomer)
    app.ext.add_dependency(shops.Clerk, shops.clerk_for(demo=demo))
    app.ext.add_dependency(shops.CrewMember, shops.crew_member_for(demo=demo))
    app.ext.add_dependency(shops.Station, shops.station_for(demo=demo))
    app.ext.add_dependency(shops.Dismantler, shops.dismantler_for(demo=demo))
    app.ext.add_dependency(shops.Recycler, shops.recycler_for(demo=demo))
    app.ext.add_dependency(shops.Manager, shops.manager_for(demo=demo))
    for kind in staff.KINDS:
        app.ext.add_dependency(kind, staff.caller_of(kind, demo=demo))
    app.ext.add_dependency(Settings, lambda: settings)
    app.ext.add_dependency(Library, lambda: library)
    app.ext.add_dependency(Keys, lambda: keys)
    app.ext.add_dependency(WeChat, lambda: wechat)
    templates, talker = Templates(wechat), Talker(dialogue, library, keys)
    app.ext.add_dependency(Templates, lambda: templates)
    app.ext.add_dependency(Talker, lambda: talker)
    app.ctx.talker = talker
    app.ext.add_dependency(IdentityVerifier, lambda: verifier)
    claims = Claims(library, Repeats(keys, claimed))
    app.ext.add_dependency(Claims, lambda: claims)
    notices = privacy_notice.load()
    app.ext.add_dependency(PrivacyNotices, lambda: notices)
