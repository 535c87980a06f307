"""One time in one home: for every worker, the scheduler, the sandbox and the next start."""

import asyncio
import json
import re
import time
from datetime import datetime, timedelta

import aiohttp
import asyncpg

from miniapi.database import embedded
from tests.journeys.running import until

START = "2024-09-01T09:58:00+08:00"
CLOSE = timedelta(seconds=0.1)


class Reference:
    """The home's time as the database has it, carried on by this machine's monotonic clock."""

    async def read(self, house):
        connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
        try:
            readings = []
            for _ in range(5):
                asked = time.monotonic()
                shown = await connection.fetchval("SELECT clock_timestamp() + shift FROM clock")
                readings.append((time.monotonic() - asked, shown, (asked + time.monotonic()) / 2))
            _, self.shown, self.at = min(readings)
        finally:
            await connection.close()
        return self

    def apart(self, shown, asked, answered):
        """How far a shown time is from every moment between question and answer."""
        earliest = self.shown + timedelta(seconds=asked - self.at)
        latest = self.shown + timedelta(seconds=answered - self.at)
        return max(earliest - shown, shown - latest, timedelta(0))


async def shown_by_worker(house):
    """A worker's time, on a connection of its own: which worker answers is chance."""
    asked = time.monotonic()
    async with aiohttp.ClientSession() as http, http.get(clock_of(house)) as answer:
        shown = datetime.fromisoformat((await answer.json())["now"])
    return shown, asked, time.monotonic()


def clock_of(house):
    return f"http://127.0.0.1:{house.port}/api/v1/clock"


def pids_that_answered(house):
    events = [json.loads(line) for line in house.log.read_text().splitlines() if line.startswith("{")]
    return {event["pid"] for event in events if event.get("route") == "/api/v1/clock"}


async def test_two_workers_the_scheduler_and_the_sandbox_agree(house):
    async with house.up("--as-of", START) as city:
        await city.sign_in("alice")
        await asyncio.sleep(2)  # every follower has had its readings
        reference = await Reference().read(house)

        seen = [await shown_by_worker(house) for _ in range(60)]
        assert max(reference.apart(*one) for one in seen) < CLOSE
        assert len(pids_that_answered(house)) == 2

        # the sandbox: moving to a time that has just passed is refused, so its clock is bounded on both sides
        asked = time.monotonic()
        moved = await city.sandbox("POST", "/clock", now="2024-09-01T09:59:58.500+08:00")
        answered = time.monotonic()
        reference = await Reference().read(house)
        assert reference.apart(datetime.fromisoformat(moved["now"]), asked, answered) < CLOSE

        # the scheduler: what it wrote down as its time, and when the machine says that it did
        await until(lambda: "opened the drops of 2024-09-01T10:00" in house.log.read_text(), 10)
        line = next(one for one in house.log.read_text().splitlines() if "drops of 2024-09-01T10:00" in one)
        written_at = datetime.fromisoformat(json.loads(line)["at"])
        its_time, shift = await announced(house)
        took = written_at + shift - its_time  # asking, writing and committing come between
        assert -CLOSE < took < timedelta(seconds=2)
        assert its_time >= datetime.fromisoformat("2024-09-01T10:00:00+08:00")


async def announced(house):
    """When the scheduler announced the drop of ten o'clock, by its clock; and the offset of the home."""
    connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
    try:
        asked = """SELECT announced_at, shift FROM "drop", clock WHERE opens_at = '2024-09-01T10:00:00+08'"""
        return tuple(await connection.fetchrow(asked))
    finally:
        await connection.close()


async def test_a_moved_clock_is_seen_by_all_within_a_second(house):
    async with house.up("--as-of", START) as city:
        later = datetime.fromisoformat("2024-09-16T09:59:59+08:00")

        await city.sandbox("POST", "/clock", now=later.isoformat())
        moved = time.monotonic()
        await asyncio.sleep(1)

        seen = [await shown_by_worker(house) for _ in range(30)]
        assert min(shown for shown, _, _ in seen) >= later
        await until(lambda: re.search("opened the drops .*2024-09-16T10:00:00", house.log.read_text()), 5)
        assert time.monotonic() - moved < 20
        async with city.http.post(
            f"http://127.0.0.1:{house.sandbox_port}/sandbox/clock", json={"now": START}
        ) as answer:
            assert answer.status == 409


async def test_a_second_start_goes_on_and_only_a_later_time_counts(house):
    async with house.up("--as-of", START) as city:
        began = await city.now()
    assert any("系统时间从 2024-09-01T09:5" in line for line in house.said)

    async with house.up("--as-of", "2024-08-01T09:58:00+08:00") as city:  # earlier: nothing changes
        again = await city.now()
        assert began < again < began + timedelta(minutes=5)

    house.more = {"HUANXIN_AS_OF": "2024-09-16T09:58:00+08:00"}
    async with house.up() as city:
        later = await city.now()
        assert (later.month, later.day) == (9, 16)

    kept = (house.home / "secret_key").read_text()
    house.more = {"HUANXIN_SECRET_KEY": kept, "HUANXIN_AS_OF": "2024-10-01T09:58:00+08:00"}
    async with house.running("serve") as city:
        assert (await city.now()).month == 10
