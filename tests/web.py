"""The application on a free port within a test's loop, and a caller for it who holds it to its document."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from sanic.application.constants import ServerStage
from sanic.application.state import ApplicationServerInfo

from faq.matcher import Matcher
from faq.packs import Library
from miniapi import clock
from miniapi.accounts.actions import SIGNED_IN_FOR, hash_of
from miniapi.accounts.models import Resident, Session
from miniapi.app import build_app
from miniapi.http.counters import Counters
from miniapi.http.service import Connection
from miniapi.keys import Keys
from miniapi.settings import Settings
from miniapi.staff.models import Staff
from miniapi.wechat.client import WeChat
from tests.document import Document, document_of
from tests.factories.staff import a_desk_of
from tests.privacy import watch


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    json: Any


class Web:
    """Calls the application, as somebody or as nobody."""

    def __init__(self, base: str, http: aiohttp.ClientSession, document: Document) -> None:
        self.base, self.http, self.document = base, http, document

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: Resident | Staff | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Answer:
        """One call; keyword arguments are the JSON body. An answer that is not documented fails the test."""
        sent = dict(headers or {})
        watch.know_body(body)
        if by is not None:
            sent["Authorization"] = f"Bearer {await a_token_of(by)}"
        watch.know(sent.get("Authorization", "").partition(" ")[2])
        root = (
            ""
            if path.startswith(("/wechat", "/c/")) or path in ("/", "/healthz", "/readyz", "/metrics")
            else "/api/v1"
        )
        address = self.base + root + path
        async with self.http.request(method, address, json=body or None, data=raw, headers=sent) as answer:
            content = await answer.read()
            is_json = answer.content_type.endswith("json") and content
            parsed = await answer.json(content_type=None) if is_json else None
            self.document.check(
                method, root + path, answer.status, answer.headers, parsed if is_json else content
            )
            return Answer(answer.status, answer.headers, content, parsed)

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.call("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Answer:
        return await self.call("POST", path, **more)

    async def patch(self, path: str, **more: Any) -> Answer:
        return await self.call("PATCH", path, **more)

    async def delete(self, path: str, **more: Any) -> Answer:
        return await self.call("DELETE", path, **more)


async def a_token_of(caller: Resident | Staff) -> str:
    """A good token of this caller."""
    if isinstance(caller, Staff):
        return await a_desk_of(caller)
    resident = caller
    token = f"token-of-{resident.id}"
    now = clock.now()
    await Session.get_or_create(
        token_hash=hash_of(token),
        defaults={"resident_id": resident.id, "created_at": now, "expires_at": now + SIGNED_IN_FOR},
    )
    return token


@asynccontextmanager
async def serving(
    settings: Settings,
    library: Library,
    matcher: Matcher,
    keys: Keys,
    *,
    wechat_seconds: float = 4.0,
    counters: Counters | None = None,
) -> AsyncIterator[Web]:
    """The application until the end of the block; the database is the caller's."""
    listening = socket.create_server(("127.0.0.1", 0))
    async with WeChat(settings.wechat, total_seconds=wechat_seconds) as wechat:
        app = build_app(settings, library, matcher, keys, wechat, counters)
        app.config.TOUCHUP = (
            False  # Sanic rewrites its own code for one app of a process, and breaks the other
        )
        server = await app.create_server(sock=listening, protocol=Connection, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.after_start()
        # as under `app.run`: without it nothing that goes on behind an answer begins
        app.state.server_info.append(ApplicationServerInfo({}, ServerStage.SERVING))
        try:
            async with aiohttp.ClientSession() as http:
                yield Web(f"http://127.0.0.1:{listening.getsockname()[1]}", http, document_of(app))
        finally:
            await server.before_stop()
            await server.close()
            for connection in list(server.connections):
                connection.abort()
            await asyncio.sleep(0)
            await server.after_stop()
