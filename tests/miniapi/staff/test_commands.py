"""`huanxin staff` as operators type it."""

import asyncio
import re

import pytest

from tests.factories.people import SECRET
from tests.journeys.running import HUANXIN, a_house


@pytest.fixture
def house(tmp_path):
    found = a_house(tmp_path / "home")
    found.more = {"HUANXIN_SECRET_KEY": SECRET}
    return found


async def refused(house, *arguments):
    """The one line with which a command ends."""
    status, said, error = await house.command("staff", *arguments)
    assert (status, said, len(error.splitlines())) == (1, "", 1), error
    return error


async def done(house, *arguments):
    """What a command says."""
    status, said, error = await house.command("staff", *arguments)
    assert status == 0, error
    return said


async def test_an_account_from_its_beginning_to_its_end(house):
    assert "huanxin migrate" in await refused(house, "add", "zhang", "--role", "bureau")
    await house.command("migrate")
    assert "还没有账号" in await done(house, "list")

    added = await done(house, "add", "zhang", "--role", "bureau", "--role", "support")
    password = re.search(r"密码（只显示这一次）  (\S{19})\n", added)
    secret = re.search(r"录入手机上的身份验证器）  ([A-Z2-7]{32})\n", added)
    assert password
    assert secret
    assert f"otpauth://totp/Huanxin:zhang?secret={secret[1]}&issuer=Huanxin" in added

    reset = await done(house, "reset", "zhang", "--totp")
    assert "密码（只" not in reset
    assert secret[1] not in reset
    assert "已经存在" in await refused(house, "add", "zhang", "--role", "bureau")
    assert "没有账号" in await refused(house, "disable", "wang")
    await done(house, "disable", "zhang")
    assert await done(house, "list") == "zhang\tbureau、support\t停用\n"
    assert (await house.command("audit"))[1] == "audit: 0 differences\n"


async def test_what_may_not_be_one_person_is_said_in_one_line(house):
    await house.command("migrate")

    paying = await refused(house, "add", "zhang", "--role", "reviewer", "--role", "finance")
    auditing = await refused(house, "add", "zhang", "--role", "auditor", "--role", "bureau")

    assert "审核（reviewer）的人不付款（finance）" in paying
    assert "查账（auditor）的人不办别的事" in auditing


async def test_a_password_can_be_brought_along(house):
    await house.command("migrate")
    process = await asyncio.create_subprocess_exec(
        *(HUANXIN, "staff", "add", "zhang", "--role", "finance", "--password-stdin"),
        env=house.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(b"four words and more\n")

    assert process.returncode == 0
    assert "密码（只" not in said.decode()
    assert "otpauth://" in said.decode()


async def test_without_a_key_none_is_made(house):
    house.more = {}

    assert "HUANXIN_SECRET_KEY" in await refused(house, "add", "zhang", "--role", "bureau")
    assert not (house.home / "secret_key").exists()


@pytest.mark.parametrize(
    "usage", [(), ("add", "zhang"), ("add", "zhang", "--role", "king"), ("dismiss", "zhang")]
)
async def test_wrong_usage_is_status_two(house, usage):
    assert (await house.command("staff", *usage))[0] == 2
