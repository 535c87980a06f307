"""Keys of rows: UUID version 7 (RFC 9562), in the order of their making."""

import secrets
import time
from uuid import UUID

from asyncpg.pgproto import pgproto  # its UUID is one of the standard library, and quicker to make and write

MADE_AS = 0x7 << 76 | 0x2 << 62  # version and variant
RANDOM = 0xFFF << 64 | (1 << 62) - 1  # the bits beside them
RANDOM_BYTES = 10


def new_id() -> UUID:
    """48 bits of Unix milliseconds, then random: new rows land at the end of an index."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """The same for several rows."""
    begins = (time.time_ns() // 1_000_000) << 80 | MADE_AS
    random = secrets.token_bytes(RANDOM_BYTES * count)
    return [
        pgproto.UUID((begins | int.from_bytes(bits, "big") & RANDOM).to_bytes(16, "big"))
        for bits in (random[n : n + RANDOM_BYTES] for n in range(0, len(random), RANDOM_BYTES))
    ]
