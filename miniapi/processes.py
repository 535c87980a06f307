"""Starting processes, keeping them running, and ending all of them."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

END_WITHIN = 14.0  # seconds a process has to finish what is in hand
SOON_AGAIN = 0.2
LATER_AGAIN = 1.0  # where it keeps dying at once
STABLE_AFTER = 5.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, a closed terminal

log = logging.getLogger(__name__)


@dataclass
class Part:
    """One process that should run: its name, its command, the sockets it inherits."""

    name: str
    command: Sequence[str]
    inherits: tuple[int, ...] = ()
    process: asyncio.subprocess.Process | None = field(default=None, init=False)


class Stopped(Exception):
    """Somebody asked this process to stop."""


def stop_on_signals() -> None:
    """Let the signals that end a program raise Stopped, also where a shell had SIGINT ignored."""

    def stop(number: int, _frame: object) -> None:
        raise Stopped(signal.Signals(number).name)

    for number in STOPPING:
        signal.signal(number, stop)


async def supervise(parts: Sequence[Part], environment: Mapping[str, str]) -> None:
    """Run all parts until a signal ends us, replacing each that dies; then end all of them."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in STOPPING:
        loop.add_signal_handler(number, stop.set)
    keepers = [asyncio.create_task(_keep_running(part, environment)) for part in parts]
    try:
        await stop.wait()
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(_end(part) for part in parts))


def end_with_parent() -> None:
    """In a part: stop when whoever started it is gone; its end of our standard input closes then."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


async def _keep_running(part: Part, environment: Mapping[str, str]) -> None:
    while True:
        began = time.monotonic()
        part.process = await asyncio.create_subprocess_exec(
            *part.command,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=part.inherits,
            start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we end the parts in order
        )
        code = await part.process.wait()
        log.error("%s ended with %s, starting it again", part.name, code)
        await asyncio.sleep(SOON_AGAIN if time.monotonic() - began > STABLE_AFTER else LATER_AGAIN)


async def _end(part: Part) -> None:
    process = part.process
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_WITHIN)
    except TimeoutError:
        log.error("%s did not end in %d s, killed", part.name, END_WITHIN)
        process.kill()
        await process.wait()
