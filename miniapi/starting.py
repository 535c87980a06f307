"""Starting the parts together: what `up`, `serve`, `scheduler` and `wechat-sandbox` do."""

import fcntl
import logging
import os
import runpy
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import asyncpg
from tortoise.exceptions import BaseORMException, DBConnectionError

import faq.packs
from miniapi import clock, listening, metrics, outages
from miniapi.accounts import fingerprints
from miniapi.announcing import announce
from miniapi.database import embedded, schema
from miniapi.database.connection import WORKING, connected
from miniapi.http.answers import written
from miniapi.keys import Keys, SealBroken
from miniapi.processes import Part, not_for_parts, supervise
from miniapi.sandbox.state import openid_of
from miniapi.settings import Settings, keep_secret_key, kept, secrets_of
from miniapi.staff import passwords
from miniapi.stopping import end_with_parent, run, stop_on_signals

ASK_AGAIN = 1.0  # seconds between two questions to a database that is away
SAY_AGAIN = 60.0  # seconds between two lines about it
CONNECT_WITHIN = 5.0  # seconds
BROKEN_OFF = (  # what a database that dies meanwhile ends in
    ConnectionError,
    TimeoutError,
    FileNotFoundError,  # the socket's
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBConnectionError,
)
WAITED_OUT = (*outages.AWAY, BaseORMException)  # at the start of what can wait

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """A part cannot run here; the message says what to do."""


def require_home(home: Path) -> None:
    """Make the home where it is missing. Raises CannotStart where it cannot be made or written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        raise CannotStart(
            f"HUANXIN_HOME（{home}）不能写入（{why}）：请改变它的权限，或换一个文件夹"
        ) from None


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """The only `up` of this home while the block runs. Raises CannotStart where there is one already."""
    require_home(home)
    with (home / "up.lock").open("a") as lock, not_for_parts(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"{home} 里已有一个焕新在运行：先停下它，或换一个 HUANXIN_HOME") from None
        yield


def up(settings: Settings, database_url: str, as_of: datetime | None) -> None:
    """Migrate, load the demo city, set the clock and run every part until stopped."""
    check_secret(settings)
    settings = replace(settings, secret_key=settings.secret_key or keep_secret_key(settings.home))
    shared = listening.listen(settings.host, settings.port, "HUANXIN_PORT")
    parts, tells = [], []
    if settings.wechat.sandbox:
        box = listening.listen("127.0.0.1", settings.sandbox_port, "HUANXIN_SANDBOX_PORT")
        parts.append(_sandbox(settings, database_url, box))
        tells.append(settings.wechat.api_base)
    goes_on_from = _ready(settings, database_url, as_of)
    parts += [*_workers(settings, database_url, shared, settings.workers), _scheduler()]
    base = listening.address(settings.host, settings.port)
    lines = [
        f"焕新已就绪，系统时间从 {written(goes_on_from)} 走起",
        f"  居民  {base}/",
        f"  文档  {base}/docs",
        *(f"  微信沙箱  {address}/" for address in tells),
        *_demo_staff(settings),
        "按 Ctrl-C 停止",
    ]
    parts.append(_herald([f"{base}/readyz", *tells], lines))
    _keep(settings, database_url, parts, f"api-{settings.port}")


def serve(settings: Settings, database_url: str, workers: int) -> None:
    """Run the API until stopped."""
    require_home(settings.home)
    check_secret(settings)
    shared = listening.listen(settings.host, settings.port, "HUANXIN_PORT")
    parts = _prepared(settings, database_url)
    parts += _workers(settings, database_url, shared, workers)
    base = listening.address(settings.host, settings.port)
    parts.append(_herald([f"{base}/readyz"], [f"焕新接口已就绪：{base}/"]))
    _keep(settings, database_url, parts, f"api-{settings.port}")


def schedule(settings: Settings, database_url: str) -> None:
    """Run the scheduler until stopped."""
    require_home(settings.home)
    parts = [*_prepared(settings, database_url), _scheduler()]
    _keep(settings, database_url, parts, f"{metrics.SCHEDULERS}{os.getpid()}")


def play_wechat(settings: Settings, database_url: str) -> None:
    """Run the stand-in for WeChat until stopped."""
    require_home(settings.home)
    box = listening.listen("127.0.0.1", settings.sandbox_port, "HUANXIN_SANDBOX_PORT")
    _keep(settings, database_url, [_sandbox(settings, database_url, box)], "sandbox")


def check_secret(settings: Settings) -> None:
    """Raise CannotStart where the key that was set cannot open what the kept one has sealed."""
    file = settings.home / "secret_key"
    if settings.secret_key is None or not file.exists():
        return
    if set(secrets_of(file.read_text(encoding="ascii"))).isdisjoint(secrets_of(settings.secret_key)):
        raise CannotStart(
            f"HUANXIN_SECRET_KEY 与 {file} 里保存的不同，已有的资料会无法解密：请用保存的那一个"
        )


async def require_schema(database_url: str) -> None:
    """Raise CannotStart where the database is not of this version; OSError and such where it is away."""
    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
    try:
        if not await schema.is_current(connection):
            raise CannotStart("数据库的表结构不是这个版本的，请先运行 huanxin migrate")
    finally:
        await connection.close()


def _ready(settings: Settings, database_url: str, as_of: datetime | None) -> datetime:
    """Prepare what `up` serves; returns the time the home goes on from.

    Raises CannotStart where the database breaks off, and what asyncpg does where it is not there at all.
    """
    run(_reached(database_url))
    try:
        return run(_prepare(settings, database_url, as_of))
    except BROKEN_OFF as problem:
        if isinstance(problem, ValueError):  # a value of ours that asyncpg would not send
            raise
        own = settings.database_url is None
        where = embedded.Server(settings.home).log if own else outages.reason(problem)
        raise CannotStart(f"数据库在准备时中断了，请再运行一次（详见 {where}）") from None


async def _reached(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
    await connection.close(timeout=CONNECT_WITHIN)


async def _prepare(settings: Settings, database_url: str, as_of: datetime | None) -> datetime:
    """Schema, identities, demo data and then the clock; returns the time the home goes on from."""
    await schema.migrate(database_url)
    await _know_identities(settings, database_url, as_of)
    if settings.wechat.sandbox:
        from miniapi import demo  # the same as the workers

        library = faq.packs.load()
        at = await clock.would_start_at(database_url, as_of)
        async with connected(database_url):
            await demo.load(library, openid_of, _demo_password(settings), at=at)
    return await clock.start_at(database_url, as_of)


def _demo_password(settings: Settings) -> str:
    """The password of the demo's staff: the one that was set, or the home's own."""
    return settings.demo_password or kept(settings.home / "demo_password", passwords.made)


def _demo_staff(settings: Settings) -> Sequence[str]:
    """How to sign in as the demo's staff; a password that was set is not repeated."""
    if not settings.wechat.sandbox:
        return ()
    password = "见 HUANXIN_DEMO_PASSWORD" if settings.demo_password else _demo_password(settings)
    return (f"  管理  账号 bureau，密码 {password}",)


def _prepared(settings: Settings, database_url: str) -> list[Part]:
    """What must be so before anybody is served: now, or by a part as soon as the database is back."""
    try:
        run(_check_and_start(settings, database_url))
    except WAITED_OUT as problem:
        if isinstance(problem, ValueError):  # an address that asyncpg cannot use
            raise
        log.warning("the database is away, what needs it waits: %s", outages.reason(problem))
        return [Part("start", _later(settings, database_url), again=False)]
    return []


async def _check_and_start(settings: Settings, database_url: str) -> None:
    """Check the schema, know the identities, set the clock."""
    await require_schema(database_url)
    await _know_identities(settings, database_url, settings.as_of)
    await clock.start_at(database_url, settings.as_of)


async def _know_identities(settings: Settings, database_url: str, as_of: datetime | None) -> None:
    """Fingerprints of everybody under the home's own key, where there are keys to make it with."""
    if settings.secret_key is None:
        return
    keys = Keys(settings.secret_key)
    at = await clock.would_start_at(database_url, as_of)
    async with connected(database_url, bounds=WORKING, keys=keys.ids):
        try:
            await fingerprints.make_ready(keys, at=at)
        except SealBroken as broken:
            raise CannotStart(f"已有的身份信息无法解密，请用原来的密钥（{broken}）") from None


def _later(settings: Settings, database_url: str) -> Callable[[], None]:
    def work() -> None:
        stop_on_signals()
        end_with_parent()
        why, says_again = "", 0.0
        while True:
            time.sleep(ASK_AGAIN)
            try:
                run(_check_and_start(settings, database_url))
            except (*WAITED_OUT, CannotStart) as problem:
                before, why = why, outages.reason(problem)
                if why != before or time.monotonic() > says_again:
                    log.warning("waiting for the database: %s", why)
                    says_again = time.monotonic() + SAY_AGAIN
            else:
                log.info("the database is there")
                return

    return work


def _workers(settings: Settings, database_url: str, shared: socket.socket, count: int) -> list[Part]:
    if settings.secret_key is None:
        raise CannotStart("HUANXIN_SECRET_KEY: 必须设置（至少 32 个字符）")
    from miniapi.worker import ready_to_fork  # takes its time, which other commands have not

    work = ready_to_fork(settings, database_url, settings.secret_key, shared)
    return [Part(f"worker-{index}", work) for index in range(1, count + 1)]


def _scheduler() -> Part:
    def work() -> None:
        runpy.run_module("scheduler", run_name="__main__")  # by name: what it imports, imports us

    return Part("scheduler", work)


def _sandbox(settings: Settings, database_url: str, box: socket.socket) -> Part:
    from miniapi.sandbox.app import create_app  # the same

    def work() -> None:
        end_with_parent()
        app = create_app(settings, database_url)
        app.run(sock=box, single_process=True, access_log=False, motd=False)

    return Part("wechat-sandbox", work)


def _herald(addresses: Sequence[str], lines: Sequence[str]) -> Part:
    def work() -> None:
        end_with_parent()
        announce(addresses, lines)

    return Part("herald", work, again=False)


def _database(settings: Settings) -> Part:
    def work() -> None:
        stop_on_signals()
        end_with_parent()
        embedded.watch(embedded.Server(settings.home))

    return Part("database", work)


def _keep(settings: Settings, database_url: str, parts: list[Part], name: str) -> None:
    """Run all parts, and where the database is our own, what watches over it."""
    if settings.database_url is None:
        parts = [_database(settings), *parts]
    with metrics.shared(settings.home, name):
        os.environ.update(_environment(settings, database_url))
        supervise(parts)


def _environment(settings: Settings, database_url: str) -> dict[str, str]:
    """What the parts read: ours, with what was found or made here."""
    found = {
        "HUANXIN_DATABASE_URL": database_url,
        "HUANXIN_HOME": str(settings.home),
        "HUANXIN_AS_OF": "",  # the clock has been set; it never goes back
        "SANIC_IGNORE_PRODUCTION_WARNING": "1",  # in colours, on every terminal
    }
    if settings.secret_key is not None:
        found["HUANXIN_SECRET_KEY"] = settings.secret_key
    return found
