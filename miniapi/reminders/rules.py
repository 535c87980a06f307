"""Decisions about notices."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from miniapi.clock import SHANGHAI

STILL_USEFUL_FOR = timedelta(minutes=30)  # after the occasion; later a message only confuses
MOST_ATTEMPTS = 5
LEASE_SECONDS = 30  # longer than any call to WeChat takes
BATCH = 50
REMEMBER_PUSHES = timedelta(days=7)


def due_at(occasion_at: datetime, minutes_before: int) -> datetime:
    """When a reminder is to be sent."""
    return occasion_at - timedelta(minutes=minutes_before)


def shown(values: Mapping[str, str | datetime]) -> dict[str, str]:
    """The values of a message as text: times as people read them, in Beijing time."""
    return {name: _read(value) if isinstance(value, datetime) else value for name, value in values.items()}


@lru_cache(maxsize=256)  # thousands are told of one time
def _read(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y年%m月%d日 %H:%M}"
