"""How long the event loop of a process stands still: then nobody is answered, whatever the database does."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from miniapi import metrics

LOOK_EVERY = 0.1  # seconds
STALLED = 0.25  # seconds of lateness that are worth a line

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def watched(part: str) -> AsyncIterator[None]:
    """While the block runs, each standstill of this loop is a warning and counted."""
    metrics.listened_to(part)
    watching = asyncio.create_task(_watch(part))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(part: str) -> None:
    while True:
        expected = time.monotonic() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        if (late := time.monotonic() - expected) > STALLED:
            metrics.stalled(part, late)
            log.warning("the event loop stood still", extra={"ms": round(late * 1000)})
