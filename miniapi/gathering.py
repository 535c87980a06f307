"""Doing together what is asked at the same time: a batch of all that came while others were at work."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

FEW = 16  # in hand: beside fewer another lane is not worth it
PATIENCE = 0.05  # seconds
TURNS = 2  # of the event loop, in which more of those come who came at the same time

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Gathering(Generic[Asked, Given]):
    """Gathers what its askers want; `work` answers a batch in its order, an exception for whom it refuses.

    So many `lanes` of batches are at work at once, each of `most` askers at most. A lane beside others
    begins when half as many wait as are in hand, as a batch of a few would cost as much as one of many, or
    when somebody has waited for `PATIENCE`, as those at work may wait for something themselves. An asker who
    is gone by then changes nothing: what was begun for them is finished.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Awaitable[Sequence[Given | Exception]]],
        *,
        most: int,
        lanes: int = 1,
    ) -> None:
        self._work, self._most, self._lanes = work, most, lanes
        self._waiting: deque[tuple[Asked, asyncio.Future[Given]]] = deque()
        self._working: set[asyncio.Task[None] | None] = set()
        self._in_hand = 0

    async def ask(self, wanted: Asked) -> Given:
        """The answer for one. Raises what `work` raised, or gave for this one."""
        answer: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, answer))
        if not self._working or len(self._waiting) * 2 >= max(self._in_hand, FEW):
            self._begin()
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(PATIENCE, self._begin)
        return await answer

    def _begin(self) -> None:
        if self._waiting and len(self._working) < self._lanes:
            self._working.add(asyncio.create_task(self._live()))

    async def _live(self) -> None:
        """One lane's life: over in the moment in which nobody waits, or the next one would wait in vain."""
        try:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            while self._waiting:
                await self._work_off()
        finally:
            self._working.discard(asyncio.current_task())

    async def _work_off(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        self._in_hand += len(batch)
        try:
            answers = await self._work([wanted for wanted, _ in batch])
        except Exception as trouble:
            answers = [trouble] * len(batch)
        finally:
            self._in_hand -= len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
