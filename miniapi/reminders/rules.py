"""Decisions about notices."""

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

from miniapi.clock import SHANGHAI

STILL_USEFUL_FOR = timedelta(minutes=30)  # after the occasion; later a message only confuses
CALL_WITHIN = 15.0  # seconds; whoever has not answered by then is not waited for
LEASE_SECONDS = 20  # longer than any call is waited for
LONGEST_WAIT = 30.0  # seconds between two tries
HOLD_AHEAD = timedelta(seconds=10)  # so long before it is due a reminder of what is paused is held back
REMEMBER_PUSHES = timedelta(days=7)
QUIET_FROM, QUIET_UNTIL = time(21), time(8)
EVENING = time(20)  # when somebody is reminded of tomorrow
STANDS = "stands:"  # how keys begin of what somebody is told anyhow, whatever comes of its occasion later
MOST_ASKED_FOR = 5  # templates in one dialog, as WeChat allows

# Whether a second copy is better than none, where nobody knows if the first arrived: decision 48.
# A second copy uses up another consent, so it must be worth one.
SECOND_COPY_BETTER = MappingProxyType(
    {
        "drop": False,
        "claimed": False,
        "voucher_expiry": True,  # or the money lapses
        "redeemed": False,  # a second one looks like a second sale
        "refunded": False,
        "pickup": True,  # or nobody is at home
        "ticket": False,
        "report": True,  # or a deadline passes
    }
)

# What somebody will want to hear of after a moment at which a page may ask: the most wanted first
WANTED_AT = MappingProxyType(
    {
        "drop": ("drop", "claimed", "voucher_expiry"),
        "claim": ("claimed", "voucher_expiry", "redeemed"),
        "counter": ("redeemed", "refunded"),
        "pickup": ("pickup",),
        "ticket": ("ticket",),
    }
)


def due_at(occasion_at: datetime, minutes_before: int) -> datetime:
    """When a reminder is to be sent."""
    return occasion_at - timedelta(minutes=minutes_before)


def minutes_from_evening(occasion_at: datetime) -> int:
    """How many minutes before an occasion the evening of the day before is."""
    here = occasion_at.astimezone(SHANGHAI)
    evening = datetime.combine(here.date() - timedelta(days=1), EVENING, SHANGHAI)
    return int((here - evening).total_seconds()) // 60


def quiet_until(at: datetime) -> datetime | None:
    """When the quiet hours end that it is now; None at other times."""
    here = at.astimezone(SHANGHAI)
    if QUIET_UNTIL <= here.time() < QUIET_FROM:
        return None
    day = here.date() + timedelta(days=1) if here.time() >= QUIET_FROM else here.date()
    return datetime.combine(day, QUIET_UNTIL, SHANGHAI)


def begin_of_day(at: datetime) -> datetime:
    """The midnight that began this day."""
    return at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def wait_before(attempt: int) -> float:
    """Seconds before the try after this one: twice as long each time, and not all at once."""
    return min(2.0 ** (attempt - 1), LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311  no secret


def shown(values: Mapping[str, str | datetime]) -> dict[str, str]:
    """The values of a message as text: times as people read them, in Beijing time."""
    return {name: _read(value) if isinstance(value, datetime) else value for name, value in values.items()}


@lru_cache(maxsize=256)  # thousands are told of one time
def _read(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y年%m月%d日 %H:%M}"
