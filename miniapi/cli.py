"""The command `huanxin`."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import asyncpg

import faq.check
import faq.packs
from bot.dialogue import Dialogue
from bot.memory import Memory
from bot.ports import Caller
from faq.matcher import Matcher
from faq.packs import PackError
from miniapi import clock, sandbox, starting
from miniapi.chat.city import ServiceCity
from miniapi.database import embedded, schema
from miniapi.database.connection import connected
from miniapi.database.embedded import DatabaseUnusable
from miniapi.processes import Stopped, end_with_parent, stop_on_signals
from miniapi.reports import audit as money_audit
from miniapi.settings import Settings, SettingsError, instant


class Failed(Exception):
    """The command could not do its work; the message is the one line that says why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command: exit status 0, 1 for a failure with one line on standard error, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        options.run(options)
    except Stopped:
        sys.exit(0)
    except (Failed, SettingsError, DatabaseUnusable, PackError, starting.CannotStart) as problem:
        sys.exit(f"huanxin: {problem}")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        sys.exit(f"huanxin: 无法使用数据库或网络：{problem}")


def up(options: argparse.Namespace) -> None:
    """Everything for one machine."""
    settings = Settings.from_environment()
    as_of = options.as_of or settings.as_of
    if as_of and not settings.wechat.sandbox:
        raise SettingsError("--as-of: 设置了真实的微信凭证时不能改变时钟")
    with _database(settings) as url:
        starting.up(settings, url, as_of)


def serve(options: argparse.Namespace) -> None:
    """The API."""
    settings = Settings.from_environment()
    if settings.secret_key is None:
        raise SettingsError("HUANXIN_SECRET_KEY: 必须设置（至少 32 个字符）")
    with _database(settings) as url:
        asyncio.run(_require_schema(url))
        starting.serve(settings, url, options.workers or settings.workers)


def scheduler(options: argparse.Namespace) -> None:
    """What happens by itself."""
    settings = Settings.from_environment()
    with _database(settings) as url:
        asyncio.run(_require_schema(url))
        starting.schedule(settings, url)


def wechat_sandbox(options: argparse.Namespace) -> None:
    """A stand-in for WeChat."""
    settings = Settings.from_environment()
    if options.with_parent:
        end_with_parent()
    starting.listen("127.0.0.1", settings.sandbox_port, "HUANXIN_SANDBOX_PORT").close()
    with _database(settings) as url:
        app = sandbox.create_app(settings, url)
        app.run(
            host="127.0.0.1", port=settings.sandbox_port, single_process=True, access_log=False, motd=False
        )


def migrate(options: argparse.Namespace) -> None:
    """Bring the database to this version's schema."""
    with _database(Settings.from_environment()) as url:
        asyncio.run(schema.migrate(url))
    print(f"数据库已是最新：{schema.LATEST}")


def ask(options: argparse.Namespace) -> None:
    """One question, one answer, with its sources."""
    settings = Settings.from_environment()
    library = faq.packs.load()
    if options.region is not None and options.region not in library.packs:
        raise Failed(f"没有“{options.region}”这个地区，有：{'、'.join(library.packs)}")
    if not 1 <= len(options.question) <= 500:
        raise Failed("请输入 1 到 500 个字的问题。")

    async def answer(url: str) -> None:
        await _require_schema(url)
        async with connected(url):
            await clock.follow(url)
            try:
                city = ServiceCity(library, None, None)
                dialogue = Dialogue(library, Matcher(library, settings.cache))
                caller = Caller(id=None, region=options.region)
                reply = await dialogue.answer(options.question, Memory(), caller, city)
            finally:
                await clock.stop()
        print(reply.text)
        for source in reply.citations:
            print(f"  依据：《{source.document}》{source.clause} {source.heading}（{STATUS[source.status]}）")

    with _database(settings) as url:
        asyncio.run(answer(url))


def policy_check(options: argparse.Namespace) -> None:
    """Whether the policy packs are sound."""
    if problems := faq.check.check():
        raise Failed("政策资料有 {} 处问题：\n{}".format(len(problems), "\n".join(problems)))
    print("政策资料没有问题。")


def audit(options: argparse.Namespace) -> None:
    """Whether every money rule holds."""
    try:
        with _database(Settings.from_environment()) as url:
            found = asyncio.run(money_audit.differences(url, faq.packs.load()))
    except (DatabaseUnusable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        sys.exit(f"audit: cannot read: {problem}")
    if found:
        sys.exit("\n".join([*found, f"audit: {len(found)} differences"]))
    print("audit: 0 differences")


def show_version(options: argparse.Namespace) -> None:
    """Which version this is."""
    print(f"huanxin {version('huanxin')}")


STATUS = {"in_force": "现行", "expired": "已结束", "draft": "草案", "consultation": "征求意见稿"}


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database that was set, or the home's own, running or not."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with embedded.running(settings.home) as server:
        yield server.url()


async def _require_schema(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await schema.is_current(connection):
            raise Failed("数据库的表结构不是这个版本的，请先运行 huanxin migrate")
    finally:
        await connection.close()


def _count(written: str) -> int:
    """A number of processes, from 1 to 64."""
    if not written.isdecimal() or not 1 <= int(written) <= 64:
        raise argparse.ArgumentTypeError("应为 1 到 64 之间的整数")
    return int(written)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="huanxin", description="焕新：家电家居以旧换新小程序的后端")
    commands = parser.add_subparsers(required=True, metavar="命令")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(run=run)
        return added

    command("up", up, "在一台机器上启动全部：数据库、示例城市、微信沙箱、接口、定时任务").add_argument(
        "--as-of", type=instant, metavar="时间", help="系统时钟从这一刻开始，例如 2024-09-01T09:58:00+08:00"
    )
    command("serve", serve, "启动接口").add_argument("--workers", type=_count, metavar="N", help="进程数")
    command("scheduler", scheduler, "启动定时任务")
    box = command("wechat-sandbox", wechat_sandbox, "启动微信沙箱")
    box.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    command("migrate", migrate, "把数据库升级到这个版本")
    question = command("ask", ask, "问一个问题")
    question.add_argument("question", metavar="问题")
    question.add_argument("--region", metavar="地区", help="例如 yangling")
    policy = commands.add_parser("policy", help="政策资料").add_subparsers(required=True, metavar="命令")
    policy.add_parser("check", help="检查政策资料").set_defaults(run=policy_check)
    command("audit", audit, "核对每一分钱")
    command("version", show_version, "显示版本")
    return parser


if __name__ == "__main__":
    main()
