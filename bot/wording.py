"""How amounts, days and times are said to people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from faq.categories import Categories

WEEKDAYS = "一二三四五六日"
HALVES = {"morning": "上午", "afternoon": "下午", "evening": "晚上"}


def money(fen: int) -> str:
    """Fen as people write yuan: 520 元, 299.9 元."""
    yuan, rest = divmod(abs(fen), 100)
    cents = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{'-' if fen < 0 else ''}{yuan}{cents} 元"


def day(when: date, *, year: bool = False) -> str:
    """A day with its weekday: 9月2日（周一）."""
    front = f"{when.year}年" if year else ""
    return f"{front}{when.month}月{when.day}日（周{WEEKDAYS[when.weekday()]}）"


def moment(when: datetime, now: datetime) -> str:
    """A day and a time, with the year only where it is another one: 9月1日（周日）10:00."""
    return f"{day(when, year=when.year != now.year)}{when:%H:%M}"


def last_moment(when: datetime) -> str:
    """The end of a validity: 9月8日 24:00 where it lasts the whole day."""
    clock = "24:00" if (when.hour, when.minute) == (23, 59) else f"{when:%H:%M}"
    return f"{when.month}月{when.day}日 {clock}"


def half(when: datetime) -> str:
    """Which half of the day a time belongs to, by the word people use."""
    return HALVES[half_key(when)]


def half_key(when: datetime) -> str:
    if when.hour < 12:
        return "morning"
    return "afternoon" if when.hour < 18 else "evening"


def span(starts_at: datetime, ends_at: datetime) -> str:
    """A visit's time: 9月2日（周一）上午 09:00–11:00."""
    return f"{day(starts_at.date())}{half(starts_at)} {starts_at:%H:%M}–{ends_at:%H:%M}"


def names(keys: Iterable[str], categories: Categories) -> str:
    """Category keys by their Chinese names; what is unknown keeps its own word."""
    found = ((categories.named(key), key) for key in keys)
    return "、".join(category.name if category else key for category, key in found)
