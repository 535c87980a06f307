"""Who is calling: a route asks for one of these by type, and gets it or the caller gets a 401."""

from dataclasses import dataclass
from uuid import UUID

from sanic import Request

from miniapi import clock
from miniapi.accounts.actions import hash_of
from miniapi.accounts.errors import TokenExpired
from miniapi.accounts.models import Resident, Session
from miniapi.errors import NotSignedIn
from miniapi.http.observing import note_caller


@dataclass(frozen=True, slots=True)
class SignedInResident:
    """Somebody with a good token."""

    account: Resident
    token: str

    @property
    def id(self) -> UUID:
        """The resident's key."""
        return self.account.id


@dataclass(frozen=True, slots=True)
class Anyone:
    """A caller of a public route: signed in, or not."""

    resident: SignedInResident | None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A caller whose token is not looked at, should one come along: about to sign in, or a monitor."""


async def signed_in_resident(request: Request) -> SignedInResident:
    """Whoever the bearer token belongs to. Raises NotSignedIn, TokenExpired, TooMany."""
    if not (token := bearer(request)):
        raise NotSignedIn()
    session = await Session.get_or_none(token_hash=hash_of(token)).select_related("resident")
    if session is None or session.ended_at is not None or session.resident.left_at is not None:
        raise NotSignedIn()
    if not session.is_good(clock.now()):
        raise TokenExpired()
    note_caller(request, "resident", session.resident.id)
    request.app.ctx.limits.count_person(session.resident.id)
    return SignedInResident(session.resident, token)


async def anyone(request: Request) -> Anyone:
    """No token is fine; a bad one is said to be bad."""
    return Anyone(await signed_in_resident(request) if bearer(request) else None)


def bearer(request: Request) -> str | None:
    """The bearer token that came along (RFC 6750), or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
