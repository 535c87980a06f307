"""Keeping processes running: each part is a fork of the one process that looks after all of them.

That process has one thread and has loaded what its parts need, so a part that died is back at once,
and what was loaded is in memory once.
"""

import gc
import logging
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from miniapi import logs, metrics
from miniapi.stopping import STOPPING, asked, uninterrupted

END_WITHIN = 11.0  # seconds a part has to finish what is in hand; a little more than Sanic gives itself
LOOK_EVERY = 1.0  # seconds between two looks at the parts, beside those that a signal asks for
SOON_AGAIN = 0.2  # seconds, where a part is killed again and again
LATER_AGAIN = 1.0  # seconds, where it keeps ending by itself
STABLE_AFTER = 5.0  # seconds
SOON_ENDS = 5  # a part that was never stable may end by itself so often
SOON_ENDS_WITHIN = 30.0  # seconds

log = logging.getLogger(__name__)

_ours_alone: list[IO[str]] = []


class KeepsEnding(Exception):
    """A part ends whenever it is started; the message says which."""


@dataclass
class Part:
    """One process that should run: its name, and its life after the fork."""

    name: str
    work: Callable[[], object]
    again: bool = True  # whether it is started again when it ends
    pid: int | None = field(default=None, init=False)
    began: float = field(default=0.0, init=False)
    due: float = field(default=0.0, init=False)  # the monotonic second at which it may start again
    was_stable: bool = field(default=False, init=False)
    ends: int = field(default=0, init=False)  # since it was stable last
    soon_ends: list[float] = field(default_factory=list, init=False)

    @property
    def is_due(self) -> bool:
        return self.pid is None and self.due <= time.monotonic()


@contextmanager
def not_for_parts(file: IO[str]) -> Iterator[None]:
    """While the block runs, parts close their copy of this file: what it locks is ours alone."""
    _ours_alone.append(file)
    try:
        yield
    finally:
        _ours_alone.remove(file)


def supervise(parts: Sequence[Part]) -> None:
    """Run all parts until a signal ends us, replacing each that dies; then end all of them.

    Raises KeepsEnding where a part never begins to work, and Stopped.
    """
    for part in parts:
        if part.again:
            metrics.kept_running(part.name)
    gc.freeze()  # what was loaded stays shared
    with uninterrupted(), _lifeline() as lifeline, _woken() as wait:
        try:
            while not asked():
                for part in parts:
                    _look_after(part)
                    if part.is_due:
                        _begin(part, lifeline)
                wait(min([LOOK_EVERY, *(part.due - time.monotonic() for part in parts if part.pid is None)]))
        finally:
            _end(parts, wait)


@contextmanager
def _lifeline() -> Iterator[int]:
    """A pipe whose far end is ours alone: when we are gone, however we went, parts read its end."""
    near, far = os.pipe()
    try:
        with os.fdopen(far, "w") as ours, not_for_parts(ours):
            yield near
    finally:
        os.close(near)


@contextmanager
def _woken() -> Iterator[Callable[[float], None]]:
    """How to wait some seconds, or until a signal comes."""
    bell, ringer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)

    def wait(seconds: float) -> None:
        if select.select([bell], [], [], max(seconds, 0))[0]:
            os.read(bell, 4096)

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        os.close(bell)
        os.close(ringer)


def _begin(part: Part, lifeline: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # until the fork knows what to do with them
    try:
        pid = os.fork()
        if pid == 0:
            _live(part, lifeline)
    except OSError as problem:
        log.error("%s cannot be started, it is tried again: %s", part.name, problem)
        part.due = time.monotonic() + LATER_AGAIN
    else:
        part.pid, part.began = pid, time.monotonic()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _live(part: Part, lifeline: int) -> NoReturn:
    status = 1
    try:
        Path("/proc/self/comm").write_text(part.name)  # for `ps` and `top`
        os.setsid()  # Ctrl-C in a terminal reaches our parent alone, which ends its parts in order
        os.dup2(lifeline, 0)
        for file in _ours_alone:
            file.close()
        signal.set_wakeup_fd(-1)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        logs.speak_as(part.name)
        part.work()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            log.error("%s: %s", part.name, ended.code)
    except BaseException:
        log.critical("%s failed", part.name, exc_info=True)
    finally:
        with suppress(OSError):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _look_after(part: Part) -> None:
    """Notice that a part has ended, and plan when it begins again. Raises KeepsEnding."""
    if part.pid is None:
        return
    pid, status = os.waitpid(part.pid, os.WNOHANG)
    if pid == 0:
        return
    part.pid = None
    with suppress(OSError):  # a full disk must not end us
        (metrics.replaced(part.name, pid) if part.again else metrics.ended(pid))
    if part.again:
        _plan_again(part, os.waitstatus_to_exitcode(status))
    else:
        part.due = math.inf


def _plan_again(part: Part, code: int) -> None:
    log.error("%s ended with %s, starting it again", part.name, code)
    now = time.monotonic()
    part.ends += 1
    was_killed = code == -signal.SIGKILL  # somebody's doing, or the machine's
    if now - part.began > STABLE_AFTER:
        part.was_stable, part.ends = True, 0
    part.due = now + (0 if part.ends < 2 else SOON_AGAIN if was_killed else LATER_AGAIN)
    if part.was_stable or was_killed:
        return
    part.soon_ends = [at for at in part.soon_ends if now - at < SOON_ENDS_WITHIN] + [now]
    if len(part.soon_ends) >= SOON_ENDS:
        raise KeepsEnding(f"{part.name} 每次启动后很快就退出（{SOON_ENDS} 次），原因见上面的日志")


def _end(parts: Sequence[Part], wait: Callable[[float], None]) -> None:
    deadline = time.monotonic() + END_WITHIN
    _signal(parts, signal.SIGTERM)
    while _running(parts) and time.monotonic() < deadline:
        wait(0.2)
    for part in _running(parts):
        log.error("%s did not end in %d s, killed", part.name, END_WITHIN)
    _signal(parts, signal.SIGKILL)
    for part in parts:
        if part.pid is not None:
            os.waitpid(part.pid, 0)


def _signal(parts: Sequence[Part], number: signal.Signals) -> None:
    for part in parts:
        if part.pid is not None:
            os.kill(part.pid, number)  # not reaped yet, so the number is still its


def _running(parts: Sequence[Part]) -> list[Part]:
    for part in parts:
        if part.pid is not None and os.waitpid(part.pid, os.WNOHANG)[0]:
            part.pid = None
    return [part for part in parts if part.pid is not None]
