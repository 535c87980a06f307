"""Machines as they are: what `huanxin` says when something is not as it should be."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.journeys.running import a_house, processes_of

ROOT = Path(__file__).parents[2]
UID = pwd.getpwnam("nobody").pw_uid
AS_NOBODY = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--")
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
os.execv(sys.argv[1], sys.argv[1:])
"""


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


async def test_a_locale_that_is_not_there_hurts_nobody(house):
    house.more = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}

    assert (await house.command("migrate"))[0] == 0
    status, said, error = await house.command("ask", "杨凌家电以旧换新补多少")

    assert (status, error) == (0, "")
    assert "10%" in said


async def test_an_ordinary_user_needs_nothing_more(tmp_path):
    with tempfile.TemporaryDirectory(prefix="家 ") as folder:
        house = a_house(Path(folder) / "home", tmp_path / "stderr.log")
        if os.geteuid() == 0:
            os.chown(folder, UID, UID)
            house.through = AS_NOBODY
        async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
            assert (await city.now()).year == 2024
            assert (house.home / "postgres").stat().st_uid == (UID if os.geteuid() == 0 else os.geteuid())
        assert processes_of(house.home) == []


async def test_a_home_of_somebody_else_is_said_in_one_line(house):
    if os.geteuid() == 0:
        house.through = AS_NOBODY
    house.more = {"HUANXIN_HOME": "/proc/1"}

    status, _, error = await house.command("migrate")

    assert (status, len(error.splitlines())) == (1, 1)


@pytest.mark.parametrize("command", ["up", "serve", "scheduler", "migrate", "audit"])
async def test_a_home_that_cannot_be_made_is_named_with_its_setting(house, command):
    house.more = {"HUANXIN_HOME": "/proc/nope", "HUANXIN_SECRET_KEY": "k" * 32}

    status, _, error = await house.command(command)

    assert (status, len(error.splitlines())) == (1, 1)
    assert "HUANXIN_HOME" in error
    assert "/proc/nope" in error


async def test_a_host_that_is_nowhere_is_named_with_its_setting(house):
    house.more = {"HUANXIN_HOST": "nosuchhost.invalid"}

    status, _, error = await house.command("up")

    assert (status, len(error.splitlines())) == (1, 1)
    assert "HUANXIN_HOST" in error
    assert "HUANXIN_PORT" not in error


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine speaks no IPv6")
async def test_all_of_ipv6_is_served_and_shown_as_an_address(house):
    house.more = {"HUANXIN_HOST": "::"}

    async with house.up() as city:
        assert f"  居民  http://[::1]:{house.port}/\n" in house.said
        assert await city.now()  # by IPv4


async def test_a_folder_is_not_restored(house, tmp_path):
    status, _, error = await house.command("restore", str(tmp_path))

    assert (status, len(error.splitlines())) == (1, 1)
    assert f"无法读取 {tmp_path}" in error


async def test_a_full_disk_is_said_in_one_line_and_leaves_no_half_made_data(house):
    house.through = (sys.executable, "-c", LIMITED)

    status, _, error = await house.command("up")

    assert (status, len(error.splitlines())) == (1, 1)
    assert "磁盘已满" in error
    assert {one.name for one in house.home.iterdir()} <= {"up.lock", "postgres.lock", "postgres.users"}

    house.through = ()
    assert (await house.command("migrate"))[0] == 0


async def test_a_part_that_cannot_work_ends_all_with_a_line(house):
    house.more = {"HUANXIN_SECRET_KEY": "a-secret-of-a-test-that-is-long-enough"}
    await house.command("migrate")
    (house.home / "sandbox.jsonl").mkdir()  # where the sandbox keeps its journal

    status, _, error = await house.command("up")

    assert status == 1
    assert "wechat-sandbox 每次启动后很快就退出" in error.splitlines()[-1]
    assert processes_of(house.home) == []


def test_a_missing_venv_module_is_said_with_what_to_install(tmp_path):
    for file in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / file, tmp_path)
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\nmkdir -p .venv/bin\nexit 1\n')
    python.chmod(0o755)

    done = subprocess.run(["make", "up", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode != 0
    assert "python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_recipes_need_no_more_than_a_plain_shell():
    assert "SHELL" not in (ROOT / "Makefile").read_text()
