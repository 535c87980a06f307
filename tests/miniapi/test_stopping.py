"""Stopping, in a process of its own: it is asked by signals, as in life."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

BEGINS = """
import asyncio, sys, time
from miniapi.stopping import Stopped, run, stop_no_more, stop_on_signals, uninterrupted
stop_on_signals()
"""
AT_ONCE = """
try:
    print("begun", flush=True)
    time.sleep(20)
finally:
    print("tidied", flush=True)
"""
HELD_BACK = """
with uninterrupted():
    print("begun", flush=True)
    for _ in range(10):
        time.sleep(0.05)
    print("whole", flush=True)
print("never said")
"""
CANCELLED = """
async def work():
    try:
        print("begun", flush=True)
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
run(work())
print("never said")
"""
TWICE = """
try:
    print("begun", flush=True)
    time.sleep(20)
finally:
    time.sleep(0.5)
    print("tidied", flush=True)
"""


async def told(program, *numbers):
    """Status and words of a program that was sent signals as soon as it had begun."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BEGINS + program,
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert await process.stdout.readline() == b"begun\n"
    for number in numbers:
        process.send_signal(number)
        await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_work_quietly(number):
    assert await told(AT_ONCE, number) == (0, "tidied\n", "")


async def test_what_must_not_be_interrupted_is_finished_first():
    assert await told(HELD_BACK, signal.SIGTERM) == (0, "whole\n", "")


async def test_a_coroutine_is_cancelled():
    assert await told(CANCELLED, signal.SIGINT) == (0, "cancelled\n", "")


async def test_an_impatient_second_signal_does_not_disturb_the_tidying():
    assert await told(TWICE, signal.SIGINT, signal.SIGINT, signal.SIGTERM) == (0, "tidied\n", "")
