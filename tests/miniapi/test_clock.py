import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest

from miniapi import clock

SEASON = datetime.fromisoformat("2024-09-01T09:58:00+08:00")
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
MOVE = "UPDATE clock SET shift = $1::timestamptz - clock_timestamp()"
ANOTHER_PROCESS = """
import asyncio, sys
from miniapi import clock
async def main():
    await clock.follow(sys.argv[1])
    while True:
        print(clock.now().isoformat(), flush=True)
        await asyncio.sleep(0.05)
asyncio.run(main())
"""


@pytest.fixture
async def followed(database_url):
    """A clock at the season's first moment that this process follows."""
    await clock.start_at(database_url, SEASON)
    await clock.follow(database_url)
    yield database_url
    await clock.stop()


@asynccontextmanager
async def another_process(database_url):
    """Another follower; it says what it shows, again and again."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ANOTHER_PROCESS, database_url, stdout=asyncio.subprocess.PIPE
    )

    async def shows():
        return datetime.fromisoformat((await process.stdout.readline()).decode().strip())

    try:
        yield shows
    finally:
        process.kill()
        await process.communicate()


async def until_shown(shows, at, seconds=1.0):
    """Wait until this follower shows at least a time; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while await shows() < at:
            pass


async def here():
    await asyncio.sleep(0.02)
    return clock.now()


class TestFollow:
    async def test_runs_at_normal_speed_from_the_given_time(self, followed):
        first = clock.now()
        await asyncio.sleep(0.4)
        second = clock.now()

        assert SEASON <= first < SEASON + timedelta(seconds=5)
        assert timedelta(seconds=0.3) < second - first < timedelta(seconds=2)
        assert first.utcoffset() == timedelta(hours=8)

    async def test_never_shows_an_earlier_time_again(self, followed):
        shown = []
        for _ in range(300):
            shown.append(clock.now())
            await asyncio.sleep(0.002)

        assert shown == sorted(shown)

    async def test_two_processes_show_the_same_time(self, followed):
        async with another_process(followed) as shows:
            await shows()

            apart = abs(await shows() - clock.now())

        assert apart < timedelta(seconds=0.5)

    async def test_runs_on_while_the_database_is_away_and_finds_it_again(self, followed):
        before = clock.now()
        admin = await asyncpg.connect(followed)
        await admin.execute(CUT)
        await asyncio.sleep(0.6)
        assert clock.now() > before + timedelta(seconds=0.5)

        await admin.execute(MOVE, SEASON + timedelta(days=1))
        await admin.close()

        await until_shown(here, SEASON + timedelta(days=1), seconds=3)

    async def test_ends_also_when_it_is_stopped_as_an_answer_comes(self, followed, monkeypatch):
        stopping = []

        async def answered(*_):
            if not stopping:
                stopping.append(asyncio.create_task(clock.stop()))

        monkeypatch.setattr(clock, "_read", answered)

        await asyncio.sleep(2 * clock.READ_EVERY)
        ended, _ = await asyncio.wait(stopping, timeout=5)

        assert ended

    async def test_begins_while_the_database_is_away(self):
        await clock.follow("postgresql://nobody@127.0.0.1:1/none")

        with pytest.raises(clock.ClockUnknown):
            clock.now()
        await clock.stop()

    async def test_shows_nothing_before_the_first_start_where_that_is_asked(self, database_url):
        await clock.follow(database_url, once_started=True)
        with pytest.raises(clock.ClockUnknown):
            clock.now()

        await clock.start_at(database_url, SEASON)
        await asyncio.sleep(1)

        assert SEASON < clock.now() < SEASON + timedelta(seconds=5)
        await clock.stop()

    async def test_goes_on_after_an_end_that_nobody_foresaw(self, followed, monkeypatch, caplog):
        async def breaks(*_):
            monkeypatch.undo()
            raise ZeroDivisionError

        monkeypatch.setattr(clock, "_read", breaks)
        await asyncio.sleep(1)
        await asyncio.sleep(0.5)

        admin = await asyncpg.connect(followed)
        await admin.execute(MOVE, SEASON + timedelta(days=1))
        await admin.close()
        await until_shown(here, SEASON + timedelta(days=1), seconds=3)
        assert "it begins again" in caplog.text

    async def test_nobody_knows_the_time_before(self):
        with pytest.raises(RuntimeError, match="follow"):
            clock.now()


class TestMoveTo:
    async def test_is_known_to_every_process_within_a_second(self, followed):
        later = SEASON + timedelta(days=15)
        async with another_process(followed) as shows:
            await shows()
            mover = await asyncpg.connect(followed)  # a third process, as it were
            await mover.execute(MOVE, later)
            await mover.close()

            await asyncio.gather(until_shown(shows, later), until_shown(here, later))

    async def test_is_known_here_at_once(self, followed):
        later = SEASON + timedelta(days=15)

        shown = await clock.move_to(followed, later)

        assert later <= shown <= clock.now() < later + timedelta(seconds=5)

    async def test_backwards_is_refused_and_moves_nothing(self, followed):
        before = clock.now()

        with pytest.raises(clock.ClockBackwards):
            await clock.move_to(followed, SEASON)

        await clock.follow(followed)
        assert before <= clock.now() < SEASON + timedelta(seconds=10)


class TestStartAt:
    async def test_a_first_use_may_lie_in_the_past(self, database_url):
        assert SEASON <= await clock.start_at(database_url, SEASON) < SEASON + timedelta(seconds=5)

    async def test_later_it_counts_only_forward(self, database_url):
        await clock.start_at(database_url, SEASON)

        earlier = await clock.start_at(database_url, SEASON - timedelta(days=1))
        later = await clock.start_at(database_url, SEASON + timedelta(days=1))
        unsaid = await clock.start_at(database_url, None)

        assert SEASON < earlier < SEASON + timedelta(seconds=5)
        assert SEASON + timedelta(days=1) <= later < unsaid < SEASON + timedelta(days=1, seconds=5)

    async def test_is_foretold_without_a_change(self, database_url):
        foretold = await clock.would_start_at(database_url, SEASON)

        own = await clock.start_at(database_url, None)

        assert abs(foretold - SEASON) < timedelta(seconds=5)
        assert own > SEASON + timedelta(days=1)
        assert await clock.would_start_at(database_url, SEASON) > own

    async def test_unsaid_it_is_the_servers_own_time_and_a_first_use_too(self, database_url):
        own = await clock.start_at(database_url, None)

        again = await clock.start_at(database_url, SEASON)

        assert own < again < own + timedelta(seconds=5)

    async def test_two_starts_at_once_agree(self, database_url):
        days = [SEASON + timedelta(days=day) for day in range(4)]

        await asyncio.gather(*(clock.start_at(database_url, at) for at in days))

        assert await clock.start_at(database_url, None) >= days[-1]


def test_stands_still_when_told(noon):
    assert clock.now() == clock.now() == noon
