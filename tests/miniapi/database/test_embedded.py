import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import asyncpg
import pytest

from miniapi.database import embedded
from miniapi.database.embedded import DatabaseUnusable, Server

STARTER = """
import sys, time
from pathlib import Path
from miniapi.database import embedded
with embedded.running(Path(sys.argv[1]), fsync=False):
    print("running", flush=True)
    sys.stdin.read()
"""
STOPPABLE = """
from miniapi.database import embedded
from miniapi.stopping import stop_on_signals
stop_on_signals()
print("begins", flush=True)
"""
WATCHER = """
import sys
from pathlib import Path
from miniapi.database import embedded
from miniapi.stopping import stop_on_signals
stop_on_signals()
embedded.watch(embedded.Server(Path(sys.argv[1]).resolve()), fsync=False)
"""
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home whose server ran once and was stopped: a copy is quicker than another initdb."""
    home = tmp_path_factory.mktemp("made") / "家 home '1'"
    with embedded.running(home, fsync=False):
        pass
    return home


@pytest.fixture
def home(made, tmp_path):
    """A home of this test alone, which has run before."""
    copy = tmp_path / "另一个 home"
    subprocess.run(["cp", "-a", made, copy], check=True)
    return copy


@contextmanager
def a_strangers_process(server):
    """Something of the server's own user that has nothing to do with it."""
    uid = server.data.stat().st_uid
    process = subprocess.Popen([shutil.which("sleep"), "60"], user=uid if os.geteuid() == 0 else None)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def asked(server, question="SELECT 1"):
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def is_running(pid):
    """Whether a process is there, and is more than a name nobody has taken off the list."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as command:
            return bool(command.read())
    except FileNotFoundError:
        return False


def wait_until_locked(home):
    """Somebody is at its server."""
    deadline = time.monotonic() + 15
    with (home / "postgres.lock").open("a") as lock:
        while embedded._got(lock):
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert time.monotonic() < deadline
            time.sleep(0.02)


def postmaster(server):
    """The process that serves this home now."""
    return int(server.pid_file.read_text().splitlines()[0])


async def test_runs_where_the_path_has_spaces_quotes_and_chinese(home):
    with embedded.running(home, fsync=False) as server:
        assert await asked(server) == 1
        assert await asked(server, "SHOW server_encoding") == "UTF8"
        assert await asked(server, "SELECT upper('é') || length('焕新')") == "É2"
        pid = postmaster(server)

    assert not is_running(pid)
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await asked(server)


async def test_runs_where_the_path_is_longer_than_a_socket_may_be(home, tmp_path):
    deep = tmp_path / ("d" * 100)
    home.rename(deep)

    with embedded.running(deep, fsync=False) as server:
        assert await asked(server) == 1


async def test_keeps_what_was_written(home):
    with embedded.running(home, fsync=False) as server:
        await asked(server, "CREATE TABLE kept AS SELECT 7 AS n")

    with embedded.running(home, fsync=False) as server:
        assert await asked(server, "SELECT n FROM kept") == 7


async def test_a_second_process_only_connects(home):
    with embedded.running(home, fsync=False) as server:
        pid = postmaster(server)
        second = subprocess.run([sys.executable, "-c", STARTER, home], input=b"", capture_output=True)

        assert (second.stdout, second.returncode) == (b"running\n", 0), second.stderr
        assert postmaster(server) == pid
        assert await asked(server) == 1


async def test_the_last_one_to_leave_stops_it(home):
    first = subprocess.Popen([sys.executable, "-c", STARTER, home], stdin=-1, stdout=subprocess.PIPE)
    assert first.stdout.readline() == b"running\n"
    with embedded.running(home, fsync=False) as server:
        pid = postmaster(server)
        first.communicate(b"")  # who started it leaves

        assert first.returncode == 0
        assert postmaster(server) == pid
        assert await asked(server) == 1
    assert not is_running(pid)


async def test_a_killed_server_is_started_again_while_somebody_uses_it(home):
    with embedded.running(home, fsync=False) as server:
        watching = subprocess.Popen([sys.executable, "-c", WATCHER, home])
        pid = postmaster(server)
        os.kill(pid, signal.SIGKILL)

        for _ in range(100):
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                assert await asked(server) == 1
                break
            await asyncio.sleep(0.1)
        assert postmaster(server) != pid
        watching.terminate()
        assert watching.wait(5) == 0


def test_a_disk_without_room_leaves_nothing_half_made(tmp_path):
    limited = [sys.executable, "-c", LIMITED, sys.executable, "-c", STARTER, tmp_path / "home"]

    done = subprocess.run(limited, input=b"", capture_output=True)

    assert "磁盘已满" in done.stderr.decode()
    assert not list((tmp_path / "home").glob("postgres.new"))
    assert not Server(tmp_path / "home").data.exists()


async def test_a_server_that_outlived_its_owner_is_taken_over(home):
    owner = subprocess.Popen([sys.executable, "-c", STARTER, home], stdin=-1, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"running\n"
    owner.kill()
    owner.communicate()
    pid = postmaster(Server(home))

    with embedded.running(home, fsync=False) as server:
        assert postmaster(server) == pid
        assert await asked(server) == 1
    assert not is_running(pid)


async def test_a_stale_pid_of_somebody_else_hurts_nobody(home):
    server = Server(home)
    with a_strangers_process(server) as stranger:
        stale = f"{stranger.pid}\n{server.data}\n1700000000\n5432\n{server.sockets}\n\n\nready\n"
        server.pid_file.write_text(stale)
        shutil.chown(server.pid_file, server.data.stat().st_uid)

        with embedded.running(home, fsync=False):
            assert await asked(server) == 1

        assert stranger.poll() is None


async def test_an_interrupted_beginning_is_begun_anew(tmp_path):
    leftover = tmp_path / "postgres.new" / "base"
    leftover.mkdir(parents=True)
    (leftover.parent / "PG_VERSION").write_text("18\n")

    with embedded.running(tmp_path, fsync=False) as server:
        assert await asked(server) == 1

    assert not (tmp_path / "postgres.new").exists()


def test_a_damaged_home_says_where_to_look(home):
    (Server(home).data / "global" / "pg_control").unlink()

    with pytest.raises(DatabaseUnusable, match=r"server\.log"), embedded.running(home, fsync=False):
        pass


def test_a_program_that_fails_is_said_in_one_line(home):
    with embedded.running(home, fsync=False) as server, pytest.raises(DatabaseUnusable) as failed:
        embedded.run(server, "createdb", "-h", str(server.sockets), "-U", "postgres", embedded.DATABASE)

    assert "createdb" in str(failed.value)
    assert "\n" not in str(failed.value)


@contextmanager
def frozen(home):
    """A server that nobody uses any more, and that is there and does not answer."""
    owner = subprocess.Popen([sys.executable, "-c", STARTER, home], stdin=-1, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"running\n"
    owner.kill()
    owner.communicate()
    pid = postmaster(Server(home))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_a_server_that_does_not_answer_is_said_and_ended(home):
    with frozen(home) as pid, pytest.raises(DatabaseUnusable, match="没有回应"), embedded.running(home):
        pass

    assert not is_running(pid)
    with embedded.running(home, fsync=False) as server:
        assert await asked(server) == 1


def test_a_stop_gets_through_while_a_server_does_not_answer(home):
    with frozen(home) as pid:
        asking = subprocess.Popen([sys.executable, "-c", STOPPABLE + STARTER, home], stdout=subprocess.PIPE)
        assert asking.stdout.readline() == b"begins\n"
        wait_until_locked(home)  # it asks the server now
        asking.send_signal(signal.SIGINT)

        assert asking.communicate(timeout=15) == (b"", None)
        assert asking.returncode == 0
        assert not is_running(pid)


def test_a_stop_gets_through_while_another_starts_the_server(home):
    server = Server(home)
    with embedded._locked(server):
        waiting = subprocess.Popen([sys.executable, "-c", STOPPABLE + STARTER, home], stdout=subprocess.PIPE)
        assert waiting.stdout.readline() == b"begins\n"
        waiting.send_signal(signal.SIGTERM)

        assert waiting.communicate(timeout=15) == (b"", None)
    assert waiting.returncode == 0


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.4, 0.8])
def test_a_stop_during_the_first_start_leaves_nothing_half_made(tmp_path, after):
    begun = [sys.executable, "-c", STOPPABLE + STARTER, tmp_path]
    process = subprocess.Popen(begun, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"begins\n"
    time.sleep(after)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)

    assert process.returncode == 0
    assert not (tmp_path / "postgres.new").exists()
    assert not Server(tmp_path).pid_file.exists()
    with embedded.running(tmp_path, fsync=False):
        pass


def test_a_program_that_does_not_end_is_ended(home):
    with embedded.running(home, fsync=False) as server, pytest.raises(DatabaseUnusable, match="没有结束"):
        embedded.run(server, "psql", *embedded._to(server), "-c", "SELECT pg_sleep(60)", within=0.5)
