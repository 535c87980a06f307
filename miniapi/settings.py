"""Every setting, read once from the environment and a `.env` file. Nothing else reads them."""

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal
from urllib.parse import urlsplit

SANDBOX_APPID = "wx0000000000000001"
SANDBOX_SECRET = "sandbox-secret"  # noqa: S105  the sandbox's, which guards nothing
SANDBOX_PUSH_TOKEN = "sandbox"  # noqa: S105
MOST_A_MINUTE = 1_000_000  # that any limit may allow

Environment = Mapping[str, str]


class SettingsError(Exception):
    """Settings that are missing or wrong; the message names all of them at once."""


@dataclass(frozen=True)
class WeChatSettings:
    """Whose mini-program this is. Without credentials of its own it speaks to the sandbox."""

    appid: str
    secret: str = field(repr=False)
    api_base: str
    push_token: str | None = field(repr=False)
    push_aes_key: str | None = field(repr=False)
    sandbox: bool
    api_backup: str | None = None  # asked where the first one is out of reach


@dataclass(frozen=True)
class LimitSettings:
    """How much anybody may ask of us; 0 switches a limit off. By address, unless the name says by whom."""

    requests_per_minute: int
    sign_ins_per_minute: int
    person_requests_per_minute: int
    most_in_flight: int  # requests in the hands of one worker
    proxies: int  # of ours in front of us: their X-Forwarded-For is believed


@dataclass(frozen=True)
class SendingSettings:
    """How messages leave for WeChat: calls at once and a second, and how many a day one person gets.

    0: no limit, but for calls at once.
    """

    at_once: int
    per_second: int
    person_per_day: int


@dataclass(frozen=True)
class Settings:
    """What the service is told from outside. Sizes are in the unit that the name says."""

    home: Path
    host: str
    port: int
    sandbox_port: int
    public_url: str
    workers: int
    database_url: str | None = field(repr=False)
    as_of: datetime | None
    secret_key: str | None = field(repr=False)
    demo_password: str | None = field(repr=False)
    wechat: WeChatSettings
    limits: LimitSettings
    sending: SendingSettings
    log_level: str
    log_format: Literal["json", "text"] | None
    slow_query_ms: int

    @property
    def cache(self) -> Path:
        """A folder for what can be made again; made here if it is missing."""
        folder = self.home / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def photos(self) -> Path:
        """Where residents' photos are kept, for everybody who serves this installation."""
        return self.home / "photos"

    @classmethod
    def from_environment(cls, environment: Environment | None = None) -> "Settings":
        """Read `HUANXIN_*`; the environment wins over `.env`.

        Raises SettingsError naming every setting that is wrong, all of them at once.
        """
        source = {**_dotenv(Path(".env")), **os.environ} if environment is None else environment
        reader = _Reader({name: value for name, value in source.items() if value != ""})
        settings = cls(
            home=Path(reader.text("HUANXIN_HOME", "./var")).expanduser().resolve(),
            host=reader.text("HUANXIN_HOST", "127.0.0.1"),
            port=reader.number("HUANXIN_PORT", 8000, 1, 65535),
            sandbox_port=reader.number("HUANXIN_SANDBOX_PORT", 8001, 1, 65535),
            public_url=_public_url(reader),
            workers=reader.number("HUANXIN_WORKERS", 2, 1, 64),
            database_url=reader.read("HUANXIN_DATABASE_URL", _database_url),
            as_of=reader.read("HUANXIN_AS_OF", instant),
            secret_key=reader.read("HUANXIN_SECRET_KEY", _secret_key),
            demo_password=reader.read("HUANXIN_DEMO_PASSWORD", _demo_password),
            wechat=_wechat(reader),
            limits=_limits(reader),
            sending=_sending(reader),
            log_level=reader.read("HUANXIN_LOG_LEVEL", _log_level) or "INFO",
            log_format=reader.read("HUANXIN_LOG_FORMAT", _log_format),
            slow_query_ms=reader.number("HUANXIN_SLOW_QUERY_MS", 200, 1, 60_000),
        )
        if settings.as_of and not settings.wechat.sandbox:
            reader.wrong.append("HUANXIN_AS_OF: 设置了真实的微信凭证时不能改变时钟，请去掉它")
        if reader.wrong:
            raise SettingsError("设置有误：" + "；".join(reader.wrong))
        return settings


NAMES = (
    "HUANXIN_HOME",
    "HUANXIN_HOST",
    "HUANXIN_PORT",
    "HUANXIN_SANDBOX_PORT",
    "HUANXIN_PUBLIC_URL",
    "HUANXIN_WORKERS",
    "HUANXIN_DATABASE_URL",
    "HUANXIN_AS_OF",
    "HUANXIN_SECRET_KEY",
    "HUANXIN_DEMO_PASSWORD",
    "HUANXIN_WECHAT_APPID",
    "HUANXIN_WECHAT_SECRET",
    "HUANXIN_WECHAT_API_BASE",
    "HUANXIN_WECHAT_API_BACKUP",
    "HUANXIN_WECHAT_PUSH_TOKEN",
    "HUANXIN_WECHAT_PUSH_AES_KEY",
    "HUANXIN_PROXIES",
    "HUANXIN_REQUESTS_PER_MINUTE",
    "HUANXIN_SIGN_INS_PER_MINUTE",
    "HUANXIN_PERSON_REQUESTS_PER_MINUTE",
    "HUANXIN_MOST_IN_FLIGHT",
    "HUANXIN_SENDS_AT_ONCE",
    "HUANXIN_SENDS_PER_SECOND",
    "HUANXIN_PERSON_SENDS_PER_DAY",
    "HUANXIN_LOG_LEVEL",
    "HUANXIN_LOG_FORMAT",
    "HUANXIN_SLOW_QUERY_MS",
)


def instant(written: str) -> datetime:
    """An ISO 8601 time with its offset, such as 2024-09-01T09:58:00+08:00. Raises ValueError."""
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError("写明时区，例如 2024-09-01T09:58:00+08:00")
    return at


def secrets_of(secret_key: str) -> tuple[str, ...]:
    """The secrets written in one line, separated by commas: the first one seals, all of them open."""
    return tuple(secret.strip() for secret in secret_key.split(","))


def new_secret() -> str:
    """A secret that nobody can guess."""
    return secrets.token_urlsafe(48)


def keep_secret_key(home: Path) -> str:
    """The key of this home, made at the first call and kept under it; several after a rotation."""
    return kept(home / "secret_key", new_secret)


def kept(file: Path, make: Callable[[], str]) -> str:
    """The secret that a file keeps: made at the first call, readable by its owner alone."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=file.parent, prefix=f"{file.name}.", encoding="ascii"
        ) as fresh:  # 0600
            fresh.write(make())
            fresh.flush()
            with contextlib.suppress(FileExistsError):
                os.link(fresh.name, file)  # the first of two starts wins, and its secret is whole
    return file.read_text(encoding="ascii").strip()


class _Reader:
    """Reads one setting after another and remembers what was wrong with each."""

    def __init__(self, source: Environment) -> None:
        self.source = source
        self.wrong = [
            f"{name}: 没有这个设置" for name in source if name.startswith("HUANXIN_") and name not in NAMES
        ]

    def text(self, name: str, default: str) -> str:
        return self.source.get(name, default)

    def read(self, name: str, understand: Callable[[str], Any]) -> Any:
        if (written := self.source.get(name)) is None:
            return None
        try:
            return understand(written)
        except ValueError as problem:
            self.wrong.append(f"{name}: {problem}")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        def understand(written: str) -> int:
            if not written.isdecimal() or not least <= int(written) <= most:
                raise ValueError(f"应为 {least} 到 {most} 之间的整数")
            return int(written)

        found: int | None = self.read(name, understand)
        return default if found is None else found


def _public_url(reader: _Reader) -> str:
    """Where people reach us; this machine, unless it is said."""
    here = f"http://127.0.0.1:{reader.source.get('HUANXIN_PORT', '8000')}"
    return str(reader.read("HUANXIN_PUBLIC_URL", _http_url) or here).rstrip("/")


def _wechat(reader: _Reader) -> WeChatSettings:
    appid, secret = reader.read("HUANXIN_WECHAT_APPID", str), reader.read("HUANXIN_WECHAT_SECRET", str)
    if bool(appid) != bool(secret):
        reader.wrong.append("HUANXIN_WECHAT_APPID 与 HUANXIN_WECHAT_SECRET: 必须一起设置")
    sandbox = appid is None
    sandbox_port = reader.source.get("HUANXIN_SANDBOX_PORT", "8001")
    default_base = f"http://127.0.0.1:{sandbox_port}" if sandbox else "https://api.weixin.qq.com"
    return WeChatSettings(
        appid=appid or SANDBOX_APPID,
        secret=secret or SANDBOX_SECRET,
        api_base=(reader.read("HUANXIN_WECHAT_API_BASE", _http_url) or default_base).rstrip("/"),
        push_token=reader.read("HUANXIN_WECHAT_PUSH_TOKEN", _push_token)
        or (SANDBOX_PUSH_TOKEN if sandbox else None),
        push_aes_key=reader.read("HUANXIN_WECHAT_PUSH_AES_KEY", _aes_key),
        sandbox=sandbox,
        api_backup=_backup(reader, sandbox),
    )


def _backup(reader: _Reader, sandbox: bool) -> str | None:
    """WeChat's own second host stands behind its first one; behind another address only what is set."""
    written: str | None = reader.read("HUANXIN_WECHAT_API_BACKUP", _http_url)
    if written is None and not sandbox and "HUANXIN_WECHAT_API_BASE" not in reader.source:
        return "https://api2.weixin.qq.com"
    return written.rstrip("/") if written else None


def _limits(reader: _Reader) -> LimitSettings:
    return LimitSettings(
        requests_per_minute=reader.number("HUANXIN_REQUESTS_PER_MINUTE", 1200, 0, MOST_A_MINUTE),
        sign_ins_per_minute=reader.number("HUANXIN_SIGN_INS_PER_MINUTE", 300, 0, MOST_A_MINUTE),
        person_requests_per_minute=reader.number("HUANXIN_PERSON_REQUESTS_PER_MINUTE", 240, 0, MOST_A_MINUTE),
        most_in_flight=reader.number("HUANXIN_MOST_IN_FLIGHT", 1000, 1, 1_000_000),
        proxies=reader.number("HUANXIN_PROXIES", 0, 0, 10),
    )


def _sending(reader: _Reader) -> SendingSettings:
    return SendingSettings(
        at_once=reader.number("HUANXIN_SENDS_AT_ONCE", 64, 1, 1000),
        per_second=reader.number("HUANXIN_SENDS_PER_SECOND", 500, 0, 100_000),
        person_per_day=reader.number("HUANXIN_PERSON_SENDS_PER_DAY", 20, 0, 10_000),
    )


def _dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` begins a comment line; quotes around a value are taken off."""
    if not path.is_file():
        return {}
    pairs = (
        line.partition("=")
        for line in map(str.strip, path.read_text(encoding="utf-8").splitlines())
        if line and not line.startswith("#")
    )
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}


def _database_url(written: str) -> str:
    scheme, separator, rest = written.partition("://")
    if scheme not in {"postgres", "postgresql", "asyncpg"} or not separator:
        raise ValueError("应以 postgresql:// 开头")
    url = f"postgresql://{rest}"
    try:
        _ = urlsplit(url).port
    except ValueError:  # it may quote the password
        raise ValueError("主机或端口写得不对；密码里的特殊字符要写成 %XX") from None
    return url


def _http_url(written: str) -> str:
    if urlsplit(written).scheme not in {"http", "https"} or not urlsplit(written).hostname:
        raise ValueError("应为 http:// 或 https:// 地址")
    return written


def _secret_key(written: str) -> str:
    if any(len(secret) < 32 for secret in secrets_of(written)):
        raise ValueError("至少 32 个字符；有几个密钥时用逗号隔开，每个都至少 32 个字符")
    return written


def _demo_password(written: str) -> str:
    if len(written) < 8:
        raise ValueError("至少 8 个字符")
    return written


def _push_token(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", written):
        raise ValueError("应为 3 到 32 位字母或数字")
    return written


def _aes_key(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{43}", written):
        raise ValueError("应为 43 位字母或数字")
    return written


def _log_level(written: str) -> str:
    if written not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("应为 DEBUG、INFO、WARNING 或 ERROR")
    return written


def _log_format(written: str) -> str:
    if written not in {"json", "text"}:
        raise ValueError("应为 json 或 text")
    return written
