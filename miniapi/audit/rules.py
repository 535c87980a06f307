"""How events of the audit log are written down and chained."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

GENESIS = "0" * 64
CHAINED = ("seq", "at", "actor", "action", "subject", "reason", "request", "before", "after", "previous")
LATER = frozenset({"request"})  # hashed where it is said: events from before there was one keep their hashes

_ALWAYS_THE_SAME = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


@dataclass(frozen=True, slots=True)
class Link:
    """Where an event stands in the chain."""

    seq: int
    hash: str


def written_down(facts: Mapping[str, Any] | None) -> str | None:
    """Facts as JSON that is always written the same way."""
    return None if facts is None else _json(facts).decode()


def hash_of(event: Mapping[str, Any]) -> str:
    """SHA-256 (64 hex digits) over everything an event says, the hash of the one before it included."""
    said = {name: event[name] for name in CHAINED if name not in LATER or event[name] is not None}
    said["at"] = _at(event["at"])
    return hashlib.sha256(_json(said)).hexdigest()


def break_between(last: Link, event: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an event that follows another, in words; nothing where the chain holds."""
    if event["seq"] > last.seq + 1:
        missing = range(last.seq + 1, event["seq"])
        yield f"{_numbers(missing)} missing before it"
    elif event["previous"] != last.hash:
        yield f"it follows another event {last.seq} than the one that is there"
    if event["hash"] != hash_of(event):
        yield "it was changed after it was written"


@lru_cache(maxsize=256)  # what is done together is done at one time
def _at(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _json(facts: Mapping[str, Any]) -> bytes:
    return orjson.dumps(facts, default=str, option=_ALWAYS_THE_SAME)


def _numbers(missing: range) -> str:
    return f"event {missing[0]} is" if len(missing) == 1 else f"events {missing[0]} to {missing[-1]} are"
