"""Whether the database, the key, the clock and WeChat are as an installation needs them. Changes nothing."""

import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import aiohttp
import asyncpg

from miniapi.database import roles, schema
from miniapi.database.connection import POOL
from miniapi.keys import SealBroken
from miniapi.operation.findings import Finding, bad, doubtful, good
from miniapi.operation.secrets import kept_file, known_keys
from miniapi.settings import Settings

LEAST_SERVER = 15
LEADER_LOCK = 0x73_63_68_65_64  # "sched": whichever scheduler works holds it
LARGEST_DIFFERENCE = 1.0  # seconds between the database server's clock and this machine's
ANSWERS_WITHIN = 5.0  # seconds

SERVER_TIME = "SELECT extract(epoch FROM clock_timestamp())::float8"
HELD = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) + objid::bigint = $1
    )
"""
SEALED = (  # some of what the key must open, old and new
    "SELECT key_sealed FROM identity_key",
    "(SELECT phone_sealed FROM resident WHERE phone_sealed IS NOT NULL ORDER BY id LIMIT 1)"
    " UNION ALL (SELECT phone_sealed FROM resident WHERE phone_sealed IS NOT NULL ORDER BY id DESC LIMIT 1)",
)


def secret(settings: Settings) -> Finding:
    """Whether there is a key, kept so that nobody else reads it; its fingerprint."""
    keys, kept = known_keys(settings), kept_file(settings.home)
    if keys is None:
        return doubtful("密钥", "还没有：huanxin up 会生成一个，huanxin serve 要求设置 HUANXIN_SECRET_KEY")
    if settings.secret_key is not None:
        return good("密钥", f"来自 HUANXIN_SECRET_KEY，指纹 {'、'.join(keys.ids)}")
    if kept.stat().st_mode & 0o077:
        return bad("密钥", f"{kept} 别人也能读：请运行 chmod 600 {kept}")
    return good("密钥", f"在 {kept}，指纹 {'、'.join(keys.ids)}")


async def wechat(settings: Settings) -> Finding:
    """Whether WeChat's API, or the sandbox, answers."""
    base = settings.wechat.api_base
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as http,
            http.get(base),
        ):
            return good("微信", f"{base} 有回应")
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        if settings.wechat.sandbox:
            return doubtful("微信", f"沙箱没有运行（{base}）：huanxin up 会启动它")
        why = str(problem) or "没有在规定时间内回应"
        return bad("微信", f"{base} 不通（{why}），居民无法登录：请检查 DNS、防火墙和代理")


async def database(url: str, settings: Settings) -> AsyncIterator[Finding]:
    """The server, its schema and what is in it."""
    connection = await asyncpg.connect(url, timeout=ANSWERS_WITHIN)
    try:
        yield _server(connection.get_server_version().major, connection.get_settings().server_encoding)
        for setting in ("fsync", "full_page_writes"):
            if await connection.fetchval("SELECT current_setting($1)", setting) != "on":
                yield doubtful("数据库", f"{setting} 是关闭的，断电会丢数据：请打开它")
        yield connections(int(await connection.fetchval("SHOW max_connections")), settings.workers)
        yield await _machine_clock(connection)
        if not await schema.is_current(connection):
            yield doubtful(
                "表结构", f"不是这个版本的（{schema.LATEST}）：请运行 huanxin migrate，up 会自动升级"
            )
            return
        yield good("表结构", schema.LATEST)
        yield await _role(connection)
        yield await _sealed(connection, settings)
        for finding in _shift(await connection.fetchval("SELECT shift FROM clock"), settings):
            yield finding
        if await connection.fetchval(HELD, LEADER_LOCK):
            yield good("定时任务", "有一个正在工作")
        else:
            yield doubtful("定时任务", "没有在工作：请运行 huanxin scheduler，up 会启动它")
    finally:
        connection.terminate()


def connections(most: int, workers: int) -> Finding:
    """Whether the server lets all our processes in: each has a pool and a connection for the clock."""
    wanted = (workers + 1) * (POOL + 1) + 5  # and the scheduler's lock, a migration, an operator
    if most < wanted:
        return doubtful("数据库连接", f"最多 {most} 个，这台机器可能用到 {wanted} 个：请调大 max_connections")
    return good("数据库连接", f"最多 {most} 个，这台机器可能用到 {wanted} 个")


def _server(major: int, encoding: str) -> Finding:
    if major < LEAST_SERVER:
        return bad("数据库", f"PostgreSQL {major} 太旧：需要 {LEAST_SERVER} 或更新")
    if encoding != "UTF8":
        return bad(
            "数据库", f"编码是 {encoding}：请用 createdb --encoding=UTF8 --template=template0 另建一个库"
        )
    return good("数据库", f"PostgreSQL {major}，可以连接")


async def _machine_clock(connection: asyncpg.Connection) -> Finding:
    asked = time.time()
    server = await connection.fetchval(SERVER_TIME)
    difference = abs(server - (asked + time.time()) / 2)
    words = f"数据库服务器与本机相差 {difference:.3f} 秒"
    if difference > LARGEST_DIFFERENCE:
        return doubtful("时钟", f"{words}：请让两台机器都与时间服务器同步")
    return good("时钟", words)


async def _role(connection: asyncpg.Connection) -> Finding:
    subject, advice = (
        "数据库角色",
        f"请由管理员建立角色 {roles.SERVICE} 并授予连接用户，再运行 huanxin migrate",
    )
    asked = "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = $1"
    if not await connection.fetchval(asked, roles.SERVICE):
        return doubtful(subject, f"没有 {roles.SERVICE}，账目和日志只由程序保护：{advice}")
    for table in roles.APPEND_ONLY:
        for right in ("UPDATE", "DELETE"):
            if await connection.fetchval(
                "SELECT has_table_privilege($1, $2, $3)", roles.SERVICE, table, right
            ):
                return bad(subject, f"{roles.SERVICE} 能改动 {table}：请运行 huanxin migrate 重新授权")
    return good(subject, f"{roles.SERVICE} 只能添加账目和日志，不能改动")


async def _sealed(connection: asyncpg.Connection, settings: Settings) -> Finding:
    """Whether the key opens what was sealed."""
    subject, keys = "密钥与数据", known_keys(settings)
    samples = [text for asked in SEALED for text in await connection.fetch(asked)]
    if not samples:
        return good(subject, "还没有加密的数据")
    if keys is None:
        return bad(subject, "数据里有加密的内容，却没有密钥：请找回另外保管的密钥")
    try:
        for sample in samples:
            keys.unseal(sample[0])
    except SealBroken as broken:
        return bad(subject, f"密钥（指纹 {'、'.join(keys.ids)}）打不开已有的数据，请换回原来的（{broken}）")
    return good(subject, "相符")


def _shift(shift: timedelta | None, settings: Settings) -> Iterator[Finding]:
    if not shift:
        return
    if settings.wechat.sandbox:
        yield good("系统时间", f"比真实时间{_in_words(shift)}（沙箱）")
    else:
        yield bad(
            "系统时间",
            f"比真实时间{_in_words(shift)}：用过沙箱时钟的数据不能用于真实的小程序，请换一个新的库",
        )


def _in_words(shift: timedelta) -> str:
    """慢 796 天 6 小时"""
    apart = abs(shift)
    direction = "慢" if shift < timedelta() else "快"
    if apart >= timedelta(hours=1):
        return f"{direction} {apart.days} 天 {apart.seconds // 3600} 小时"
    return f"{direction} {apart.total_seconds():.0f} 秒"
