"""Residents and people."""

import itertools
import secrets
from datetime import date, datetime, timedelta

from miniapi.accounts.fingerprints import make_ready
from miniapi.accounts.models import Person, Resident
from miniapi.accounts.rules import CHECK_CHARACTERS, WEIGHTS
from miniapi.keys import Keys

SECRET = "a secret of the tests that is long enough to be one"
KEYS = Keys(SECRET)
BORN = date(1990, 3, 7)
_serials = itertools.count(1000)  # beyond those that tests choose themselves


async def a_resident(at: datetime, *, verified: bool = True) -> Resident:
    """Somebody with an account; with a verified identity unless told otherwise."""
    resident = await Resident.create(openid=f"o{secrets.token_hex(13)}", region="yangling", created_at=at)
    if verified:
        await make_ready(KEYS, at=at)
        person = await Person.create(fingerprint=secrets.token_hex(32), created_at=at)
        resident.person_id = person.id
        resident.name_sealed = KEYS.seal("王小明")
        resident.id_number_sealed = KEYS.seal(an_id_number(next(_serials)))
        await resident.save()
    return resident


def an_id_number(serial: int = 1) -> str:
    """A citizen number that can exist, of somebody who does not."""
    days, place = divmod(serial, 1000)
    body = f"610403{BORN + timedelta(days=days):%Y%m%d}{place:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECK_CHARACTERS[total % 11]
