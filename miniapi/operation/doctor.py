"""A look at the machine and the installation, line by line, with what to do. Changes nothing."""

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg

from miniapi import listening
from miniapi.database import embedded
from miniapi.database.embedded import DatabaseUnusable, Server
from miniapi.operation import installation, machine
from miniapi.operation.findings import Finding, Verdict, bad, good
from miniapi.settings import Settings, SettingsError

ANSWERS_WITHIN = 2.0  # seconds


async def examine(settings: Settings | SettingsError) -> AsyncIterator[Finding]:
    """Everything that is looked at, one after another; without settings, what needs none."""
    for finding in machine.looked_at():
        yield finding
    if isinstance(settings, SettingsError):
        yield bad("设置", str(settings).removeprefix("设置有误："))
        return
    yield good("设置", "没有问题")
    for finding in machine.home(settings.home):
        yield finding
    yield await port(settings.host, settings.port, "HUANXIN_PORT", "/healthz")
    if settings.wechat.sandbox:
        yield await port("127.0.0.1", settings.sandbox_port, "HUANXIN_SANDBOX_PORT", "/sandbox/templates")
    yield installation.secret(settings)
    yield await installation.wechat(settings)
    async for finding in _database(settings):
        yield finding


async def port(host: str, number: int, setting: str, ours: str) -> Finding:
    """Whether a port is free, or is ours already (`ours` is a path that only we answer)."""
    subject, problem = f"端口 {number}", await asyncio.to_thread(machine.can_listen, host, number)
    if problem is None:
        return good(subject, "空闲")
    if problem.errno != errno.EADDRINUSE:
        other = "HUANXIN_HOST 换地址" if listening.is_about_host(problem) else f"{setting} 换端口"
        return bad(subject, f"不能使用（{problem.strerror}）：请用 {other}")
    address = f"{listening.address(host, number)}{ours}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as http,
            http.get(address) as answer,
        ):
            if answer.status == 200:
                return good(subject, "焕新正在使用")
    except (aiohttp.ClientError, TimeoutError):
        pass
    return bad(subject, f"被别的程序占用：请停止它，或用 {setting} 换端口")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is not None:
        async for finding in _as_said(settings.database_url, settings):
            yield finding
        return
    programs = machine.embedded_binaries()
    yield programs
    if programs.verdict is not Verdict.GOOD:
        return
    try:
        if not Server(settings.home).data.exists():
            with (
                tempfile.TemporaryDirectory(prefix="huanxin-doctor-") as trial,
                embedded.running(Path(trial)),
            ):
                yield good("数据库", "还没有数据；试着启动了一个临时的，可以运行")
            return
        with embedded.running(settings.home) as server:
            async for finding in _as_said(server.url(), settings):
                yield finding
    except (DatabaseUnusable, OSError) as problem:
        yield bad("数据库", str(problem))


async def _as_said(url: str, settings: Settings) -> AsyncIterator[Finding]:
    try:
        async for finding in installation.database(url, settings):
            yield finding
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        why = str(problem) or "没有在规定时间内回应"
        yield bad("数据库", f"无法使用（{why}）：请检查 HUANXIN_DATABASE_URL 和服务器")
