"""A question to the database that many may put at once, and for whose answer nobody waits without end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Asking(Generic[Answer]):
    """Whoever asks meanwhile gets the same answer; it may be `fresh_for` seconds old."""

    def __init__(
        self, ask: Callable[[], Awaitable[Answer]], *, within: float, fresh_for: float = 0.0
    ) -> None:
        self._ask, self._within, self._fresh_for = ask, within, fresh_for
        self._asked: asyncio.Future[Answer] | None = None
        self._answered_at = 0.0

    async def answer(self) -> Answer:
        """The answer. Raises TimeoutError when it does not come in time, and whatever the question raises."""
        asked = self._asked
        if asked is None or (asked.done() and not self._is_fresh(asked)):
            asked = self._asked = asyncio.ensure_future(self._ask())
            asked.add_done_callback(self._note)
        # not `wait_for`: a question that is cancelled may take as long as its answer
        await asyncio.wait({asked}, timeout=self._within)
        if not asked.done():
            raise TimeoutError
        return asked.result()

    def _is_fresh(self, asked: asyncio.Future[Answer]) -> bool:
        failed = asked.cancelled() or asked.exception() is not None
        return not failed and time.monotonic() < self._answered_at + self._fresh_for

    def _note(self, asked: asyncio.Future[Answer]) -> None:
        self._answered_at = time.monotonic()
        if not asked.cancelled():
            asked.exception()  # whoever still waits gets it; nobody may be waiting
