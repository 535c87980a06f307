"""A database that is away, in the log: one line when it is noticed, and then one a minute."""

import logging
import time

from tortoise.exceptions import OperationalError

from miniapi import outages
from miniapi.http.problems import DATABASE_AWAY

SAY_AGAIN = 60.0  # seconds

log = logging.getLogger(__name__)


class Outage:
    """What has been said of it."""

    def __init__(self) -> None:
        self._says_again = 0.0

    def tell(self, problem: Exception) -> None:
        """Say it, unless it was just said."""
        if time.monotonic() >= self._says_again:
            log.warning("waiting for the database: %s", outages.reason(problem))
            self._says_again = time.monotonic() + SAY_AGAIN


def is_outage(problem: Exception) -> bool:
    """Whether a job failed because the database is away, however Tortoise wraps what asyncpg said."""
    causes = (problem, problem.__cause__, *(problem.args if isinstance(problem, OperationalError) else ()))
    # a ValueError is a value of ours that asyncpg would not send
    return any(isinstance(cause, DATABASE_AWAY) and not isinstance(cause, ValueError) for cause in causes)
