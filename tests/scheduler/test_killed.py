"""Two schedulers, a WeChat that fails, and a leader that is killed again and again: nothing is lost."""

import asyncio
import os
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import pytest

from miniapi import clock
from miniapi.database import sql
from miniapi.reminders import actions
from miniapi.reminders.models import Notice, NoticeState
from miniapi.sandbox.faults import Faults
from tests.factories.crowd import settle
from tests.factories.reminding import an_occasion
from tests.miniapi.sandbox.running import running_sandbox

SEND = "/cgi-bin/message/subscribe/send"
REMINDERS, KILLS, AT_ONCE = 5000, 10, 64
UNSUBSCRIBED = 50  # people who took their consent back where we cannot see it
TOGETHER = {"error": 0.12, "errcode": 0.12, "truncate": 0.05, "slow": 0.03, "hang": 0.02}  # 30 % of all calls
LEADS = "this scheduler leads\n"
TAKEN_OVER_WITHIN = 15.0  # seconds
ENDED_WITHIN = 150.0
CONSENTS = """
    INSERT INTO grant_count (id, resident_id, template_id, remaining)
    SELECT gen_random_uuid(), id, unnest($1::text[]), 3 FROM resident RETURNING id
"""
STANDING = "SELECT kind, subject, resident_id, state FROM notice"


@dataclass
class Counted(Faults):
    """Faults that remember how often which happened."""

    happened: Counter = field(default_factory=Counter)

    def drawn_for(self, path):
        fault = super().drawn_for(path)
        if path == SEND:
            self.happened["calls"] += 1
            self.happened[fault.mode if fault else "good"] += 1
        return fault


@dataclass
class Scheduler:
    """One scheduler's process, and the file it writes to."""

    process: asyncio.subprocess.Process
    log: os.PathLike

    @property
    def leads(self):
        return LEADS in self.log.read_text() or '"this scheduler leads"' in self.log.read_text()


@asynccontextmanager
async def two_schedulers(database_url, sandbox, home):
    """A function that starts one more; all end with the block."""
    running = []
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUANXIN_")},
        "HUANXIN_HOME": str(home),
        "HUANXIN_DATABASE_URL": database_url,
        "HUANXIN_SANDBOX_PORT": sandbox.base.rpartition(":")[2],
        "HUANXIN_SENDS_AT_ONCE": str(AT_ONCE),
        "HUANXIN_SENDS_PER_SECOND": "400",
    }

    async def start():
        log = home / f"scheduler-{len(running)}.log"
        with log.open("wb") as written:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "scheduler"),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stderr=written,
            )
        running.append(Scheduler(process, log))

    try:
        await start()
        await start()
        yield running, start
    finally:
        for one in running:
            if one.process.returncode is None:
                one.process.kill()
            await one.process.communicate()


async def until(fact, seconds):
    began = time.monotonic()
    while not (found := fact()):
        assert time.monotonic() - began < seconds, "it did not come to be"
        await asyncio.sleep(0.05)
    return found, time.monotonic() - began


async def a_crowd_with_reminders(database_url, sandbox, noon):
    """So many residents, each with a reminder that is due, half of them of a kind that comes once."""
    connection = await asyncpg.connect(database_url)
    await settle(connection, 1, REMINDERS, at=noon)
    await connection.close()
    templates = {kind: await sandbox.template_id(kind) for kind in ("drop", "pickup")}
    await sql.rows(CONSENTS, list(templates.values()))
    owed = []
    for number in range(1, REMINDERS + 1):
        kind, resident, openid = ("drop", "pickup")[number % 2], UUID(int=number), f"o{number:027}"
        sandbox.state.users[openid] = f"person-{number}"
        sandbox.state.grants[openid, templates[kind]] = 0 if number <= UNSUBSCRIBED else 3
        owed.append((resident, an_occasion(noon, kind), f"{kind}:{number}"))
    await actions.owe_all(owed, at=noon)


def copies(sandbox, resident_id):
    """How many messages this person got, by the sandbox's own list."""
    return len(sandbox.state.messages[f"o{resident_id.int:027}"])


@pytest.mark.timeout(300)
async def test_a_sender_that_is_killed_ten_times_loses_nothing(database, noon, tmp_path):
    await clock.start_at(database, noon)
    async with running_sandbox(tmp_path) as sandbox:
        await a_crowd_with_reminders(database, sandbox, noon)
        sandbox.app.ctx.sandbox.faults = faults = Counted()
        for mode, rate in TOGETHER.items():
            await sandbox.fault(SEND, mode, rate=rate, errcode=45009, seconds=0.5)
        waits, began = [], time.monotonic()

        async with two_schedulers(database, sandbox, tmp_path) as (running, start):
            for kill in range(KILLS + 1):
                leader, waited = await until(
                    lambda: next(
                        (one for one in running if one.process.returncode is None and one.leads), None
                    ),
                    TAKEN_OVER_WITHIN if kill else 60.0,
                )
                waits.append(waited)
                if kill == KILLS:
                    break
                calls = faults.happened["calls"] + REMINDERS // (KILLS + 2)
                await until(lambda calls=calls: faults.happened["calls"] >= calls, 60.0)
                leader.process.kill()
                await leader.process.wait()
                await start()
            while await Notice.filter(state__in=[NoticeState.OWED, NoticeState.SENDING]).exists():
                assert time.monotonic() - began < ENDED_WITHIN
                await asyncio.sleep(0.2)

        rows = await sql.rows(STANDING)
        ended = Counter((row["kind"], row["state"]) for row in rows)
        got = Counter((row["kind"], row["state"], copies(sandbox, row["resident_id"])) for row in rows)
        lost_answers = faults.happened["hang"] + faults.happened["truncate"]
        print(
            f"{REMINDERS} reminders, {KILLS} kills in {time.monotonic() - began:.0f} s; "
            f"taken over within {max(waits[1:]):.1f} s"
        )
        print(f"calls: {dict(faults.happened)}\nended: {dict(ended)}")
        print(f"kind, state, copies: {dict(sorted(got.items()))}")

    unknown = sum(many for (_, state), many in ended.items() if state == "unknown")
    assert ended.total() == REMINDERS
    assert {state for _, state in ended} == {"sent", "unknown", "inbox"}
    assert ended["drop", "inbox"] + ended["pickup", "inbox"] <= UNSUBSCRIBED
    assert all(number >= 1 for _, state, number in got if state == "sent")
    assert all(number == 0 for _, state, number in got if state == "inbox")
    assert all(number <= (1 if kind == "drop" else 2) for kind, _, number in got)
    assert unknown <= AT_ONCE * KILLS + lost_answers
