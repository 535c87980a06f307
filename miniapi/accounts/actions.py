"""What people can do about their account."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from miniapi.accounts import rules
from miniapi.accounts.errors import (
    IdentityAlreadyVerified,
    IdentityMismatch,
    IdentityTaken,
    IdNumberInvalid,
    PhoneInvalid,
)
from miniapi.accounts.fingerprints import fingerprint
from miniapi.accounts.identity import IdentityVerifier
from miniapi.accounts.models import Resident, Session, SessionKey
from miniapi.database import sql
from miniapi.database.races import refused_by
from miniapi.errors import NotSignedIn
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.wechat.client import WeChat

SIGNED_IN_FOR = timedelta(days=30)
OLD_TOKEN_LASTS = timedelta(minutes=1)
REMEMBER_SESSIONS = timedelta(days=7)  # so long an old token is told that it expired
WAY_ON = {"call": "POST /api/v1/tickets", "kind": "identity"}

KEEP_SESSION_KEY = """
    INSERT INTO session_key (id, resident_id, key_sealed, at) VALUES (gen_random_uuid(), $1, $2, $3)
    ON CONFLICT (resident_id) DO UPDATE SET key_sealed = excluded.key_sealed, at = excluded.at RETURNING id
"""
# the row is locked until the transaction ends, so that the clean-up does not take it away meanwhile
FIND_OR_ADD_PERSON = """
    INSERT INTO person (id, fingerprint, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (fingerprint) DO UPDATE SET fingerprint = excluded.fingerprint RETURNING id
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; the token is shown once and kept nowhere."""

    token: str
    expires_at: datetime
    resident: Resident


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and an ID number (18 characters) that belong together, as somebody who knows has said."""

    name: str
    id_number: str


async def sign_in(
    login_code: str, region: str | None, wechat: WeChat, keys: Keys, *, at: datetime
) -> SignedIn:
    """Sign in with a code of wx.login; a person unknown so far becomes a resident."""
    person = await wechat.session_for(login_code)
    token = secrets.token_urlsafe(32)
    async with in_transaction():
        # locked, so that whoever is just leaving is waited for, and comes back as somebody new
        known = await Resident.filter(openid=person.openid).select_for_update(no_key=True).first()
        resident = known or await _newcomer(person.openid, region, at)
        if person.key is not None:
            await sql.rows(KEEP_SESSION_KEY, resident.id, keys.seal(person.key), at)
        if region and region != resident.region:
            resident.region = region
            await resident.save(update_fields=["region"])
        session = await Session.create(
            resident=resident, token_hash=hash_of(token), created_at=at, expires_at=at + SIGNED_IN_FOR
        )
    return SignedIn(token, session.expires_at, resident)


async def renew(resident_id: UUID, token: str, *, at: datetime) -> SignedIn:
    """Another token in the place of this one, which is good for a minute more: requests are under way.

    Raises NotSignedIn where it was ended meanwhile.
    """
    fresh, soon = secrets.token_urlsafe(32), at + OLD_TOKEN_LASTS
    async with in_transaction():
        resident = await held(resident_id)
        old = Session.filter(token_hash=hash_of(token), ended_at=None)
        if not await old.exists():
            raise NotSignedIn()
        await old.filter(expires_at__gt=soon).update(expires_at=soon)
        session = await Session.create(
            resident=resident, token_hash=hash_of(fresh), created_at=at, expires_at=at + SIGNED_IN_FOR
        )
    return SignedIn(fresh, session.expires_at, resident)


async def sign_out(token: str, *, at: datetime) -> None:
    """End the session of this token."""
    await Session.filter(token_hash=hash_of(token), ended_at=None).update(ended_at=at)


async def sign_out_everywhere(resident_id: UUID, *, at: datetime) -> None:
    """End every session of a resident."""
    await Session.filter(resident_id=resident_id, ended_at=None).update(ended_at=at)


async def held(resident_id: UUID) -> Resident:
    """The account, locked until the transaction ends: nobody leaves it, and no identity leaves it, meanwhile.

    Call it first in a transaction that gives the account something. Raises NotSignedIn when its owner left.
    """
    resident = await Resident.filter(id=resident_id, left_at=None).select_for_update(no_key=True).first()
    if resident is None:
        raise NotSignedIn()
    return resident


async def bind_phone(resident: Resident, phone: str, keys: Keys, *, verified: bool) -> Resident:
    """Keep a phone number: verified when WeChat told it, unverified when it was typed."""
    if not rules.is_phone(phone):
        raise PhoneInvalid()
    resident.phone_sealed, resident.phone_verified = keys.seal(phone), verified
    async with in_transaction():
        await held(resident.id)
        await resident.save(update_fields=["phone_sealed", "phone_verified"])
    return resident


async def proven(name: str, id_number: str, verifier: IdentityVerifier, *, at: datetime) -> Identity:
    """The identity that the verifier confirms. Raises IdNumberInvalid, IdentityMismatch, VerifierMissing."""
    number = rules.tidy_id_number(id_number)
    if not rules.is_id_number(number, at.date()):
        raise IdNumberInvalid()
    if not await verifier.matches(name, number):
        raise IdentityMismatch()
    return Identity(name, number)


async def verify_identity(resident: Resident, identity: Identity, keys: Keys, *, at: datetime) -> Resident:
    """Tie the account to one verified person; one person has one account.

    Raises IdentityTaken, IdentityAlreadyVerified.
    """
    mark = await fingerprint(identity.id_number, keys, at=at)
    with refused_by("one_resident_per_person", IdentityTaken(way_on=WAY_ON)):
        async with in_transaction():
            account = await held(resident.id)
            person_id = (await sql.rows(FIND_OR_ADD_PERSON, new_id(), mark, at))[0]["id"]
            if account.person_id not in (None, person_id):
                raise IdentityAlreadyVerified()
            if account.person_id is None:
                account.person_id = person_id
                account.name_sealed = keys.seal(identity.name)
                account.id_number_sealed = keys.seal(identity.id_number)
                await account.save(update_fields=["person_id", "name_sealed", "id_number_sealed"])
    return account


async def move_identity(source: Resident, target: Resident) -> None:
    """Put the identity of one account on another that has none. Both are held."""
    identity = {
        "person_id": source.person_id,
        "name_sealed": source.name_sealed,
        "id_number_sealed": source.id_number_sealed,
    }
    await Resident.filter(id=source.id).update(**dict.fromkeys(identity))
    await Resident.filter(id=target.id).update(**identity)


async def leave(resident: Resident, *, at: datetime) -> None:
    """Leave nothing of an account that is held but its key: whoever signs in again is somebody new."""
    await Session.filter(resident_id=resident.id).delete()
    await SessionKey.filter(resident_id=resident.id).delete()
    await Resident.filter(id=resident.id).update(
        openid=None,
        region=None,
        person_id=None,
        name_sealed=None,
        id_number_sealed=None,
        phone_sealed=None,
        phone_verified=False,
        left_at=at,
    )


async def forget_sessions(*, at: datetime) -> int:
    """Delete sessions that ended or expired a week ago; how many it were."""
    long_ago = at - REMEMBER_SESSIONS
    return await Session.filter(Q(expires_at__lte=long_ago) | Q(ended_at__lte=long_ago)).delete()


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


async def _newcomer(openid: str, region: str | None, at: datetime) -> Resident:
    resident, _ = await Resident.get_or_create(openid=openid, defaults={"region": region, "created_at": at})
    return resident
