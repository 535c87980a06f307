"""People of the bureau."""

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher

from miniapi.accounts.actions import hash_of
from miniapi.keys import Keys
from miniapi.staff.models import Staff, StaffRole, StaffSession

PASSWORD = "four words and more"


async def a_staff(
    at: datetime, *roles: StaffRole, keys: Keys | None = None, secret: str | None = None, **facts: object
) -> Staff:
    """Somebody of the bureau, with a second factor where keys to seal its secret are given."""
    known: dict[str, object] = {
        "username": f"s{secrets.token_hex(6)}",
        "roles": [role.value for role in roles or (StaffRole.BUREAU,)],
        "password_hash": a_hash(),
        "totp_sealed": keys.seal(secret or pyotp.random_base32()) if keys else None,
        "demo": keys is None,
        "created_at": at,
    }
    return await Staff.create(**known | facts)


async def a_desk_of(staff: Staff) -> str:
    """A good token of this account."""
    token = f"desk-of-{staff.id}"
    now = datetime.now(UTC)
    await StaffSession.get_or_create(
        token_hash=hash_of(token),
        defaults={"staff_id": staff.id, "created_at": now, "expires_at": now + timedelta(hours=12)},
    )
    return token


@cache
def a_hash() -> str:
    """What is kept of the password, made with as little work as possible."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
