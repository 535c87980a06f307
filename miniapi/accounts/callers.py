"""Who is calling: a route asks for one of these by type, and gets it or the caller gets a 401."""

from dataclasses import dataclass
from uuid import UUID

from sanic import Request

from miniapi import clock
from miniapi.accounts.actions import hash_of
from miniapi.accounts.errors import TokenExpired
from miniapi.accounts.models import Resident
from miniapi.accounts.queries import Device, devices
from miniapi.errors import NotSignedIn
from miniapi.gathering import Gathering
from miniapi.http.observing import note_caller

MOST_TOGETHER = 500  # tokens in one question


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
    device = await request.app.ctx.devices.ask(hash_of(token))
    if device is None or device.ended_at is not None or device.resident.left_at is not None:
        raise NotSignedIn()
    if clock.now() >= device.expires_at:
        raise TokenExpired()
    note_caller(request, "resident", device.resident.id)
    request.app.ctx.limits.count_person(device.resident.id)
    return SignedInResident(device.resident, token)


def gathered_devices() -> Gathering[str, Device | None]:
    """The devices of tokens (by their hashes), asked for together by requests that came together."""
    return Gathering(devices, most=MOST_TOGETHER)


async def anyone(request: Request) -> Anyone:
    """No token is fine; a bad one is said to be bad."""
    return Anyone(await signed_in_resident(request) if bearer(request) else None)


def bearer(request: Request) -> str | None:
    """The bearer token that came along (RFC 6750), or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
