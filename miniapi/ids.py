"""Keys of rows: UUID version 7 (RFC 9562), in the order of their making."""

import secrets
import time
from uuid import UUID

from asyncpg.pgproto import pgproto  # its UUID is one of the standard library, and quicker to make and write

MADE_AS = 0x7 << 76 | 0x2 << 62  # version and variant
TICKS = 4096  # in a millisecond: the 12 bits behind the version tell time too (RFC 9562 §6.2, method 3)
RANDOM = (1 << 62) - 1
RANDOM_BYTES = 8

_last = 0  # the tick of this process' newest key


def new_id() -> UUID:
    """60 bits of time, then 62 random ones: new rows land at the end of an index."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """The same for several rows. Every key of a process is greater than those before it."""
    global _last
    first = max(_last + 1, time.time_ns() * TICKS // 1_000_000)
    _last = first + count - 1
    random = secrets.token_bytes(RANDOM_BYTES * count)
    return [_key(first + n, random[RANDOM_BYTES * n : RANDOM_BYTES * (n + 1)]) for n in range(count)]


def _key(tick: int, random: bytes) -> UUID:
    milliseconds, fraction = divmod(tick, TICKS)
    bits = int.from_bytes(random, "big") & RANDOM
    key: UUID = pgproto.UUID((milliseconds << 80 | fraction << 64 | MADE_AS | bits).to_bytes(16, "big"))
    return key
