"""What the collector of garbage looks at in a process that works for long, and how often."""

import ctypes
import gc
from contextlib import suppress

LOOKED_AFTER = 50_000  # objects more than went: a busy process holds thousands in hand, and few are garbage


def settle_down() -> None:
    """What was loaded is there for good and is looked at by no collector; what loading took goes back.

    glibc keeps freed memory otherwise, some 28 MiB of each worker's; other libraries have nothing to call.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOKED_AFTER)
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
