import asyncio
import logging
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest

from miniapi import clock, metrics
from miniapi.audit.actions import record
from miniapi.audit.models import AuditEvent
from miniapi.database.connection import connected
from miniapi.drops.models import Drop
from miniapi.pickup.models import CrewHours, Slot
from miniapi.reminders.actions import add_grants, owe
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reminders.sending import Sender
from miniapi.reminders.templates import Templates
from miniapi.reports.audit import differences
from miniapi.vouchers import claiming
from miniapi.vouchers.models import Voucher, VoucherState
from miniapi.wechat.client import WeChat
from scheduler import jobs, running
from scheduler.jobs import Tools
from scheduler.outage import Outage
from scheduler.running import OncePerDay
from scheduler.timetable import TIMETABLE, Daily
from tests.factories.lottery import a_lottery, registered
from tests.factories.people import SECRET, a_resident
from tests.factories.reminding import a_sender, an_occasion
from tests.factories.season import an_open_drop
from tests.factories.slots import a_crew
from tests.miniapi.sandbox.running import running_sandbox

CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"


@pytest.fixture
async def tools(settings, library, keys):
    async with WeChat(settings.wechat, total_seconds=0.5) as wechat:
        sender = Sender(wechat, Templates(wechat), settings.sending)
        yield Tools(sender, library, keys, settings.photos, wechat)


async def hours_of_a_crew():
    crew = await a_crew()
    for weekday in range(7):
        await CrewHours.create(crew=crew, district="杨陵区", weekday=weekday, begins=9, ends=11, capacity=3)


class TestJobs:
    async def test_run_twice_without_harm(self, database, noon, library, tools):
        drop = await an_open_drop(library, noon)
        await claiming.claim(drop.id, await a_resident(noon), library, at=noon)
        await hours_of_a_crew()
        clock.stand_still(drop.valid_until + timedelta(seconds=1))
        due = [jobs.announce_drops, jobs.expire_vouchers]
        due += [job for entry in TIMETABLE if (job := entry.job) not in (jobs.send_reminders, *due)]

        first = [await job(tools) for job in due]
        again = [await job(tools) for job in due]
        await asyncio.gather(*(job(tools) for job in due for _ in range(3)))

        late = int((clock.now() - drop.opens_at).total_seconds())
        opened = f"opened the drops of 2024-09-01T10:00:00+08:00, {late} seconds late"
        assert first[:2] == [opened, "expired 1 vouchers"]
        assert again[:2] == [None, None]
        assert (await Voucher.get()).state is VoucherState.EXPIRED
        assert await Slot.all().count() == 15
        assert await differences(database, library) == []

    async def test_a_lottery_is_drawn_once_by_however_many(self, database, noon, library, tools):
        drop = await a_lottery(library, noon, quota=2)
        await registered(drop, library, noon, people=3)
        early = await jobs.draw_lotteries(tools)
        clock.stand_still(drop.draws_at)

        said = await asyncio.gather(*(jobs.draw_lotteries(tools) for _ in range(3)))
        again = await jobs.draw_lotteries(tools)

        assert (early, again) == (None, None)
        assert sorted(said, key=str) == [None, None, "drew the drops of 2024-09-01T10:00:00+08:00"]
        assert await Voucher.all().count() == 2

    async def test_the_audit_log_is_anchored_in_the_log_of_the_process(self, database, noon, tools):
        assert await jobs.anchor_audit_log(tools) is None
        await record("staff:1", "test.act", "test:1", at=noon)
        await record("staff:1", "test.act", "test:2", at=noon)

        last = await AuditEvent.get(seq=2)
        assert await jobs.anchor_audit_log(tools) == f"the audit log ends with event 2, hash {last.hash}"

    async def test_a_jump_over_many_drops_announces_them_in_order(self, database, noon, library, tools):
        drop = await an_open_drop(library, noon)
        for days in (3, 1, 2):
            await Drop.create(
                programme_id=drop.programme_id,
                opens_at=drop.opens_at + timedelta(days=days),
                closes_at=drop.closes_at + timedelta(days=days),
                valid_until=drop.valid_until + timedelta(days=days),
                quota=1,
            )
        clock.stand_still(noon + timedelta(days=60))

        said = await jobs.announce_drops(tools)

        assert re.findall(r"-(\d\d)T", said) == ["01", "02", "03", "04"]
        assert await jobs.announce_drops(tools) is None


class TestOncePerDay:
    def test_is_due_at_the_first_question_and_then_once_a_day(self, noon):
        due = OncePerDay(Daily(at="00:05", job=jobs.lay_out_slots, why=""))
        midnight = noon.replace(hour=0)

        asked = {}
        for at in (
            noon,
            noon + timedelta(hours=1),
            midnight + timedelta(days=1),
            midnight + timedelta(days=1, minutes=5),
            midnight + timedelta(days=1, minutes=6),
            midnight + timedelta(days=9, minutes=4),
            noon + timedelta(days=20),
        ):
            asked[at.strftime("%d %H:%M")] = due.is_due(at)
            if due.is_due(at):
                due.note_done(at)

        assert asked == {
            "01 12:00": True,
            "01 13:00": False,
            "02 00:00": False,
            "02 00:05": True,
            "02 00:06": False,
            "10 00:04": False,
            "21 12:00": True,
        }


class TestRun:
    async def test_a_daily_job_catches_up_after_a_jump(self, database, noon, tools):
        due = OncePerDay(Daily(at="00:05", job=jobs.lay_out_slots, why=""))
        await hours_of_a_crew()
        await running.run(jobs.lay_out_slots, tools, due, Outage())
        assert await Slot.all().count() == 15
        clock.stand_still(noon + timedelta(days=30))

        for _ in range(2):
            await running.run(jobs.lay_out_slots, tools, due, Outage())

        assert await Slot.all().count() == 30

    async def test_what_goes_wrong_is_logged_and_comes_again(self, noon, tools, caplog):
        due = OncePerDay(Daily(at="00:05", job=jobs.lay_out_slots, why=""))

        for _ in range(2):  # no database is connected
            await running.run(jobs.lay_out_slots, tools, due, Outage())

        assert [record.getMessage() for record in caplog.records if record.exc_info] == [
            "lay_out_slots failed, it is tried again"
        ] * 2
        assert due.is_due(noon)

    async def test_a_database_that_is_away_is_one_line_however_often_a_job_comes(
        self, server, database_url, noon, tools, caplog
    ):
        outage, name = Outage(), urlsplit(database_url).path.strip("/")
        admin = await asyncpg.connect(server.url("postgres"))
        async with connected(database_url):
            await jobs.announce_drops(tools)
            await admin.execute(CUT_OFF, name)
            await admin.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")

            for job in (jobs.announce_drops, jobs.expire_vouchers, jobs.announce_drops):
                await running.run(job, tools, None, outage)

        await admin.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
        await admin.close()
        told = [(one.levelname, one.exc_info) for one in caplog.records if one.levelno > logging.INFO]
        assert told == [("WARNING", None)]

    async def test_the_timetable_runs_by_the_business_clock(self, database, library, tools):
        start = datetime.fromisoformat("2024-09-01T09:59:59.5+08:00")
        drop = await an_open_drop(library, start.replace(hour=12, minute=0, second=0, microsecond=0))
        await clock.start_at(database, start)
        await clock.follow(database)
        timetable = running.Running(tools)
        try:
            async with asyncio.timeout(5):
                while not (announced := (await Drop.get(id=drop.id)).announced_at):
                    await asyncio.sleep(0.05)
        finally:
            await timetable.end()
            await clock.stop()

        assert drop.opens_at <= announced < drop.opens_at + timedelta(seconds=3)


async def test_what_is_in_hand_at_the_end_is_finished_and_a_run_left_out_is_counted(
    database, noon, library, keys, settings, tmp_path
):
    async with running_sandbox(tmp_path) as sandbox, WeChat(sandbox.wechat) as wechat:
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid("alice")
        await resident.save()
        await add_grants(resident.id, [await sandbox.accept("alice", "drop")])
        await owe(resident.id, an_occasion(noon), key="k", at=noon)
        await sandbox.fault("/cgi-bin/message/subscribe/send", "slow", seconds=2.5)
        timetable = running.Running(Tools(a_sender(wechat), library, keys, settings.photos, wechat))
        async with asyncio.timeout(5):
            while (await Notice.get()).state is not NoticeState.SENDING:
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)  # another run should have begun

        await timetable.end()

        assert (await Notice.get()).state is NoticeState.SENT
        assert b'huanxin_scheduler_misfires_total{job="send_reminders"}' in metrics.exposition()


@asynccontextmanager
async def a_scheduler(database_url, home):
    """The scheduler's process, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scheduler"),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("HUANXIN_")},
            "HUANXIN_HOME": str(home),
            "HUANXIN_DATABASE_URL": database_url,
            "HUANXIN_SANDBOX_PORT": "1",
        },
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    async def says(word, seconds=10.0):
        async with asyncio.timeout(seconds):
            while line := (await process.stderr.readline()).decode():
                if word in line:
                    return True
        return False

    try:
        yield process, says
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_of_two_schedulers_one_leads_and_the_other_takes_over(database_url, tmp_path):
    async with (
        a_scheduler(database_url, tmp_path) as (first, first_says),
        a_scheduler(database_url, tmp_path) as (second, second_says),
    ):
        assert await first_says("waiting to lead")
        assert await second_says("waiting to lead")
        leads = {
            asyncio.create_task(says("this scheduler leads")): one
            for one, says in ((first, first_says), (second, second_says))
        }
        done, waiting = await asyncio.wait(leads, return_when=asyncio.FIRST_COMPLETED)
        (leader,), (spare,) = done, waiting
        await asyncio.sleep(0.5)
        assert not spare.done()

        leads[leader].send_signal(signal.SIGKILL)

        async with asyncio.timeout(5):
            assert await spare
        leads[spare].send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await leads[spare].wait() == 0


async def test_a_scheduler_draws_with_the_key_that_its_home_keeps(database, noon, library, tmp_path):
    drop = await a_lottery(library, noon, quota=1)
    await registered(drop, library, noon, people=2)
    await clock.start_at(database, drop.draws_at)
    (tmp_path / "secret_key").write_text(SECRET)

    async with a_scheduler(database, tmp_path) as (_, says):
        assert await says("drew the drops of 2024-09-01T10:00:00+08:00", seconds=20)

    assert (await Drop.get(id=drop.id)).seed is not None
    assert await Voucher.all().count() == 1


async def test_a_scheduler_without_a_key_says_that_it_cannot_draw(database, noon, library, tmp_path):
    drop = await a_lottery(library, noon)
    await clock.start_at(database, drop.draws_at)

    async with a_scheduler(database, tmp_path) as (_, says):
        assert await says("draw_lotteries waits: seeds_sealed", seconds=20)

    assert (await Drop.get(id=drop.id)).drawn_at is None


async def test_a_leader_that_lost_the_database_says_so_and_leads_again(database_url, tmp_path):
    async with a_scheduler(database_url, tmp_path) as (process, says):
        assert await says("this scheduler leads")
        admin = await asyncpg.connect(database_url)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await admin.close()

        assert await says("this scheduler leads no more")
        assert await says("this scheduler leads")
        assert process.returncode is None


async def test_a_scheduler_waits_for_a_database_that_is_away(tmp_path):
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    async with a_scheduler(nowhere, tmp_path) as (process, says):
        assert await says("waiting for the database")
        await asyncio.sleep(1.5)
        assert process.returncode is None

        process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(5):
            assert await process.wait() == 0
