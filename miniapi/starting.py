"""Starting the parts together: what `up`, `serve` and `scheduler` do."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import aiohttp

import faq.packs
from miniapi import clock, demo
from miniapi.database import schema
from miniapi.database.connection import connected
from miniapi.http.answers import written
from miniapi.processes import Part, supervise
from miniapi.sandbox.state import openid_of
from miniapi.settings import Settings, keep_secret_key

READY_WITHIN = 60.0  # seconds


class CannotStart(Exception):
    """A part cannot run here; the message says what to do."""


def up(settings: Settings, database_url: str, as_of: datetime | None) -> None:
    """Migrate, load the demo city, set the clock and run every part until stopped."""
    settings = replace(settings, secret_key=settings.secret_key or keep_secret_key(settings.home))
    listening = listen(settings.host, settings.port, "HUANXIN_PORT")
    if settings.wechat.sandbox:
        listen("127.0.0.1", settings.sandbox_port, "HUANXIN_SANDBOX_PORT").close()
    goes_on_from = asyncio.run(_prepare(settings, database_url, as_of))
    parts = [*_workers(listening, settings.workers), _scheduler()]
    if settings.wechat.sandbox:
        parts.insert(0, Part("wechat-sandbox", [*_python("miniapi.cli"), "wechat-sandbox", "--with-parent"]))
    asyncio.run(_run(parts, _environment(settings, database_url), settings, goes_on_from))


def serve(settings: Settings, database_url: str, workers: int) -> None:
    """Run the API until stopped."""
    listening = listen(settings.host, settings.port, "HUANXIN_PORT")
    asyncio.run(supervise(_workers(listening, workers), _environment(settings, database_url)))


def schedule(settings: Settings, database_url: str) -> None:
    """Run the scheduler until stopped."""
    asyncio.run(supervise([_scheduler()], _environment(settings, database_url)))


async def _prepare(settings: Settings, database_url: str, as_of: datetime | None) -> datetime:
    """Schema, clock and demo data; returns the time the home goes on from."""
    await schema.migrate(database_url)
    library = faq.packs.load()
    goes_on_from = await clock.start_at(database_url, as_of)
    if settings.wechat.sandbox:
        async with connected(database_url):
            await demo.load(library, openid_of, at=goes_on_from)
    return goes_on_from


async def _run(
    parts: Sequence[Part], environment: Mapping[str, str], settings: Settings, goes_on_from: datetime
) -> None:
    telling = asyncio.create_task(_tell_when_ready(settings, goes_on_from))
    try:
        await supervise(parts, environment)
    finally:
        telling.cancel()


async def _tell_when_ready(settings: Settings, goes_on_from: datetime) -> None:
    base = f"http://{'127.0.0.1' if settings.host == '0.0.0.0' else settings.host}:{settings.port}"  # noqa: S104
    sandbox = settings.wechat.api_base if settings.wechat.sandbox else None
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        for address in filter(None, [f"{base}/readyz", sandbox]):
            await _until_answering(http, address)
    print(f"焕新已就绪，系统时间从 {written(goes_on_from)} 走起")
    print(f"  居民  {base}/")
    print(f"  文档  {base}/docs")
    if sandbox:
        print(f"  微信沙箱  {sandbox}/")
    print("按 Ctrl-C 停止", flush=True)


async def _until_answering(http: aiohttp.ClientSession, address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        try:
            async with http.get(address) as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.1)
    print(f"{address} 在 {READY_WITHIN:.0f} 秒内没有就绪，请看上面的日志", file=sys.stderr, flush=True)


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket that all workers share: a waiting connection outlives the worker that dies."""
    try:
        return socket.create_server((host, port), backlog=4096)
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        raise CannotStart(
            f"{host}:{port} 无法使用（{why}）：焕新可能已在运行，或用 {setting} 换端口"
        ) from None


def _workers(listening: socket.socket, count: int) -> list[Part]:
    number = listening.fileno()
    command = [*_python("miniapi.worker"), str(number)]
    return [Part(f"worker-{index}", command, inherits=(number,)) for index in range(1, count + 1)]


def _scheduler() -> Part:
    return Part("scheduler", _python("scheduler"))


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _environment(settings: Settings, database_url: str) -> dict[str, str]:
    """What the parts read: ours, with what was found or made here."""
    found = {**os.environ, "HUANXIN_DATABASE_URL": database_url, "HUANXIN_HOME": str(settings.home)}
    found.pop("HUANXIN_AS_OF", None)  # the clock has been set; it never goes back
    if settings.secret_key is not None:
        found["HUANXIN_SECRET_KEY"] = settings.secret_key
    return found
