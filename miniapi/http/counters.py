"""How often something happened lately, counted exactly by all workers of a host together.

Each key is one number in shared memory, the moment at which its allowance would be whole again (the
generic cell rate algorithm, GCRA). Its clock is CLOCK_MONOTONIC, which all processes of a host share.
"""

import fcntl
import math
import mmap
import os
import secrets
import struct
import time
from collections.abc import Callable
from hashlib import blake2b

PERIOD = 60 * 10**9  # nanoseconds: every limit is so many a minute
WAYS = 8  # keys that share a set; where one more comes, the one that is whole again soonest goes
SETS = 8192  # a megabyte for 65,536 keys

ENTRY = struct.Struct("=QQ")  # a key's mark, and the moment in nanoseconds
SECRET = 16  # bytes at the beginning: marks cannot be chosen from outside
SET_BYTES = WAYS * ENTRY.size


class Counters:
    """The shared table. Whoever makes it hands it on to the workers."""

    def __init__(
        self, number: int | None = None, *, sets: int = SETS, ticks: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """A new table, or the one behind an inherited file number."""
        self.number = os.memfd_create("huanxin-counters") if number is None else number
        if number is None:
            os.ftruncate(self.number, SECRET + sets * SET_BYTES)
            os.pwrite(self.number, secrets.token_bytes(SECRET), 0)
        self._table = mmap.mmap(self.number, 0)
        self._secret = self._table[:SECRET]
        self._sets = (len(self._table) - SECRET) // SET_BYTES
        self._ticks = ticks

    def take(self, key: str, limit: int) -> int:
        """Count one, if `limit` a minute allow it: 0. Otherwise the seconds until it would, and count none.

        A key may take its whole limit at once; then its allowance comes back evenly.
        """
        digest = blake2b(key.encode(errors="replace"), digest_size=16, key=self._secret).digest()
        place, mark = struct.unpack("=QQ", digest)
        begins = SECRET + place % self._sets * SET_BYTES
        fcntl.lockf(self.number, fcntl.LOCK_EX, SET_BYTES, begins)  # let go by the kernel if we die here
        try:
            return self._take(begins, mark, PERIOD // limit)
        finally:
            fcntl.lockf(self.number, fcntl.LOCK_UN, SET_BYTES, begins)

    def _take(self, begins: int, mark: int, apart: int) -> int:
        now = self._ticks()
        at, whole = self._found(begins, mark)
        # nothing is whole again later than in a period: only a write that was cut off says so
        whole = min(max(whole, now), now + PERIOD)
        over = whole + apart - now - PERIOD
        ENTRY.pack_into(self._table, at, mark, whole if over > 0 else whole + apart)
        return max(0, math.ceil(over / 10**9))

    def _found(self, begins: int, mark: int) -> tuple[int, int]:
        """Where a key stands in its set, or may stand, and the moment kept for it."""
        free, soonest = begins, None
        for at in range(begins, begins + SET_BYTES, ENTRY.size):
            theirs, whole = ENTRY.unpack_from(self._table, at)
            if theirs == mark:
                return at, whole
            if soonest is None or whole < soonest:
                free, soonest = at, whole
        return free, 0
