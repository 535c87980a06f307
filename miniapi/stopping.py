"""Being asked to stop: a signal ends the work at a good moment, quietly, and once."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

Result = TypeVar("Result")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, a closed terminal


class Stopped(SystemExit):
    """Somebody asked this process to stop; where nobody catches it, it ends with status 0.

    That is right for what works until it is stopped; the command line says otherwise for the rest.
    """


class _Request:
    """Whether somebody asked, and what may not be interrupted just now."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.asked = False
        self.asked_at = 0.0
        self.raised = False
        self.held = 0
        self.tell: Callable[[], object] | None = None

    def note(self, _number: int, _frame: object) -> None:
        if self.asked:  # the end is on its way
            return
        self.asked, self.asked_at = True, time.monotonic()
        if self.tell is not None:
            self.tell()
        if not self.held:
            self.stop()

    def stop(self) -> None:
        self.raised = True
        raise Stopped(0)


_request = _Request()


def stop_on_signals() -> None:
    """Let the signals that end a program raise Stopped, also where a shell had SIGINT ignored."""
    _request.forget()  # what a fork inherited was asked of its parent
    for number in STOPPING:
        signal.signal(number, _request.note)


def stop_no_more() -> None:
    """The work is done: from here on a signal changes nothing."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def asked() -> bool:
    """Whether somebody asked this process to stop."""
    return _request.asked


def asked_since() -> float:
    """Seconds since somebody asked this process to stop; 0 while nobody has."""
    return time.monotonic() - _request.asked_at if _request.asked else 0.0


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A stop that is asked for meanwhile happens at the end of the block. Raises Stopped there."""
    _request.held += 1
    try:
        yield
    finally:
        _request.held -= 1
    if _request.asked and not _request.raised and not _request.held:
        _request.stop()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """asyncio.run, in which a stop cancels the work. Raises Stopped then."""

    async def until_asked() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine that asyncio.run runs is a task
        _request.tell = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            return await work
        finally:
            _request.tell = None

    with uninterrupted():
        try:
            return asyncio.run(until_asked())
        except asyncio.CancelledError:
            if not _request.asked:
                raise
    raise AssertionError("a stop raises Stopped")


def end_with_parent() -> None:
    """In a part: stop when whoever started it is gone; its end of our standard input closes then."""

    def wait() -> None:
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
