"""Fingerprints of identities, under a key of their own that outlives every secret of the installation."""

import asyncio
import hashlib
import hmac
import logging
import secrets
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.models import IdentityKey, Resident
from miniapi.database import sql
from miniapi.keys import Keys

LOCK = 0x69_64_65_6E_74  # "ident": the key is made once, whoever needs it
BATCH = 500
ASK_AGAIN = 0.5  # seconds between two looks whether another host has made the key

TRY = "SELECT pg_try_advisory_xact_lock($1) AS ours"
WAIT = "SELECT pg_advisory_xact_lock($1)"
VERIFIED = f"""
    SELECT person_id, id_number_sealed FROM resident
    WHERE person_id IS NOT NULL AND ($1::uuid IS NULL OR person_id > $1) ORDER BY person_id LIMIT {BATCH}
"""  # noqa: S608
REPLACE = """
    UPDATE person SET fingerprint = fresh.mark FROM unnest($1::uuid[], $2::text[]) AS fresh (id, mark)
    WHERE person.id = fresh.id RETURNING person.id
"""

log = logging.getLogger(__name__)


class IdentitiesNotReady(ConnectionError):
    """Fingerprints of a home from before are not made anew yet; its start does it as soon as it can."""


async def fingerprint(id_number: str, keys: Keys, *, at: datetime) -> str:
    """64 hex digits that stand for one identity and tell nothing about it without the key.

    Where nobody was ever verified, the key is made. Raises SealBroken when the secret it was sealed with is
    not here, and IdentitiesNotReady.
    """
    kept = await IdentityKey.get_or_none(id=1) or await _first_key(keys, at=at)
    return _fingerprint(bytes.fromhex(keys.unseal(kept.key_sealed)), id_number)


async def make_ready(keys: Keys, *, at: datetime) -> None:
    """See to the key before anybody is served; a second host waits until the first one has.

    Whoever was verified before there was a key gets their fingerprint anew, all in one transaction: nobody
    can be two persons meanwhile. Raises SealBroken when an ID number cannot be opened; nothing is changed.
    """
    while True:
        if await _made(keys, at=at):
            return
        await asyncio.sleep(ASK_AGAIN)


async def _first_key(keys: Keys, *, at: datetime) -> IdentityKey:
    async with in_transaction():
        await sql.rows(WAIT, LOCK)
        kept = await IdentityKey.get_or_none(id=1)
        if kept is None and await Resident.exclude(person_id=None).exists():
            raise IdentitiesNotReady("the fingerprints of this home are not made anew yet")
        return kept or await _keep(secrets.token_bytes(32), keys, at=at)


async def _made(keys: Keys, *, at: datetime) -> bool:
    """Whether there is the key, made here if nobody else is just making it."""
    async with in_transaction():
        if await IdentityKey.exists(id=1):
            return True
        if not (await sql.rows(TRY, LOCK))[0]["ours"]:
            return False
        if not await IdentityKey.exists(id=1):  # or another host was faster
            key = secrets.token_bytes(32)
            await _fingerprint_anew(key, keys)
            await _keep(key, keys, at=at)
        return True


async def _fingerprint_anew(key: bytes, keys: Keys) -> None:
    last: UUID | None = None
    done = 0
    while batch := await sql.rows(VERIFIED, last):
        marks = [_fingerprint(key, keys.unseal(row["id_number_sealed"])) for row in batch]
        done += len(await sql.rows(REPLACE, [row["person_id"] for row in batch], marks))
        last = batch[-1]["person_id"]
    if done:
        log.info("made the fingerprints of %d identities anew", done)


async def _keep(key: bytes, keys: Keys, *, at: datetime) -> IdentityKey:
    return await IdentityKey.create(id=1, key_sealed=keys.seal(key.hex()), created_at=at)


def _fingerprint(key: bytes, id_number: str) -> str:
    return hmac.new(key, id_number.encode(), hashlib.sha256).hexdigest()
