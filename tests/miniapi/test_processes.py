"""The keeper of processes, as a process of its own: it is asked by signals, as in life."""

import asyncio
import os
import re
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

KEEPER = """
import logging, os, signal, sys, time
from pathlib import Path
from miniapi import processes
from miniapi.stopping import Stopped, end_with_parent, stop_on_signals
{first}
logging.basicConfig()
processes.END_WITHIN = 0.5
def live(name):
    def work():
        {then}
        end_with_parent()
        (Path.cwd() / f"{{name}}.{{os.getpid()}}").write_text("begun")
        time.sleep(60)
    return work
stop_on_signals()
try:
    processes.supervise([processes.Part(name, live(name)) for name in ("part-1", "part-2")])
except processes.KeepsEnding as problem:
    sys.exit(str(problem))
"""
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
NO_FORK = """
fork, refused = os.fork, []
def reluctant():
    if len(refused) < 2:
        refused.append(1)
        raise BlockingIOError(11, "no process is to be had")
    return fork()
os.fork = reluctant
"""


@asynccontextmanager
async def keeping(folder, *, first="", then="pass", begin=2):
    """Two parts under a keeper, running."""
    root = str(Path(__file__).parents[2])
    keeper = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KEEPER.format(first=first, then=then),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await until(lambda: len(begun(folder)) == begin)
        yield keeper
    finally:
        if keeper.returncode is None:
            keeper.kill()
        await keeper.communicate()
        await until(lambda: not any(map(is_running, begun(folder))))


async def until(fact, seconds=5.0):
    """Wait until something is so; how long it took."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < seconds, "it did not come to be"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def begun(folder, name="part-*"):
    """The processes of all parts that ever began."""
    return [int(one.suffix[1:]) for one in folder.glob(f"{name}.*") if one.read_text() == "begun"]


def is_running(pid):
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


async def test_a_killed_part_is_back_within_two_seconds(tmp_path):
    async with keeping(tmp_path) as keeper:
        (victim,), (other,) = begun(tmp_path, "part-1"), begun(tmp_path, "part-2")
        os.kill(victim, signal.SIGKILL)

        assert await until(lambda: len(begun(tmp_path, "part-1")) == 2) < 2
        assert is_running(other)
        assert begun(tmp_path, "part-2") == [other]

        keeper.terminate()
        assert "part-1 ended with -9" in (await keeper.communicate())[1].decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_all(tmp_path, number):
    async with keeping(tmp_path) as keeper:
        keeper.send_signal(number)

        async with asyncio.timeout(2):
            assert await keeper.wait() == 0
        assert not any(map(is_running, begun(tmp_path)))


async def test_a_part_that_will_not_end_is_killed(tmp_path):
    async with keeping(tmp_path, then=STUBBORN) as keeper:
        keeper.terminate()

        async with asyncio.timeout(3):
            _, said = await keeper.communicate()
        assert keeper.returncode == 0
        assert said.decode().count("killed") == 2
        assert not any(map(is_running, begun(tmp_path)))


async def test_a_part_that_just_died_is_not_waited_for(tmp_path):
    async with keeping(tmp_path) as keeper:
        os.kill(begun(tmp_path)[0], signal.SIGKILL)
        keeper.terminate()

        async with asyncio.timeout(2):
            assert await keeper.wait() == 0
        assert not any(map(is_running, begun(tmp_path)))


async def test_all_parts_killed_at_once_are_back_again_and_again(tmp_path):
    async with keeping(tmp_path) as keeper:
        for killed in (2, 4, 6):
            for pid in filter(is_running, begun(tmp_path)):
                os.kill(pid, signal.SIGKILL)

            assert await until(lambda wanted=killed + 2: len(begun(tmp_path)) == wanted) < 2
        assert keeper.returncode is None


async def test_what_ends_by_itself_at_every_start_is_given_up(tmp_path):
    async with keeping(tmp_path, then='sys.exit("nothing works")', begin=0) as keeper:
        async with asyncio.timeout(15):
            _, said = await keeper.communicate()

    *before, last = said.decode().splitlines()
    assert keeper.returncode == 1
    assert re.fullmatch("part-[12] 每次启动后很快就退出（5 次），原因见上面的日志", last)
    assert any("nothing works" in line for line in before)


async def test_a_machine_without_room_for_a_process_is_asked_again(tmp_path):
    async with keeping(tmp_path, first=NO_FORK) as keeper:
        keeper.terminate()

        _, said = await keeper.communicate()

    assert keeper.returncode == 0
    assert said.decode().count("cannot be started, it is tried again") == 2


async def test_parts_end_when_their_keeper_is_killed(tmp_path):
    async with keeping(tmp_path) as keeper:
        keeper.kill()

        assert await until(lambda: not any(map(is_running, begun(tmp_path)))) < 2
