"""The one business clock: the database server's time plus one offset kept in the database.

Every process follows it: one connection of its own reads the time a few times a second, and
between two readings the machine's monotonic clock carries it on. It never goes backwards.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from miniapi import outages

SHANGHAI = ZoneInfo("Asia/Shanghai")
READ_EVERY = 0.25  # seconds; a moved clock is known everywhere within a second
CONNECT_WITHIN = 5.0  # seconds
ASK_AGAIN = 0.5  # seconds, where the database is away
SAY_AGAIN = 60.0  # seconds between two lines about it
BEST_OF = 8  # readings; the one with the shortest way to the database is believed

log = logging.getLogger(__name__)

READ = "SELECT clock_timestamp() AS server_time, shift, started FROM clock"
MOVE = """
    UPDATE clock SET shift = $1::timestamptz - clock_timestamp(), started = true
    WHERE $1::timestamptz >= clock_timestamp() + shift RETURNING shift
"""
STARTED_SHIFT = """
    CASE WHEN $1::timestamptz > clock_timestamp() + shift OR NOT started AND $1 IS NOT NULL
         THEN $1::timestamptz - clock_timestamp() ELSE shift END
"""
FORESEE = f"""
    WITH foreseen AS MATERIALIZED (SELECT {STARTED_SHIFT} AS shift FROM clock)
    SELECT shift + clock_timestamp() FROM foreseen
"""  # noqa: S608
START = f"UPDATE clock SET started = true, shift = {STARTED_SHIFT} RETURNING clock_timestamp() + shift"  # noqa: S608


class ClockBackwards(Exception):
    """Asked to move the clock to a time that has passed."""


class ClockUnknown(ConnectionError):
    """The database has not told the time yet; it is asked again and again."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the clock showed at a moment of this machine's monotonic clock (seconds)."""

    shown: datetime
    at: float
    took: float
    shift: timedelta

    def carried_on(self, moment: float) -> datetime:
        return self.shown + timedelta(seconds=moment - self.at)


class _Clock:
    """This process's view of the shared clock."""

    def __init__(self) -> None:
        self.readings: list[_Reading] = []
        self.stopped_at: datetime | None = None
        self.last = datetime.min.replace(tzinfo=UTC)
        self.follower: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        if self.stopped_at is not None:
            return self.stopped_at
        if not self.readings:
            if self.follower is None:
                raise RuntimeError("the clock is not followed yet: call clock.follow() first")
            raise ClockUnknown("the database has not told the time yet")
        best = min(self.readings, key=lambda reading: reading.took)
        self.last = max(self.last, best.carried_on(time.monotonic()))
        return self.last.astimezone(SHANGHAI)

    def believe(self, reading: _Reading) -> None:
        if self.readings and self.readings[-1].shift != reading.shift:
            self.readings.clear()
        self.readings = [*self.readings[-BEST_OF + 1 :], reading]


_clock = _Clock()


def now() -> datetime:
    """The business time, in +08:00. Raises ClockUnknown while the database was never reached."""
    return _clock.now()


async def follow(database_url: str, *, once_started: bool = False, session_name: str | None = None) -> None:
    """Begin to follow the clock of this database, also while it is away; returns after the first question.

    With `once_started` the time is unknown until the home's first start has set it: what was shown before
    might have to go back. `session_name` is what the database calls the session that this keeps open.
    """
    await stop()
    asked = asyncio.Event()
    _begin_to_follow(lambda: _keep_reading(database_url, asked, once_started, session_name))
    await asked.wait()


async def stop() -> None:
    """Stop following."""
    if _clock.follower is not None:
        _clock.follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await _clock.follower
    _clock.follower = None
    _clock.readings.clear()
    _clock.last = datetime.min.replace(tzinfo=UTC)


def stand_still(at: datetime | None) -> None:
    """For tests: show this time until told another, or None to go on."""
    _clock.stopped_at = at


async def start_at(database_url: str, at: datetime | None) -> datetime:
    """Set a home's clock at its first use; later only forward. The time it goes on from comes back."""
    return await _asked(database_url, START, at)


async def would_start_at(database_url: str, at: datetime | None) -> datetime:
    """The time that `start_at` would go on from; changes nothing."""
    return await _asked(database_url, FORESEE, at)


async def move_to(database_url: str, at: datetime) -> datetime:
    """Move the clock of all processes forward to `at`. Raises ClockBackwards, and moves nothing."""
    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
    try:
        if await connection.fetchval(MOVE, at) is None:
            raise ClockBackwards(f"the clock is already past {at.isoformat()}")
        await _read(connection)
    finally:
        await connection.close()
    return now()


async def _asked(database_url: str, question: str, at: datetime | None) -> datetime:
    connection = await asyncpg.connect(database_url, timeout=CONNECT_WITHIN)
    try:
        shown: datetime = await connection.fetchval(question, at)
    finally:
        await connection.close()
    return shown.astimezone(SHANGHAI)


async def _read(connection: asyncpg.Connection, once_started: bool = False) -> None:
    asked = time.monotonic()
    row = await connection.fetchrow(READ)
    answered = time.monotonic()
    if once_started and not row["started"]:
        return
    _clock.believe(
        _Reading(
            shown=row["server_time"] + row["shift"],
            at=(asked + answered) / 2,
            took=answered - asked,
            shift=row["shift"],
        )
    )


def _begin_to_follow(reading: Callable[[], Coroutine[None, None, None]]) -> None:
    """Follow in a task that is begun again whatever ends it, but `stop`."""
    follower = asyncio.create_task(reading())

    def again() -> None:
        if follower is _clock.follower:
            _begin_to_follow(reading)

    def note(ended: asyncio.Task[None]) -> None:
        if ended is _clock.follower and not ended.cancelled():
            log.error("the clock's follower ended, it begins again", exc_info=ended.exception())
            ended.get_loop().call_later(ASK_AGAIN, again)

    follower.add_done_callback(note)
    _clock.follower = follower


async def _keep_reading(
    database_url: str, asked: asyncio.Event, once_started: bool, session_name: str | None
) -> None:
    named = {"application_name": session_name} if session_name else {}
    connection, says_again = None, 0.0
    try:
        while True:
            try:
                if connection is None:
                    connection = await asyncpg.connect(
                        database_url, timeout=CONNECT_WITHIN, server_settings=named
                    )
                async with asyncio.timeout(CONNECT_WITHIN):
                    await _read(connection, once_started)
                says_again = 0.0
            except outages.AWAY as problem:
                if time.monotonic() > says_again:
                    log.warning("the clock cannot be read: %s", outages.reason(problem))
                    says_again = time.monotonic() + SAY_AGAIN
                if connection is not None:
                    connection.terminate()
                connection = None
            asked.set()
            await asyncio.sleep(READ_EVERY if connection is not None else ASK_AGAIN)
    finally:
        asked.set()
        if connection is not None:
            connection.terminate()
