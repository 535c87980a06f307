"""The JSON of accounts."""

from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from miniapi.accounts import rules
from miniapi.accounts.actions import SignedIn, hash_of
from miniapi.accounts.models import Resident, Session
from miniapi.http.answers import Id, Time, written
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.keys import Keys

Code = Annotated[str, Field(min_length=1, max_length=128)]


class Login(Body):
    """A code of wx.login, and the city the mini-program was opened for."""

    code: Code
    region: RegionName | None = None


class Phone(Body):
    """What the phone-number button gave, in its new way or its old one, or a number typed by hand."""

    code: Code | None = None
    encrypted_data: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    iv: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def one_of_the_ways(self) -> "Phone":
        """Exactly one must be given, the old way with both of its parts."""
        if (self.encrypted_data is None) != (self.iv is None):
            raise ValueError("encrypted_data 与 iv 必须一起填")
        if [self.code, self.encrypted_data, self.phone].count(None) != 2:
            raise ValueError("code、encrypted_data 与 phone 必须且只能填一个")
        return self


class Identity(Body):
    """A name and a citizen number as they stand on the card."""

    name: Annotated[str, Field(min_length=2, max_length=50)]
    id_number: Annotated[str, Field(min_length=1, max_length=30)]


class PhoneJson(TypedDict):
    """A phone number as far as it is shown, and whether WeChat vouched for it."""

    phone: str | None
    verified: bool


class IdentityJson(TypedDict):
    """An identity as far as it is shown."""

    verified: bool
    name: str | None
    id_number: str | None


class ResidentJson(TypedDict):
    """An account as its owner sees it."""

    id: Id
    region: str | None
    phone: str | None
    phone_verified: bool
    identity: IdentityJson
    created_at: Time


class SessionJson(TypedDict):
    """Where the owner is signed in; `current` is the session that asks."""

    created_at: Time
    expires_at: Time
    current: bool


class SignedInJson(TypedDict):
    """A new session; the token is shown this once."""

    token: str
    expires_at: Time
    resident: ResidentJson


class RenewedJson(TypedDict):
    """A session that goes on under another token, which is shown this once."""

    token: str
    expires_at: Time


def renewed_json(renewed: SignedIn) -> RenewedJson:
    """The answer to a renewal."""
    return {"token": renewed.token, "expires_at": written(renewed.expires_at)}


def signed_in_json(signed_in: SignedIn, keys: Keys) -> SignedInJson:
    """The answer to a sign-in."""
    return {
        "token": signed_in.token,
        "expires_at": written(signed_in.expires_at),
        "resident": resident_json(signed_in.resident, keys),
    }


def phone_json(resident: Resident, keys: Keys) -> PhoneJson:
    """The phone number as far as it is shown."""
    phone = keys.unseal(resident.phone_sealed) if resident.phone_sealed else None
    return {"phone": rules.masked_phone(phone) if phone else None, "verified": resident.phone_verified}


def identity_json(resident: Resident, keys: Keys) -> IdentityJson:
    """The identity as far as it is shown."""
    if not resident.name_sealed or not resident.id_number_sealed:
        return {"verified": False, "name": None, "id_number": None}
    return {
        "verified": True,
        "name": rules.masked_name(keys.unseal(resident.name_sealed)),
        "id_number": rules.masked_id_number(keys.unseal(resident.id_number_sealed)),
    }


def resident_json(resident: Resident, keys: Keys) -> ResidentJson:
    """An account as its owner sees it."""
    phone = phone_json(resident, keys)
    return {
        "id": str(resident.id),
        "region": resident.region,
        "phone": phone["phone"],
        "phone_verified": phone["verified"],
        "identity": identity_json(resident, keys),
        "created_at": written(resident.created_at),
    }


def session_json(session: Session, token: str) -> SessionJson:
    """A session as its owner sees it, who asks with this token."""
    return {
        "created_at": written(session.created_at),
        "expires_at": written(session.expires_at),
        "current": session.token_hash == hash_of(token),
    }
