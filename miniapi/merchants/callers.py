"""Who works for a merchant: a route asks for one of these by type, or the caller gets a 401 or 403."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sanic import Request

from miniapi.accounts.callers import SignedInResident
from miniapi.errors import NotAllowed
from miniapi.merchants import queries
from miniapi.merchants.models import Merchant
from miniapi.staff.callers import resident_for


@dataclass(frozen=True, slots=True)
class Clerk(SignedInResident):
    """A resident who stands at the counter of an approved shop."""

    merchant: Merchant

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"clerk:{self.account.id}"


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
