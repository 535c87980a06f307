"""The command `huanxin`."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import faq.packs
from faq.packs import PackError
from miniapi import SERVING, STOPPED, clock, logs, outages, sandbox, starting
from miniapi.chat.models import Miss
from miniapi.database import embedded, schema
from miniapi.database.connection import WORKING, connected
from miniapi.database.embedded import DatabaseUnusable
from miniapi.errors import Refusal
from miniapi.listening import CannotListen
from miniapi.operation import archive, key_commands, on_record, secrets
from miniapi.operation.archive import BackupError
from miniapi.operation.backup import back_up
from miniapi.operation.findings import Verdict
from miniapi.operation.restore import check_manifest
from miniapi.operation.restore import restore as fill
from miniapi.processes import KeepsEnding
from miniapi.reports import audit as money_audit
from miniapi.reports import export
from miniapi.reports.export import ExportError, Manifest
from miniapi.settings import Settings, SettingsError, instant
from miniapi.staff import commands as staff_commands
from miniapi.stopping import Stopped, run, stop_no_more, stop_on_signals


class Failed(Exception):
    """The command could not do its work; the message is the one line that says why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command: exit status 0, 1 for a failure with one line on standard error, 2 for wrong usage.

    A command that was stopped before it was done has failed, unless it works until it is stopped.
    """
    options = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        _run(options)
    except Stopped:
        if options.command in SERVING:
            raise
        sys.exit(f"huanxin: {STOPPED}")
    finally:
        stop_no_more()


def _run(options: argparse.Namespace) -> None:
    try:
        options.run(options)
    except (
        Failed,
        SettingsError,
        DatabaseUnusable,
        PackError,
        BackupError,
        ExportError,
        starting.CannotStart,
        CannotListen,
        KeepsEnding,
    ) as problem:
        sys.exit(f"huanxin: {problem}")
    except outages.AWAY as problem:
        if isinstance(problem, OSError) and problem.filename is not None:
            sys.exit(f"huanxin: 无法使用 {problem.filename}：{problem.strerror}")
        sys.exit(f"huanxin: 无法使用数据库或网络：{outages.reason(problem)}")


def up(options: argparse.Namespace) -> None:
    """Everything for one machine."""
    settings = Settings.from_environment()
    as_of = options.as_of or settings.as_of
    if as_of and not settings.wechat.sandbox:
        raise SettingsError("--as-of: 设置了真实的微信凭证时不能改变时钟")
    logs.begin(settings.log_level, settings.log_format, "up")
    with starting.alone(settings.home), _database(settings) as url:
        starting.up(settings, url, as_of)


def serve(options: argparse.Namespace) -> None:
    """The API."""
    settings = Settings.from_environment()
    if settings.secret_key is None:
        raise SettingsError("HUANXIN_SECRET_KEY: 必须设置（至少 32 个字符）")
    logs.begin(settings.log_level, settings.log_format, "serve")
    with _database(settings) as url:
        starting.serve(settings, url, options.workers or settings.workers)


def scheduler(options: argparse.Namespace) -> None:
    """What happens by itself."""
    settings = Settings.from_environment()
    logs.begin(settings.log_level, settings.log_format, "scheduler")
    with _database(settings) as url:
        starting.schedule(settings, url)


def wechat_sandbox(options: argparse.Namespace) -> None:
    """A stand-in for WeChat."""
    settings = Settings.from_environment()
    logs.begin(settings.log_level, settings.log_format, "wechat-sandbox")
    with _database(settings) as url:
        starting.play_wechat(settings, url)


def migrate(options: argparse.Namespace) -> None:
    """Bring the database to this version's schema."""
    with _database(Settings.from_environment()) as url:
        run(schema.migrate(url))
    print(f"数据库已是最新：{schema.LATEST}")


def ask(options: argparse.Namespace) -> None:
    """One question, one answer, with its sources."""
    from bot.dialogue import Dialogue  # all of these take their time
    from bot.memory import Memory
    from bot.ports import Caller
    from faq.matcher import Matcher
    from miniapi.chat.city import ServiceCity

    settings = Settings.from_environment()
    library = faq.packs.load()
    if options.region is not None and options.region not in library.packs:
        raise Failed(f"没有“{options.region}”这个地区，有：{'、'.join(library.packs)}")
    if not 1 <= len(options.question) <= 500:
        raise Failed("请输入 1 到 500 个字的问题。")
    starting.require_home(settings.home)

    async def answer(url: str) -> None:
        await starting.require_schema(url)
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
        run(answer(url))


def policy_check(options: argparse.Namespace) -> None:
    """Whether the policy packs are sound."""
    import faq.check  # takes its time

    if problems := faq.check.check():
        raise Failed("政策资料有 {} 处问题：\n{}".format(len(problems), "\n".join(problems)))
    print("政策资料没有问题。")


def policy_missed(options: argparse.Namespace) -> None:
    """What people asked in vain, without what names anybody; the most frequent first."""
    from miniapi.chat import missed  # takes its time

    settings, library = Settings.from_environment(), faq.packs.load()
    starting.require_home(settings.home)

    async def look(url: str) -> list[missed.Missed]:
        await starting.require_schema(url)
        async with connected(url):
            return await missed.listed(options.most)

    with _database(settings) as url:
        found = run(look(url))
    for one in found:
        pack = library.packs.get(one.region or "")
        where, when = pack.short if pack else "地区不明", one.last_at.astimezone(clock.SHANGHAI)
        print(f"{one.times} 次  {MISSED[one.why]}  {where}  {when:%Y-%m-%d}  {one.words}")
    if not found:
        print("没有漏答的问题。")


def audit(options: argparse.Namespace) -> None:
    """Whether every money rule holds, and the audit log is one unbroken chain; the books as files."""
    folder: Path | None = options.export.expanduser().absolute() if options.export else None
    if folder is not None:
        export.check_folder(folder)

    async def look(url: str) -> tuple[Sequence[str], Manifest | ExportError | None]:
        async with money_audit.snapshot(url) as connection:
            found = await money_audit.differences_in(connection, faq.packs.load())
            if folder is None:
                return found, None
            try:
                return found, await export.export(connection, folder, differences=len(found))
            except ExportError as problem:
                return found, problem

    try:
        with _database(Settings.from_environment()) as url:
            found, exported = run(look(url))
    except (DatabaseUnusable, starting.CannotStart, *outages.AWAY) as problem:
        sys.exit(f"audit: cannot read: {outages.reason(problem)}")
    except Stopped:
        sys.exit(f"audit: cannot read: {STOPPED}")
    match exported:
        case Manifest():
            print(
                f"已导出到 {folder}：审计日志到第 {exported.audit_seq} 条，哈希 {exported.audit_hash or '无'}"
            )
        case ExportError() if found:
            print(f"huanxin: {exported}", file=sys.stderr)
        case ExportError():
            raise exported
    if found:
        sys.exit("\n".join([*found, f"audit: {len(found)} differences"]))
    print("audit: 0 differences")


def backup(options: argparse.Namespace) -> None:
    """One file that holds the whole installation but its key."""
    settings, target = Settings.from_environment(), options.file.expanduser().absolute()
    keys = secrets.known_keys(settings)
    ids = keys.ids if keys else ()

    async def save(url: str, progress: Callable[[str], None]) -> archive.Manifest:
        async with connected(url, bounds=WORKING):
            return await back_up(
                url,
                target,
                keys=ids,
                photos=settings.photos,
                journal=settings.home / sandbox.JOURNAL,
                replace=options.force,
                progress=progress,
            )

    try:
        with _database(settings) as url, _progress() as progress:
            made = run(save(url, progress))
    except Stopped:
        raise Failed("备份被中止，没有写出文件") from None
    print(f"已备份到 {target}：系统时间 {made.business_time}，{sum(made.rows.values())} 行")
    print(f"恢复时需要指纹为 {'、'.join(ids)} 的密钥，它不在备份里，请另外保管" if ids else NO_KEY)


def restore(options: argparse.Namespace) -> None:
    """A backup, into an installation that has nothing yet."""
    settings = Settings.from_environment()
    journal, keys = settings.home / sandbox.JOURNAL, secrets.known_keys(settings)

    async def check(url: str, manifest: archive.Manifest) -> Sequence[str]:
        await schema.migrate(url)
        found = await money_audit.differences(url, faq.packs.load())
        async with connected(url, bounds=WORKING):
            at = await clock.would_start_at(url, None)
            await on_record.restore_done(manifest, len(found), at=at)
        return found

    try:
        with archive.opened(options.file.expanduser()) as (source, manifest):
            check_manifest(manifest, keys.ids if keys else ())
            with _database(settings) as url:
                with _progress() as progress:
                    run(
                        fill(
                            url,
                            source,
                            manifest,
                            photos=settings.photos,
                            journal=journal,
                            progress=progress,
                        )
                    )
                found = run(check(url, manifest))
    except Stopped:
        raise Failed(
            "恢复被中止：请再运行一次；如果提示已有数据，就是已恢复，请运行 huanxin migrate 和 huanxin audit"
        ) from None
    if found:
        sys.exit("\n".join([*found, f"audit: {len(found)} differences"]))
    print(f"已恢复 {sum(manifest.rows.values())} 行，备份时的系统时间是 {manifest.business_time}")
    print("audit: 0 differences")


def doctor(options: argparse.Namespace) -> None:
    """What is wrong with this machine or this installation, and what to do."""
    from miniapi.operation.doctor import examine  # takes its time

    try:
        settings: Settings | SettingsError = Settings.from_environment()
    except SettingsError as problem:
        settings = problem

    async def look() -> int:
        found = 0
        async for finding in examine(settings):
            print(finding, flush=True)
            found += finding.verdict == Verdict.BAD
        return found

    if found := run(look()):
        raise Failed(f"有 {found} 处必须解决（✗）")
    print("可以运行。")


def staff(options: argparse.Namespace) -> None:
    """Accounts of the staff."""
    settings = Settings.from_environment()
    if (keys := secrets.known_keys(settings)) is None:
        raise Failed("没有找到密钥：请设置 HUANXIN_SECRET_KEY，或先运行一次 huanxin up")

    async def act(url: str) -> str:
        await starting.require_schema(url)
        async with connected(url, keys=keys.ids):
            await clock.follow(url)
            try:
                said: str = await options.act(options, keys, clock.now())
            finally:
                await clock.stop()
        return said

    try:
        with _database(settings) as url:
            print(run(act(url)))
    except Refusal as refusal:
        raise Failed(str(refusal)) from None


def keys(options: argparse.Namespace) -> None:
    """The keys that personal data is sealed with."""
    settings = Settings.from_environment()
    if (known := secrets.known_keys(settings)) is None:
        raise Failed("没有找到密钥：请设置 HUANXIN_SECRET_KEY，或先运行一次 huanxin up")

    async def act(url: str, progress: Callable[[str], None]) -> str:
        await starting.require_schema(url)
        async with connected(url):
            await clock.follow(url)
            try:
                asked = key_commands.Asked(options, settings, known, url, clock.now(), progress)
                said: str = await options.act(asked)
            finally:
                await clock.stop()
        return said

    try:
        with _database(settings) as url, _progress() as progress:
            said = run(act(url, progress))
    except key_commands.KeysRefused as refused:
        raise Failed(str(refused)) from None
    print(said)


def show_version(options: argparse.Namespace) -> None:
    """Which version this is."""
    print(f"huanxin {version('huanxin')}")


NO_KEY = "注意：没有找到密钥（HUANXIN_SECRET_KEY），恢复时将无法核对它"
STATUS = {"in_force": "现行", "expired": "已结束", "draft": "草案", "consultation": "征求意见稿"}
MISSED = {Miss.DECLINED: "没有答案", Miss.UNSURE: "没有把握", Miss.DISLIKED: "没有帮助"}


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database that was set, or the home's own, running or not."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    starting.require_home(settings.home)
    with embedded.running(settings.home) as server:
        yield server.url()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Where somebody watches: one line on the terminal that is written over and over."""
    watched = sys.stderr.isatty()

    def tell(line: str) -> None:
        if watched:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        tell("")


def _count(written: str) -> int:
    """A number of processes, from 1 to 64."""
    if not written.isdecimal() or not 1 <= int(written) <= 64:
        raise argparse.ArgumentTypeError("应为 1 到 64 之间的整数")
    return int(written)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="huanxin", description="焕新：家电家居以旧换新小程序的后端")
    commands = parser.add_subparsers(required=True, metavar="命令", dest="command")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(run=run)
        return added

    command("up", up, "在一台机器上启动全部：数据库、示例城市、微信沙箱、接口、定时任务").add_argument(
        "--as-of", type=instant, metavar="时间", help="系统时钟从这一刻开始，例如 2024-09-01T09:58:00+08:00"
    )
    command("serve", serve, "启动接口").add_argument("--workers", type=_count, metavar="N", help="进程数")
    command("scheduler", scheduler, "启动定时任务")
    command("wechat-sandbox", wechat_sandbox, "启动微信沙箱")
    command("migrate", migrate, "把数据库升级到这个版本")
    question = command("ask", ask, "问一个问题")
    question.add_argument("question", metavar="问题")
    question.add_argument("--region", metavar="地区", help="例如 yangling")
    policy = commands.add_parser("policy", help="政策资料").add_subparsers(required=True, metavar="命令")
    policy.add_parser("check", help="检查政策资料").set_defaults(run=policy_check)
    missing = policy.add_parser("missed", help="列出没答上、没把握和被评为没有帮助的问题，只有常用词")
    missing.add_argument("--most", type=_count, default=50, metavar="N", help="最多列几条")
    missing.set_defaults(run=policy_missed)
    command("audit", audit, "核对每一分钱和审计日志").add_argument(
        "--export", type=Path, metavar="DIR", help="把账簿、券、核销和退货写成 CSV，放进一个空文件夹"
    )
    staff_commands.describe(command("staff", staff, "工作人员的账号"))
    key_commands.describe(command("keys", keys, "加密个人信息的密钥"))
    saving = command("backup", backup, "备份到一个文件，运行中也可以")
    saving.add_argument("file", metavar="FILE", type=Path)
    saving.add_argument("--force", action="store_true", help="覆盖已有的文件")
    command("restore", restore, "把备份恢复到一个空的安装").add_argument("file", metavar="FILE", type=Path)
    command("doctor", doctor, "检查这台机器和这个安装")
    command("version", show_version, "显示版本")
    return parser


if __name__ == "__main__":
    main()
