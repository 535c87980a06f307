"""Who works for a merchant: a route asks for one of these by type, or the caller gets a 401 or 403."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from uuid import UUID

from sanic import Request

from miniapi.accounts.callers import SignedInResident
from miniapi.accounts.models import Resident
from miniapi.errors import NotAllowed
from miniapi.merchants import queries
from miniapi.merchants.models import Crew, Merchant
from miniapi.staff.callers import resident_for

Employer = TypeVar("Employer")
Caller = TypeVar("Caller")


@dataclass(frozen=True, slots=True)
class ForMerchant(SignedInResident):
    """A resident who acts for a merchant; `kind` is how the audit log calls such a person."""

    merchant: Merchant
    kind: ClassVar[str]

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"{self.kind}:{self.account.id}"


class Clerk(ForMerchant):
    """Somebody who stands at the counter of an approved shop."""

    kind = "clerk"


class Recycler(ForMerchant):
    """Somebody who acts for an approved recycler."""

    kind = "recycler"


class Manager(ForMerchant):
    """Somebody who keeps the crews, the hours and the prices of a recycler."""

    kind = "manager"


class Station(ForMerchant):
    """Somebody who takes old things in at a recycler's station."""

    kind = "station"


class Dismantler(ForMerchant):
    """Somebody who takes old things apart for an enterprise that may."""

    kind = "dismantler"


@dataclass(frozen=True, slots=True)
class CrewMember(SignedInResident):
    """A resident who goes out with a crew of a recycler."""

    crew: Crew

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"crew:{self.account.id}"


def clerk_for(*, demo: bool) -> Callable[[Request], Awaitable[Clerk]]:
    """How a clerk who calls is found."""
    return _found_by(queries.counter_of, Clerk, demo=demo)


def recycler_for(*, demo: bool) -> Callable[[Request], Awaitable[Recycler]]:
    """How somebody of a recycler who calls is found."""
    return _found_by(queries.recycler_of, Recycler, demo=demo)


def manager_for(*, demo: bool) -> Callable[[Request], Awaitable[Manager]]:
    """How the manager of a recycler who calls is found."""
    return _found_by(queries.managed_by, Manager, demo=demo)


def crew_member_for(*, demo: bool) -> Callable[[Request], Awaitable[CrewMember]]:
    """How somebody of a crew who calls is found."""
    return _found_by(queries.crew_of, CrewMember, demo=demo)


def station_for(*, demo: bool) -> Callable[[Request], Awaitable[Station]]:
    """How somebody of a station who calls is found."""
    return _found_by(queries.station_of, Station, demo=demo)


def dismantler_for(*, demo: bool) -> Callable[[Request], Awaitable[Dismantler]]:
    """How somebody of a dismantling enterprise who calls is found."""
    return _found_by(queries.dismantler_of, Dismantler, demo=demo)


def _found_by(
    works_for: Callable[[UUID], Awaitable[Employer | None]],
    caller: Callable[[Resident, str, Employer], Caller],
    *,
    demo: bool,
) -> Callable[[Request], Awaitable[Caller]]:
    """Find whom a caller works for; whoever works for nobody of that kind is not let in.

    What it gives raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """
    resident = resident_for(demo=demo)

    async def find(request: Request) -> Caller:
        found = await resident(request)
        employer = await works_for(found.id)
        if employer is None:
            raise NotAllowed()
        return caller(found.account, found.token, employer)

    return find
