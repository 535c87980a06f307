"""The sandbox as a server of its own: WeChat's paths, and what people do in WeChat."""

from pathlib import Path

from sanic import Request, Sanic, response

from miniapi import clock
from miniapi.sandbox import JOURNAL, people, problems, server
from miniapi.sandbox.context import Sandbox
from miniapi.sandbox.faults import FOR_EVER
from miniapi.sandbox.push import TRY_EVERY, Pusher
from miniapi.sandbox.state import State
from miniapi.settings import Settings

ITS_OWN_ALONE = {"content-security-policy": "default-src 'self' 'unsafe-inline'; base-uri 'none'"}

WHAT_IT_DOES = """焕新的微信沙箱 / the WeChat sandbox of Huanxin

POST   /sandbox/login      {"user": "alice"}                  -> {"code"}, as wx.login; any name makes a user
POST   /sandbox/phone      {"user", "phone"}                  -> {"code"}, as the getPhoneNumber button
GET    /sandbox/templates                                     the subscribe message templates, one a kind
POST   /sandbox/subscribe  {"user", "template_ids", "answer"} answer: accept, reject, turn_off
POST   /sandbox/say        {"user", "text"}                   a customer-service message
POST   /sandbox/picture    {"user"}                           a picture sent to customer service
POST   /sandbox/enter      {"user"}                           opens the customer-service session
POST   /sandbox/push-again {"count"}                          delivers the last pushes once more, newest first
GET    /sandbox/messages?user=alice                           what this person received, oldest first
GET    /sandbox/messages?after=0                              what everybody received, 10,000 at a time
GET    /sandbox/users                                         everybody who ever came
POST   /sandbox/faults     {"path", "mode", "rate", "errcode", "seconds", "times"}
                           mode: slow, error, hang, truncate, errcode, revoke (the token that comes along);
                           path: one of WeChat's, or *
GET    /sandbox/faults     DELETE /sandbox/faults
POST   /sandbox/clock      {"now": "2024-09-01T10:00:00+08:00"} moves the product's clock forward

subscribe, say, picture and enter take "format": "xml" for a push in XML. The user "blocked" is refused at
login. The check of texts calls 赌博 and 诈骗 risky and wants a look at 代开发票.
A browser gets a page here to read every message and to write as a resident.
"""
PAGE = (Path(__file__).parent / "page.html").read_bytes()


def create_app(settings: Settings, database_url: str | None, *, push_try_every: float = TRY_EVERY) -> Sanic:
    """The sandbox of a home, following the clock of its database."""
    app = Sanic("huanxin-sandbox", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.RESPONSE_TIMEOUT = int(FOR_EVER)
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0
    app.blueprint(server.blueprint)
    app.blueprint(people.blueprint)
    app.exception(Exception)(problems.answer_problem)

    @app.get("/")
    async def index(request: Request) -> response.HTTPResponse:
        if "text/html" in request.headers.get("accept", ""):
            return response.raw(PAGE, content_type="text/html; charset=utf-8", headers=ITS_OWN_ALONE)
        return response.text(WHAT_IT_DOES)

    @app.before_server_start
    async def open_sandbox(app: Sanic) -> None:
        if database_url is not None:
            await clock.follow(database_url)
        pusher = Pusher(
            f"http://127.0.0.1:{settings.port}/wechat/push", settings.wechat, try_every=push_try_every
        )
        await pusher.start()
        state = State(settings.home / JOURNAL)
        app.ctx.sandbox = Sandbox(settings.wechat, state, pusher, database_url)

    @app.after_server_stop
    async def close_sandbox(app: Sanic) -> None:
        sandbox: Sandbox = app.ctx.sandbox
        await sandbox.pusher.stop()
        sandbox.state.close()
        if database_url is not None:
            await clock.stop()

    return app
