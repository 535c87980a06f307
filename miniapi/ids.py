"""Keys of rows: UUID version 7 (RFC 9562), in the order of their making."""

import secrets
import struct
import time
from uuid import UUID

from asyncpg.pgproto import pgproto  # its UUID is one of the standard library, and quicker to make and write

MADE_AS = 0x7 << 76 | 0x2 << 62  # version and variant
TICKS = 4096  # in a millisecond: the 12 bits behind the version tell time too (RFC 9562 §6.2, method 3)
RANDOM = (1 << 62) - 1

_last = 0  # the tick of this process' newest key


def new_id() -> UUID:
    """60 bits of time, then 62 random ones: new rows land at the end of an index."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """The same for several rows. Every key of a process is greater than those before it."""
    global _last
    first = max(_last + 1, time.time_ns() * TICKS // 1_000_000)
    _last = first + count - 1
    random = struct.unpack(f">{count}Q", secrets.token_bytes(8 * count))
    return [_key(first + n, bits & RANDOM) for n, bits in enumerate(random)]


def _key(tick: int, random: int) -> UUID:
    milliseconds, fraction = divmod(tick, TICKS)
    bits = milliseconds << 80 | fraction << 64 | MADE_AS | random
    key: UUID = pgproto.UUID(bits.to_bytes(16, "big"))
    return key
