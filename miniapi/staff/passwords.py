"""Passwords: hashed with Argon2id, which is slow on purpose, away from the event loop."""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for something else

_hasher = PasswordHasher()  # the parameters of RFC 9106 for servers with little memory


def made() -> str:
    """A password nobody can guess and everybody can type: sixteen characters in four groups."""
    return "-".join("".join(secrets.choice(LEGIBLE) for _ in range(4)) for _ in range(4))


async def hash_of(password: str) -> str:
    """What is kept of a password."""
    return await asyncio.to_thread(_hasher.hash, password)


async def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; where none was, it is wrong after the same time."""

    def verify() -> bool:
        try:
            nobodys = _nobodys()
            return _hasher.verify(kept or nobodys, password)
        except VerificationError:
            return False

    return await asyncio.to_thread(verify) and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether today's parameters are others than those this hash was made with."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe())
