"""What happens by itself, and when: a list a manager could read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scheduler import jobs
from scheduler.jobs import Tools

Job = Callable[[Tools], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again."""

    seconds: int
    job: Job
    why: str


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at a time of the business clock, Beijing time.

    A scheduler that begins to lead does not know what was done before: it runs each job at once, whatever
    the time, and that is its run of this day. So a day may see several, and none is left out for good.
    """

    at: str
    job: Job
    why: str


TIMETABLE: tuple[Every | Daily, ...] = (
    Every(seconds=1, job=jobs.announce_drops, why="The log says when a drop has opened."),
    Every(seconds=5, job=jobs.draw_lotteries, why="Whoever registered knows by then, also after an outage."),
    Every(seconds=1, job=jobs.send_reminders, why="A reminder is worth its minute."),
    Every(
        seconds=2,
        job=jobs.hold_reminders_back,
        why="Nobody is called to a drop that was frozen while its crowd is being told.",
    ),
    Every(
        seconds=10, job=jobs.check_words, why="The staff see what WeChat says of words before they answer."
    ),
    Every(seconds=5, job=jobs.expire_vouchers, why="What lapses at midnight is back in the pool at once."),
    Every(seconds=60, job=jobs.remind_of_expiry, why="Nobody loses money to a date they forgot."),
    Every(seconds=30, job=jobs.give_back_places, why="Who began to book and went away keeps nobody waiting."),
    Every(
        seconds=60,
        job=jobs.remind_of_pickups,
        why="Somebody is at home when the crew comes, and the crew comes.",
    ),
    Every(
        seconds=60,
        job=jobs.give_back_left_alone,
        why="Whoever waits for a crew in which nobody is any more gets another one.",
    ),
    Every(
        seconds=60, job=jobs.end_missed_pickups, why="Whoever waited in vain is told so, and may choose anew."
    ),
    Daily(at="00:05", job=jobs.lay_out_slots, why="Residents can always book two weeks ahead."),
    Daily(at="00:10", job=jobs.anchor_audit_log, why="Whoever cuts off the audit log's end is found out."),
    Daily(at="03:30", job=jobs.clean_up, why="What nobody needs any more is nobody's to lose."),
)
