"""The sandbox's own server on a free port, within a test's loop, and a product that takes its pushes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from sanic import Sanic

from miniapi.sandbox.app import create_app
from miniapi.sandbox.state import State
from miniapi.settings import Settings, WeChatSettings
from tests.privacy import watch


def free_socket() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


@dataclass
class Running:
    """A sandbox that answers, and the product behind it."""

    app: Sanic
    base: str
    wechat: WeChatSettings
    http: aiohttp.ClientSession
    product: "Product"

    @property
    def state(self) -> State:
        return self.app.ctx.sandbox.state

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one call."""
        watch.know_body(body)
        async with self.http.request(method, self.base + path, json=body) as response:
            return response.status, await response.json(content_type=None)

    async def post(self, path: str, /, **body: Any) -> Any:
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        return answer

    async def get(self, path: str) -> Any:
        status, answer = await self.call("GET", path)
        assert status == 200, answer
        return answer

    async def login_code(self, user: str = "alice") -> str:
        return (await self.post("/sandbox/login", user=user))["code"]

    async def openid(self, user: str = "alice") -> str:
        await self.login_code(user)
        return next(openid for openid, name in self.state.users.items() if name == user)

    async def template_id(self, kind: str = "drop") -> str:
        return next(one["template_id"] for one in await self.get("/sandbox/templates") if one["kind"] == kind)

    async def accept(self, user: str = "alice", kind: str = "drop") -> str:
        """Let somebody accept one message; the template's id comes back."""
        template_id = await self.template_id(kind)
        await self.post("/sandbox/subscribe", user=user, template_ids=[template_id], answer="accept")
        return template_id

    async def fault(self, path: str, mode: str, **more: Any) -> None:
        await self.post("/sandbox/faults", path=path, mode=mode, **more)

    async def received(self, user: str = "alice") -> list[dict[str, Any]]:
        return await self.get(f"/sandbox/messages?user={user}")


@dataclass
class Product:
    """What stands at `/wechat/push`: remembers every push and answers as it is told."""

    port: int
    pushes: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    answer: Callable[[int], web.Response] = lambda _nth: web.Response(text="success")

    async def take(self, request: web.Request) -> web.Response:
        self.pushes.append((dict(request.query), await request.read()))
        async with self.came:
            self.came.notify_all()
        return self.answer(len(self.pushes))

    async def has_taken(self, count: int) -> None:
        """Wait until so many pushes came."""
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: len(self.pushes) >= count)


@asynccontextmanager
async def running_sandbox(
    home: Path, *, aes_key: str | None = None, push_try_every: float = 0.2
) -> AsyncIterator[Running]:
    """A sandbox of this home until the end of the block."""
    async with _product() as product:
        listening = free_socket()
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = Settings.from_environment(
            {
                "HUANXIN_HOME": str(home),
                "HUANXIN_PORT": str(product.port),
                "HUANXIN_SANDBOX_PORT": base.rpartition(":")[2],
                "HUANXIN_WECHAT_PUSH_AES_KEY": aes_key or "",
            }
        )
        app = create_app(settings, None, push_try_every=push_try_every)
        app.config.TOUCHUP = (
            False  # Sanic rewrites its own code for one app of a process, and breaks the other
        )
        server = await app.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.after_start()
        try:
            async with aiohttp.ClientSession() as http:
                yield Running(app, base, settings.wechat, http, product)
        finally:
            await server.before_stop()
            await server.close()
            for connection in list(server.connections):
                connection.abort()
            await asyncio.sleep(0)
            await server.after_stop()


@asynccontextmanager
async def _product() -> AsyncIterator[Product]:
    listening = free_socket()
    product = Product(listening.getsockname()[1])
    app = web.Application()
    app.router.add_post("/wechat/push", product.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield product
    finally:
        await runner.cleanup()
