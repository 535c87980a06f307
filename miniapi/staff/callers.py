"""Which of the staff is calling: a route asks for one of these by type, or the caller gets a 401 or 403."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from uuid import UUID

from sanic import Request

from miniapi.accounts import callers
from miniapi.accounts.callers import Anyone, SignedInResident, bearer
from miniapi.errors import NotAllowed, NotSignedIn
from miniapi.http.observing import note_caller
from miniapi.staff.models import Staff, StaffRole
from miniapi.staff.queries import is_staff, signed_in


@dataclass(frozen=True, slots=True)
class SignedInStaff:
    """Anybody of the staff with a good token."""

    ROLES: ClassVar[frozenset[StaffRole]] = frozenset(StaffRole)

    account: Staff
    token: str

    @property
    def id(self) -> UUID:
        """The account's key."""
        return self.account.id

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"staff:{self.account.id}"


class SupportOfficer(SignedInStaff):
    """Helps residents: the only desk that may see who they are, with a reason."""

    ROLES = frozenset({StaffRole.SUPPORT})


class DeskOfficer(SignedInStaff):
    """Whoever tickets can lie with: everybody but the auditor."""

    ROLES = frozenset(StaffRole) - {StaffRole.AUDITOR}


class Bureau(SignedInStaff):
    """Whoever runs the programme: decides what no desk may decide for itself."""

    ROLES = frozenset({StaffRole.BUREAU})


class MoneyReader(SignedInStaff):
    """Who may follow public money, without a word of whose it was: everybody but support."""

    ROLES = frozenset(StaffRole) - {StaffRole.SUPPORT}


class LogReader(SignedInStaff):
    """Who may read the audit log: the bureau and the auditor."""

    ROLES = frozenset({StaffRole.BUREAU, StaffRole.AUDITOR})


class AccessReader(SignedInStaff):
    """Who may see which of the staff looked at a resident's data: support and the auditor."""

    ROLES = frozenset({StaffRole.SUPPORT, StaffRole.AUDITOR})


class NoticeReader(SignedInStaff):
    """Who may see what became of messages to residents, without a word of whose: the bureau and support."""

    ROLES = frozenset({StaffRole.BUREAU, StaffRole.SUPPORT})


class Reviewer(SignedInStaff):
    """Says whether a sale is in order; never whoever pays for it."""

    ROLES = frozenset({StaffRole.REVIEWER})


class Finance(SignedInStaff):
    """Pays the shops what they have advanced; never whoever reviews."""

    ROLES = frozenset({StaffRole.FINANCE})


class SettlementReader(SignedInStaff):
    """Who may see what was paid: whoever pays, the bureau and the auditor."""

    ROLES = frozenset({StaffRole.FINANCE, StaffRole.BUREAU, StaffRole.AUDITOR})


Kind = TypeVar("Kind", bound=SignedInStaff)
KINDS: tuple[type[SignedInStaff], ...] = (
    SignedInStaff,
    SupportOfficer,
    DeskOfficer,
    Bureau,
    MoneyReader,
    LogReader,
    AccessReader,
    NoticeReader,
    Reviewer,
    Finance,
    SettlementReader,
)


def caller_of(kind: type[Kind], *, demo: bool) -> Callable[[Request], Awaitable[Kind]]:
    """How a request's caller of this kind is found; accounts of the demo only where `demo` says so.

    It raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """

    async def find(request: Request) -> Kind:
        token = bearer(request)
        try:
            account = await signed_in(token, demo=demo)
        except NotSignedIn:
            if await _is_resident(request):
                raise NotAllowed() from None
            raise
        note_caller(request, "staff", account.id)
        request.app.ctx.limits.count_person(account.id)
        if not kind.ROLES & set(account.roles):
            raise NotAllowed()
        return kind(account, token or "")

    return find


def resident_for(*, demo: bool) -> Callable[[Request], Awaitable[SignedInResident]]:
    """How a resident who calls is found, where somebody of the staff is not let in.

    It raises NotSignedIn, TokenExpired, NotAllowed, TooMany.
    """

    async def find(request: Request) -> SignedInResident:
        try:
            return await callers.signed_in_resident(request)
        except NotSignedIn:
            if await is_staff(bearer(request), demo=demo):
                raise NotAllowed() from None
            raise

    return find


def anyone_for(*, demo: bool) -> Callable[[Request], Awaitable[Anyone]]:
    """How a caller of a public route is found: somebody of the staff is nobody special there.

    It raises NotSignedIn, TokenExpired.
    """

    async def find(request: Request) -> Anyone:
        try:
            return await callers.anyone(request)
        except NotSignedIn:
            if await is_staff(bearer(request), demo=demo):
                return Anyone(None)
            raise

    return find


async def _is_resident(request: Request) -> bool:
    try:
        await callers.signed_in_resident(request)
    except NotSignedIn:
        return False
    return True
