"""How fast we may go: a bucket that fills evenly, from which every beginning takes a token."""

import time


class Pace:
    """At most `per_second` beginnings a second in the long run, `most` at once; 0 a second: no limit."""

    def __init__(self, per_second: int, *, most: int) -> None:
        self._per_second, self._most = per_second, most
        self._tokens, self._filled_at = float(most), time.monotonic()

    def take(self, wanted: int) -> int:
        """How many of the wanted may begin now; they are taken out."""
        if not self._per_second:
            return wanted
        now = time.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        allowed = min(wanted, int(self._tokens))
        self._tokens -= allowed
        return allowed

    def give_back(self, unused: int) -> None:
        """Put back what was taken and not needed."""
        self._tokens = min(self._most, self._tokens + unused)

    @property
    def seconds_each(self) -> float:
        """How long it takes until the next may begin, at most."""
        return 1 / self._per_second if self._per_second else 0.0
