"""Running the timetable by the business clock."""

import asyncio
import logging
from datetime import date, datetime, time

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from miniapi import clock
from scheduler.jobs import Tools
from scheduler.timetable import TIMETABLE, Daily, Every, Job

log = logging.getLogger(__name__)

ASK_DAILY_EVERY = 1  # seconds; APScheduler knows only the machine's clock, so it asks what is due by ours


def begin(tools: Tools) -> AsyncIOScheduler:
    """Start the timetable; the caller stops it."""
    runner = AsyncIOScheduler(timezone=clock.SHANGHAI)
    for entry in TIMETABLE:
        due = OncePerDay(entry) if isinstance(entry, Daily) else None
        seconds = entry.seconds if isinstance(entry, Every) else ASK_DAILY_EVERY
        runner.add_job(
            run,
            "interval",
            seconds=seconds,
            args=(entry.job, tools, due),
            id=entry.job.__name__,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    runner.start()
    return runner


class OncePerDay:
    """Whether a daily job is due: once for each day whose time has come, a missed one included."""

    def __init__(self, entry: Daily) -> None:
        self.at = time.fromisoformat(entry.at)
        self.done_for: date | None = None

    def is_due(self, now: datetime) -> bool:
        """True when this day's run is still owed; the first question of a process counts as owed."""
        here = now.astimezone(clock.SHANGHAI)
        return self.done_for is None or (self.done_for < here.date() and here.time() >= self.at)

    def note_done(self, now: datetime) -> None:
        """This day's run is done."""
        self.done_for = now.astimezone(clock.SHANGHAI).date()


async def run(job: Job, tools: Tools, due: OncePerDay | None) -> None:
    """Run one job if it is due. What goes wrong is logged, and the job comes again."""
    now = clock.now()
    if due is not None and not due.is_due(now):
        return
    try:
        said = await job(tools)
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("%s failed, it is tried again", job.__name__)
        return
    if due is not None:
        due.note_done(now)
    if said:
        log.info("%s: %s", job.__name__, said)
