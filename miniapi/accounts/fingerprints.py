"""Fingerprints of identities, under a key of their own that outlives every secret of the installation."""

import hashlib
import hmac
import secrets
from datetime import datetime

from tortoise.transactions import in_transaction

from miniapi.accounts.models import IdentityKey, Person, Resident
from miniapi.database import sql
from miniapi.keys import Keys

KEEP = """
    INSERT INTO identity_key (id, key_sealed, created_at) VALUES (1, $1, $2)
    ON CONFLICT DO NOTHING RETURNING id
"""


async def fingerprint(id_number: str, keys: Keys, *, at: datetime) -> str:
    """64 hex digits that stand for one identity and tell nothing about it without the key.

    The key is made at the first need. Raises SealBroken when the secret it was sealed with is not here.
    """
    kept = await IdentityKey.get_or_none(id=1) or await _make_key(keys, at=at)
    return _fingerprint(bytes.fromhex(keys.unseal(kept.key_sealed)), id_number)


async def _make_key(keys: Keys, *, at: datetime) -> IdentityKey:
    """One random key for ever. Whoever was verified before there was one gets their fingerprint anew."""
    key = secrets.token_bytes(32)
    async with in_transaction():
        if await sql.rows(KEEP, keys.seal(key.hex()), at):
            for resident in await Resident.exclude(person_id=None):
                number = keys.unseal(resident.id_number_sealed or "")
                await Person.filter(id=resident.person_id).update(fingerprint=_fingerprint(key, number))
    return await IdentityKey.get(id=1)


def _fingerprint(key: bytes, id_number: str) -> str:
    return hmac.new(key, id_number.encode(), hashlib.sha256).hexdigest()
