"""What people can ask about accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from miniapi.accounts.models import Resident, Session, SessionKey
from miniapi.database import sql
from miniapi.keys import Keys

DEVICES = """
    SELECT session.token_hash, session.expires_at, session.ended_at, resident.*
    FROM session JOIN resident ON resident.id = session.resident_id WHERE session.token_hash = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody is or was signed in."""

    resident: Resident
    expires_at: datetime
    ended_at: datetime | None


async def devices(token_hashes: Sequence[str]) -> list[Device | None]:
    """The devices of these tokens, read together; None for a token that is none."""
    found = {
        row["token_hash"]: Device(Resident._init_from_db(**row), row["expires_at"], row["ended_at"])
        for row in await sql.rows(DEVICES, list(token_hashes))
    }
    return [found.get(token_hash) for token_hash in token_hashes]


async def session_key(resident_id: UUID, keys: Keys) -> str | None:
    """WeChat's key of somebody's last login, if there was one."""
    kept = await SessionKey.get_or_none(resident_id=resident_id)
    return keys.unseal(kept.key_sealed) if kept else None


def sessions_of(resident_id: UUID, *, at: datetime) -> "QuerySet[Session]":
    """Where a resident is signed in."""
    return Session.filter(resident_id=resident_id, ended_at=None, expires_at__gt=at)
