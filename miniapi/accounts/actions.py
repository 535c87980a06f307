"""What people can do about their account."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from miniapi.accounts import rules
from miniapi.accounts.errors import (
    IdentityAlreadyVerified,
    IdentityMismatch,
    IdentityTaken,
    IdNumberInvalid,
    PhoneInvalid,
)
from miniapi.accounts.identity import IdentityVerifier
from miniapi.accounts.models import Person, Resident, Session
from miniapi.database.races import refused_by
from miniapi.keys import Keys
from miniapi.wechat.client import WeChat

SIGNED_IN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; the token is shown once and kept nowhere."""

    token: str
    expires_at: datetime
    resident: Resident


async def sign_in(login_code: str, region: str | None, wechat: WeChat, *, at: datetime) -> SignedIn:
    """Sign in with a code of wx.login; a person unknown so far becomes a resident."""
    openid = (await wechat.session_for(login_code)).openid
    resident, _ = await Resident.get_or_create(openid=openid, defaults={"region": region, "created_at": at})
    if region and region != resident.region:
        resident.region = region
        await resident.save(update_fields=["region"])
    token = secrets.token_urlsafe(32)
    session = await Session.create(
        resident=resident, token_hash=hash_of(token), created_at=at, expires_at=at + SIGNED_IN_FOR
    )
    return SignedIn(token, session.expires_at, resident)


async def sign_out(token: str, *, at: datetime) -> None:
    """End the session of this token."""
    await Session.filter(token_hash=hash_of(token), ended_at=None).update(ended_at=at)


async def bind_phone(resident: Resident, phone: str, keys: Keys, *, verified: bool) -> Resident:
    """Keep a phone number: verified when WeChat told it, unverified when it was typed."""
    if not rules.is_phone(phone):
        raise PhoneInvalid()
    resident.phone_sealed, resident.phone_verified = keys.seal(phone), verified
    await resident.save(update_fields=["phone_sealed", "phone_verified"])
    return resident


async def verify_identity(
    resident: Resident, name: str, id_number: str, keys: Keys, verifier: IdentityVerifier, *, at: datetime
) -> Resident:
    """Tie the account to one verified person; one person has one account."""
    number = rules.tidy_id_number(id_number)
    if not rules.is_id_number(number, at.date()):
        raise IdNumberInvalid()
    if not await verifier.matches(name, number):
        raise IdentityMismatch()
    with refused_by("one_resident_per_person", IdentityTaken()):
        async with in_transaction():
            person, _ = await Person.get_or_create(
                fingerprint=keys.fingerprint(number), defaults={"created_at": at}
            )
            tied = await Resident.filter(id=resident.id, person_id=None).update(
                person_id=person.id, name_sealed=keys.seal(name), id_number_sealed=keys.seal(number)
            )
            await resident.refresh_from_db()
            if not tied and resident.person_id != person.id:
                raise IdentityAlreadyVerified()
    return resident


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
