"""The application in a thread of its own, for callers that are no coroutines."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.web import Web

Found = TypeVar("Found")
WITHIN = 30.0  # seconds to start, or to do one thing over there


@dataclass(frozen=True, slots=True)
class Apart:
    """A running application, and the loop it runs in."""

    web: Web
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, Found]) -> Found:
        """Do something in the application's loop, with its database."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WITHIN)


@contextmanager
def apart(begin: Callable[[AsyncExitStack], Coroutine[Any, Any, Web]]) -> Iterator[Apart]:
    """What `begin` opens, running until the end of the block."""
    started: Future[Apart] = Future()
    over: Future[None] = Future()

    async def run() -> None:
        try:
            async with AsyncExitStack() as opened:
                web = await begin(opened)
                started.set_result(Apart(web, asyncio.get_running_loop()))
                await asyncio.wrap_future(over)
        except BaseException as trouble:
            if started.done():
                raise
            started.set_exception(trouble)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield started.result(WITHIN)
    finally:
        over.set_result(None)
        thread.join(WITHIN)
