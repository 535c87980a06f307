"""What `huanxin doctor` makes of machines and installations."""

import resource
import socket
from dataclasses import replace

import asyncpg
import pytest

import scheduler.leader
from miniapi.database import roles
from miniapi.operation import doctor, installation, machine
from miniapi.operation.findings import Verdict
from miniapi.settings import Settings, SettingsError
from tests.factories.people import SECRET

GOOD, DOUBTFUL, BAD = Verdict.GOOD, Verdict.DOUBTFUL, Verdict.BAD


async def in_the_database(url, settings):
    return {found.subject: found async for found in installation.database(url, settings)}


async def change(url, statement):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (machine.disk(100_000_000), BAD),
        (machine.disk(1_000_000_000), DOUBTFUL),
        (machine.disk(50_000_000_000), GOOD),
        (machine.inodes(12), BAD),
        (machine.inodes(1_000_000), GOOD),
        (machine.open_files(256), BAD),
        (machine.open_files(1024), DOUBTFUL),
        (machine.open_files(resource.RLIM_INFINITY), GOOD),
        (machine.memory(256_000_000), BAD),
        (machine.memory(900_000_000), DOUBTFUL),
        (machine.memory(4_000_000_000), GOOD),
        (installation.connections(20, workers=2), DOUBTFUL),
        (installation.connections(200, workers=2), GOOD),
    ],
)
def test_what_is_scarce_is_said_with_what_to_do(finding, verdict):
    assert finding.verdict == verdict
    assert str(finding).startswith(f"{verdict} ")


def test_this_machine_can_run_it():
    assert BAD not in {found.verdict for found in machine.looked_at()}
    assert machine.embedded_binaries().verdict == GOOD


def test_a_home_that_is_a_file_cannot_be_written(tmp_path):
    (tmp_path / "home").write_text("not a folder")

    found = list(machine.home(tmp_path / "home" / "var"))

    assert [one.verdict for one in found] == [BAD]
    assert "HUANXIN_HOME" in found[0].words


async def test_a_port_is_free_or_somebody_elses():
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        taken = await doctor.port("127.0.0.1", number, "HUANXIN_PORT", "/healthz")
    free = await doctor.port("127.0.0.1", number, "HUANXIN_PORT", "/healthz")

    assert (taken.verdict, free.verdict) == (BAD, GOOD)
    assert "HUANXIN_PORT" in taken.words


async def test_wrong_settings_are_all_said_and_end_the_look():
    found = [one async for one in doctor.examine(SettingsError("设置有误：A: 错；B: 错"))]

    assert str(found[-1]) == "✗ 设置：A: 错；B: 错"


def test_a_key_that_others_may_read_is_refused(settings):
    alone = replace(settings, secret_key=None)
    kept = settings.home / "secret_key"
    assert installation.secret(alone).verdict == DOUBTFUL

    kept.write_text(SECRET)
    kept.chmod(0o644)
    assert installation.secret(alone).verdict == BAD
    kept.chmod(0o600)
    assert installation.secret(alone).verdict == GOOD


class TestDatabase:
    async def test_one_of_ours_is_well(self, database_url, settings):
        found = await in_the_database(database_url, settings)

        assert found["表结构"].verdict == found["数据库角色"].verdict == found["时钟"].verdict == GOOD
        assert BAD not in {one.verdict for one in found.values()}

    async def test_one_of_another_version_is_said(self, database_url, settings):
        await change(database_url, "DELETE FROM tortoise_migrations")

        assert "huanxin migrate" in (await in_the_database(database_url, settings))["表结构"].words

    async def test_a_role_that_may_edit_the_log_is_found(self, database_url, settings):
        await change(database_url, f"GRANT UPDATE ON audit_event TO {roles.SERVICE}")

        found = (await in_the_database(database_url, settings))["数据库角色"]

        assert found.verdict == BAD
        assert "audit_event" in found.words

    async def test_a_moved_clock_and_real_credentials_do_not_go_together(self, database_url, settings):
        await change(database_url, "UPDATE clock SET shift = interval '-365 days'")
        real = replace(settings, wechat=replace(settings.wechat, sandbox=False))

        played = (await in_the_database(database_url, settings))["系统时间"]
        assert (played.verdict, "慢 365 天" in played.words) == (GOOD, True)
        assert (await in_the_database(database_url, real))["系统时间"].verdict == BAD

    async def test_a_scheduler_that_leads_is_seen(self, database_url, settings):
        assert (await in_the_database(database_url, settings))["定时任务"].verdict == DOUBTFUL

        async with scheduler.leader.leading(database_url):
            assert (await in_the_database(database_url, settings))["定时任务"].verdict == GOOD

    async def test_one_that_cannot_be_reached_is_one_line(self, settings):
        nowhere = replace(settings, database_url="postgresql://u:geheim@127.0.0.1:1/none")

        found = [one async for one in doctor.examine(nowhere)]

        assert (found[-1].verdict, found[-1].subject) == (BAD, "数据库")


async def test_no_secret_is_ever_said(tmp_path):
    hidden = {
        "HUANXIN_SECRET_KEY": "geheim-" * 6,
        "HUANXIN_WECHAT_SECRET": "geheim-wechat",
        "HUANXIN_WECHAT_PUSH_TOKEN": "geheimtoken",
        "HUANXIN_DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/none",
        "HUANXIN_WECHAT_API_BASE": "http://127.0.0.1:1",
    }
    settings = Settings.from_environment(
        {"HUANXIN_HOME": str(tmp_path), "HUANXIN_WECHAT_APPID": "wx1", **hidden}
    )

    found = [str(one) async for one in doctor.examine(settings)]

    assert "geheim" not in "\n".join(found)
