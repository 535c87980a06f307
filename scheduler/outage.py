"""A database that is away, in the log: one line when it is noticed, and then one a minute."""

import logging
import time

from miniapi import outages

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
