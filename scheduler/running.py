"""Running the timetable by the business clock."""

import asyncio
import logging
import time as machine
from datetime import date, datetime, time

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from miniapi import clock, metrics, outages
from miniapi.errors import Refusal
from scheduler.jobs import Tools
from scheduler.outage import Outage
from scheduler.timetable import TIMETABLE, Daily, Every, Job

log = logging.getLogger(__name__)

FINISH_WITHIN = 10.0  # seconds
ASK_DAILY_EVERY = 1  # seconds; APScheduler knows only the machine's clock, so it asks what is due by ours


class Running:
    """The timetable at work, until `end`."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._outage = tools, Outage()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._runner = AsyncIOScheduler(timezone=clock.SHANGHAI)
        for entry in TIMETABLE:
            self._runner.add_job(
                self._start,
                "interval",
                seconds=entry.seconds if isinstance(entry, Every) else ASK_DAILY_EVERY,
                args=(entry.job, OncePerDay(entry) if isinstance(entry, Daily) else None),
                id=entry.job.__name__,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        self._runner.add_listener(_misfired, EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
        self._runner.start()

    async def end(self) -> None:
        """Begin nothing more, and finish what is in hand."""
        self._runner.pause()
        self._tools.sender.stop()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=FINISH_WITHIN)
        self._runner.shutdown(wait=False)

    async def _start(self, job: Job, due: "OncePerDay | None") -> None:
        """Run a job in a task of its own, which APScheduler does not cancel at the end."""
        task = asyncio.create_task(run(job, self._tools, due, self._outage))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        await asyncio.shield(task)


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


def _misfired(event: JobEvent) -> None:
    metrics.job_misfired(event.job_id)


async def run(job: Job, tools: Tools, due: OncePerDay | None, outage: Outage) -> None:
    """Run one job if it is due. What goes wrong is logged, and the job comes again."""
    try:
        now = clock.now()
    except clock.ClockUnknown:  # nothing is due yet
        return
    if due is not None and not due.is_due(now):
        return
    began = machine.monotonic()
    try:
        said = await job(tools)
    except Refusal as refusal:
        metrics.job_ran(job.__name__, "waits")
        log.warning("%s waits: %s", job.__name__, refusal.code)
        return
    except Exception as problem:
        metrics.job_ran(job.__name__, "failed")
        if outages.is_one(problem):
            outage.tell(problem)
        else:
            log.exception("%s failed, it is tried again", job.__name__)
        return
    finally:
        metrics.job_took(job.__name__, machine.monotonic() - began)
    metrics.job_ran(job.__name__, "done")
    if due is not None:
        due.note_done(now)
    if said:
        log.info("%s: %s", job.__name__, said)
