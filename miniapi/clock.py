"""The one business clock: the database server's time plus one offset kept in the database.

Every process follows it: one connection of its own reads the time a few times a second, and
between two readings the machine's monotonic clock carries it on. It never goes backwards.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

SHANGHAI = ZoneInfo("Asia/Shanghai")
READ_EVERY = 0.25  # seconds; a moved clock is known everywhere within a second
BEST_OF = 8  # readings; the one with the shortest way to the database is believed

log = logging.getLogger(__name__)

READ = "SELECT clock_timestamp() AS server_time, shift FROM clock"
MOVE = """
    UPDATE clock SET shift = $1::timestamptz - clock_timestamp(), started = true
    WHERE $1::timestamptz >= clock_timestamp() + shift RETURNING shift
"""
START = """
    UPDATE clock SET started = true,
        shift = CASE WHEN $1::timestamptz > clock_timestamp() + shift OR NOT started AND $1 IS NOT NULL
                     THEN $1::timestamptz - clock_timestamp() ELSE shift END
    RETURNING clock_timestamp() + shift
"""


class ClockBackwards(Exception):
    """Asked to move the clock to a time that has passed."""


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
            raise RuntimeError("the clock is not followed yet: call clock.follow() first")
        best = min(self.readings, key=lambda reading: reading.took)
        self.last = max(self.last, best.carried_on(time.monotonic()))
        return self.last.astimezone(SHANGHAI)

    def believe(self, reading: _Reading) -> None:
        if self.readings and self.readings[-1].shift != reading.shift:
            self.readings.clear()
        self.readings = [*self.readings[-BEST_OF + 1 :], reading]


_clock = _Clock()


def now() -> datetime:
    """The business time, in +08:00."""
    return _clock.now()


async def follow(database_url: str) -> None:
    """Begin to follow the clock of this database; returns when the time is known."""
    await stop()
    connection = await asyncpg.connect(database_url)
    await _read(connection)
    _clock.follower = asyncio.create_task(_keep_reading(connection, database_url))


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
    connection = await asyncpg.connect(database_url)
    try:
        goes_on_from: datetime = await connection.fetchval(START, at)
    finally:
        await connection.close()
    return goes_on_from.astimezone(SHANGHAI)


async def move_to(database_url: str, at: datetime) -> datetime:
    """Move the clock of all processes forward to `at`. Raises ClockBackwards, and moves nothing."""
    connection = await asyncpg.connect(database_url)
    try:
        if await connection.fetchval(MOVE, at) is None:
            raise ClockBackwards(f"the clock is already past {at.isoformat()}")
        await _read(connection)
    finally:
        await connection.close()
    return now()


async def _read(connection: asyncpg.Connection) -> None:
    asked = time.monotonic()
    row = await connection.fetchrow(READ)
    answered = time.monotonic()
    _clock.believe(
        _Reading(
            shown=row["server_time"] + row["shift"],
            at=(asked + answered) / 2,
            took=answered - asked,
            shift=row["shift"],
        )
    )


async def _keep_reading(connection: asyncpg.Connection, database_url: str) -> None:
    try:
        while True:
            await asyncio.sleep(READ_EVERY)
            try:
                if connection.is_closed():
                    connection = await asyncpg.connect(database_url, timeout=5)
                await asyncio.wait_for(_read(connection), timeout=5)
            except (
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                TimeoutError,
            ) as problem:
                log.warning("the clock cannot be read, it runs on by itself: %s", problem)
                connection.terminate()
                await asyncio.sleep(1)
    finally:
        connection.terminate()
