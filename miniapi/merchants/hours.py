"""When a place is open, as people write it: 周一至周五 09:00-17:00；周六 09:00-12:00."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from miniapi.clock import SHANGHAI

DAYS = "一二三四五六日"
EVERY_DAY = "每天"
A_DAY = 24 * 60  # minutes
MOST_OPENINGS = 28  # of a week: four a day

_DAYS = re.compile(rf"(?:周|星期)([{DAYS}天])(?:(?:至|到|-|~)(?:周|星期)?([{DAYS}天]))?")
_SPAN = re.compile(r"(\d{1,2}):(\d\d)(?:-|~|至|到)(\d{1,2}):(\d\d)")
_AS_WE_WRITE = str.maketrans("：－–—～；，、", ":---~;,,", " \u3000")


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """One span of one day: the weekday (Monday 1 to Sunday 7), from and until in minutes of the day."""

    weekday: int
    begins: int
    ends: int


class HoursUnclear(ValueError):
    """Opening hours that cannot be read; the message says why."""


def read(text: str) -> list[Opening]:
    """The openings that a text tells, in their order. Raises HoursUnclear."""
    found: list[Opening] = []
    for part in filter(None, text.translate(_AS_WE_WRITE).split(";")):
        days, rest = _days(part)
        found += [Opening(day, *span) for day in days for span in _spans(rest, part)]
    openings = sorted(found)
    if len(openings) > MOST_OPENINGS:
        raise HoursUnclear(f"一周最多写 {MOST_OPENINGS} 段时间")
    for one, after in pairwise(openings):
        if one.weekday == after.weekday and after.begins < one.ends:
            raise HoursUnclear(f"周{DAYS[one.weekday - 1]}的时间有重叠")
    return openings


def written(openings: Iterable[Opening]) -> str:
    """The same as people write it: days that follow each other and are alike together."""
    by_day: dict[int, list[Opening]] = {}
    for one in sorted(openings):
        by_day.setdefault(one.weekday, []).append(one)
    parts: list[tuple[int, int, str]] = []
    for day, spans in by_day.items():
        hours = ",".join(f"{clock_time(one.begins)}-{clock_time(one.ends)}" for one in spans)
        if parts and parts[-1][1] == day - 1 and parts[-1][2] == hours:
            parts[-1] = (parts[-1][0], day, hours)
        else:
            parts.append((day, day, hours))
    return "；".join(f"{_named(first, last)} {hours}" for first, last, hours in parts)


def is_open(openings: Sequence[Opening], at: datetime) -> bool | None:
    """Whether a place is open; None where nobody said when."""
    if not openings:
        return None
    weekday, minute = moment(at)
    return any(one.weekday == weekday and one.begins <= minute < one.ends for one in openings)


def moment(at: datetime) -> tuple[int, int]:
    """The weekday and the minute of the day in China."""
    here = at.astimezone(SHANGHAI)
    return here.isoweekday(), here.hour * 60 + here.minute


def clock_time(minutes: int) -> str:
    """Minutes of a day as a clock shows them; its end is 24:00."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _days(part: str) -> tuple[list[int], str]:
    """The weekdays that a part begins with, and the rest of it; none named are all of them."""
    part = part.removeprefix(EVERY_DAY)
    days: list[int] = []
    while said := _DAYS.match(part):
        first = _weekday(said[1])
        last = _weekday(said[2]) if said[2] else first
        if last < first:
            raise HoursUnclear(f"“{said[0]}”前后颠倒")
        days += range(first, last + 1)
        part = part[said.end() :].removeprefix(",")
    return days or list(range(1, 8)), part


def _spans(text: str, part: str) -> list[tuple[int, int]]:
    spans = []
    for one in text.split(","):
        said = _SPAN.fullmatch(one)
        if said is None:
            raise HoursUnclear(f"看不懂“{part[:20]}”，请写成 周一至周五 09:00-17:00")
        begins, ends = _minutes(said[1], said[2]), _minutes(said[3], said[4])
        if not begins < ends:
            raise HoursUnclear(f"“{one}”的结束不晚于开始，跨零点的请分两天写")
        spans.append((begins, ends))
    return spans


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > A_DAY:
        raise HoursUnclear(f"没有 {hour}:{minute} 这个时间")
    return minutes


def _weekday(said: str) -> int:
    return DAYS.index("日" if said == "天" else said) + 1


def _named(first: int, last: int) -> str:
    if (first, last) == (1, 7):
        return EVERY_DAY
    return f"周{DAYS[first - 1]}" + (f"至周{DAYS[last - 1]}" if last > first else "")
