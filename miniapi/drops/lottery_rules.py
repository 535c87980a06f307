"""How a draw is decided: by nothing but the seed and the registrations, so that anyone can do it again.

All text is hashed as it is written, in ASCII: a seed is 64 hex digits in lower case, a registration's key a
UUID of 36 characters in lower case with its hyphens.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from miniapi.drops.models import Drop
from miniapi.programmes.rules import Standing


def commitment(seed: str) -> str:
    """What is published of a seed beforehand: SHA-256 of its 64 characters, in hex."""
    return _hash(seed)


def digest(entries: Iterable[UUID]) -> str:
    """What fixes who takes part: SHA-256, in hex, of all keys in rising order, a newline after each."""
    return _hash("".join(f"{entry}\n" for entry in sorted(map(str, entries))))


def ranking(seed: str, entries: Iterable[UUID]) -> Sequence[UUID]:
    """The order of a draw: by SHA-256, in hex, of the seed and the registration's key right behind it."""
    return sorted(entries, key=lambda entry: _hash(f"{seed}{entry}"))


def is_over(drop: Drop, at: datetime) -> bool:
    """Whether a drop gives out nothing more, whatever is left of it."""
    return at >= drop.closes_at


def waits(drop: Drop, at: datetime, standing: Standing) -> bool:
    """Whether a lottery is not to be drawn now: too early, drawn, frozen, or its programme is not ready.

    Nothing holds it back once the drop is over: then it is only told how the draw would have been.
    """
    if at < drop.ends_at or drop.drawn_at is not None:
        return True
    held_back = drop.frozen_because or standing.frozen_because or standing.lacking
    return held_back is not None and not is_over(drop, at)


def _hash(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()
