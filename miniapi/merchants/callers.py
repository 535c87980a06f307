"""Who works for a merchant: a route asks for one of these by type, or the caller gets a 401 or 403."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sanic import Request

from miniapi.accounts.callers import SignedInResident
from miniapi.errors import NotAllowed
from miniapi.merchants import queries
from miniapi.merchants.models import Crew, Merchant
from miniapi.staff.callers import resident_for


@dataclass(frozen=True, slots=True)
class Clerk(SignedInResident):
    """A resident who stands at the counter of an approved shop."""

    merchant: Merchant

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"clerk:{self.account.id}"


@dataclass(frozen=True, slots=True)
class Recycler(SignedInResident):
    """A resident who acts for an approved recycler."""

    merchant: Merchant

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"recycler:{self.account.id}"


def clerk_for(*, demo: bool) -> Callable[[Request], Awaitable[Clerk]]:
    """How a clerk who calls is found; everybody else is not let in.

    It raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """
    resident = resident_for(demo=demo)

    async def find(request: Request) -> Clerk:
        found = await resident(request)
        shop = await queries.counter_of(found.id)
        if shop is None:
            raise NotAllowed()
        return Clerk(found.account, found.token, shop)

    return find


def recycler_for(*, demo: bool) -> Callable[[Request], Awaitable[Recycler]]:
    """How somebody of a recycler who calls is found; everybody else is not let in.

    It raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """
    resident = resident_for(demo=demo)

    async def find(request: Request) -> Recycler:
        found = await resident(request)
        recycler = await queries.recycler_of(found.id)
        if recycler is None:
            raise NotAllowed()
        return Recycler(found.account, found.token, recycler)

    return find


@dataclass(frozen=True, slots=True)
class CrewMember(SignedInResident):
    """A resident who goes out with a crew of a recycler."""

    crew: Crew

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"crew:{self.account.id}"


def crew_member_for(*, demo: bool) -> Callable[[Request], Awaitable[CrewMember]]:
    """How somebody of a crew who calls is found; everybody else is not let in.

    It raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """
    resident = resident_for(demo=demo)

    async def find(request: Request) -> CrewMember:
        found = await resident(request)
        crew = await queries.crew_of(found.id)
        if crew is None:
            raise NotAllowed()
        return CrewMember(found.account, found.token, crew)

    return find
