"""Machines as they are: what `huanxin` says when something is not as it should be."""

import asyncio
import os
import signal
import socket

import pytest

from tests.journeys.running import a_house


@pytest.fixture
def house(tmp_path):
    return a_house(tmp_path / "home")


async def test_a_port_in_use_is_named_with_the_setting_that_changes_it(house):
    with socket.create_server(("127.0.0.1", house.port)):
        status, _, error = await house.command("up")

    assert status == 1
    assert len(error.splitlines()) == 1
    assert "HUANXIN_PORT" in error


async def test_serve_asks_for_its_secret(house):
    status, _, error = await house.command("serve")

    assert (status, len(error.splitlines())) == (1, 1)
    assert "HUANXIN_SECRET_KEY" in error


async def test_every_wrong_setting_is_named_at_once(house):
    house.more = {"HUANXIN_WORKERS": "many", "HUANXIN_SPEED": "1", "HUANXIN_WECHAT_APPID": "wx1"}

    status, _, error = await house.command("up")

    assert (status, len(error.splitlines())) == (1, 1)
    assert all(name in error for name in ("HUANXIN_WORKERS", "HUANXIN_SPEED", "HUANXIN_WECHAT_SECRET"))


async def test_real_credentials_refuse_a_moved_clock(house):
    house.more = {"HUANXIN_WECHAT_APPID": "wx1", "HUANXIN_WECHAT_SECRET": "s"}

    status, _, error = await house.command("up", "--as-of", "2024-09-01T09:58:00+08:00")

    assert status == 1
    assert "--as-of" in error


async def test_a_database_that_is_not_there_is_said_in_one_line(house):
    house.more = {"HUANXIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}

    status, _, error = await house.command("migrate")
    assert (status, len(error.splitlines())) == (1, 1)

    status, _, error = await house.command("audit")
    assert status == 1
    assert error.splitlines()[-1].startswith("audit: cannot read")


async def test_wrong_usage_is_status_two(house):
    assert (await house.command("dance"))[0] == 2
    assert (await house.command("ask"))[0] == 2


async def test_a_question_before_the_first_migration_says_what_to_do(house):
    status, _, error = await house.command("ask", "券几点发")

    assert (status, len(error.splitlines())) == (1, 1)
    assert "huanxin migrate" in error


async def test_a_question_is_answered_while_nothing_runs(house):
    await house.command("migrate")

    status, said, _ = await house.command("ask", "杨凌家电以旧换新补多少")

    assert status == 0
    assert "10%" in said
    assert "细则三" in said


async def test_a_killed_worker_is_replaced_and_nobody_waits(house):
    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        workers = processes_of("miniapi.worker", house.port)
        os.kill(workers[0], signal.SIGKILL)

        answers = [await city.get("/clock") for _ in range(20)]
        await asyncio.sleep(2)

        assert len(answers) == 20
        assert len(processes_of("miniapi.worker", house.port)) == len(workers)


@pytest.mark.parametrize("after", [0.05, 0.4, 1.0, 2.0, 3.5])
async def test_a_stop_at_any_moment_leaves_nothing_running(house, after):
    process = await house.start("up", "--as-of", "2024-09-01T09:58:00+08:00")

    await asyncio.sleep(after)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(15):
        await process.wait()

    assert processes_of(str(house.home)) == []


def processes_of(word: str, port: int | None = None) -> list[int]:
    """The running processes whose command or environment names a word (and a port)."""
    found = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with (
                open(f"/proc/{number}/cmdline", "rb") as command,
                open(f"/proc/{number}/environ", "rb") as its,
            ):
                said, environment = command.read().decode(), its.read().decode()
        except (OSError, UnicodeDecodeError):
            continue
        if (word in said or word in environment) and (
            port is None or f"HUANXIN_PORT={port}\0" in environment
        ):
            found.append(int(number))
    return found
