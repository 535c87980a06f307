"""Residents and people."""

import secrets
from datetime import datetime

from miniapi.accounts.models import Person, Resident
from miniapi.accounts.rules import CHECK_CHARACTERS, WEIGHTS

BORN = "19900307"


async def a_resident(at: datetime, *, verified: bool = True) -> Resident:
    """Somebody with an account; with a verified identity unless told otherwise."""
    resident = await Resident.create(openid=f"o{secrets.token_hex(13)}", region="yangling", created_at=at)
    if verified:
        person = await Person.create(fingerprint=secrets.token_hex(32), created_at=at)
        resident.person_id, resident.name_sealed, resident.id_number_sealed = person.id, "-", "-"
        await resident.save()
    return resident


def an_id_number(serial: int = 1) -> str:
    """A citizen number that can exist, of somebody who does not."""
    body = f"610403{BORN}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECK_CHARACTERS[total % 11]
