"""The keeper of processes, as a process of its own: it is asked by signals, as in life."""

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

KEEPER = """
import asyncio, os, sys
from miniapi import processes
processes.END_WITHIN = 0.5
part = [sys.executable, "-c", sys.argv[1]]
parts = [processes.Part(f"part-{number}", [*part, str(number)]) for number in (1, 2)]
asyncio.run(processes.supervise(parts, {**os.environ, "GIVEN": "to the parts"}))
"""
PART = """
import os, signal, sys, time
from pathlib import Path
from miniapi.processes import end_with_parent
{first}
end_with_parent()
(Path.cwd() / f"part-{{sys.argv[1]}}.{{os.getpid()}}").write_text(os.environ["GIVEN"])
time.sleep(60)
"""
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@asynccontextmanager
async def keeping(folder, *, first=""):
    """Two parts under a keeper, running."""
    root = str(Path(__file__).parents[2])
    keeper = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KEEPER,
        PART.format(first=first),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await until(lambda: len(begun(folder)) == 2)
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
    return [int(one.suffix[1:]) for one in folder.glob(f"{name}.*") if one.read_text() == "to the parts"]


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
    async with keeping(tmp_path, first=STUBBORN) as keeper:
        keeper.terminate()

        async with asyncio.timeout(3):
            _, said = await keeper.communicate()
        assert keeper.returncode == 0
        assert said.decode().count("killed") == 2
        assert not any(map(is_running, begun(tmp_path)))


async def test_a_part_that_just_died_is_not_waited_for(tmp_path):
    async with keeping(tmp_path) as keeper:
        os.kill(begun(tmp_path)[0], signal.SIGKILL)
        await asyncio.sleep(0.1)
        keeper.terminate()

        async with asyncio.timeout(2):
            assert await keeper.wait() == 0
        assert len(begun(tmp_path)) == 2


async def test_parts_end_when_their_keeper_is_killed(tmp_path):
    async with keeping(tmp_path) as keeper:
        keeper.kill()

        assert await until(lambda: not any(map(is_running, begun(tmp_path)))) < 2
