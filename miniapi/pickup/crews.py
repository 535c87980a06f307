"""The crews of a recycler: its manager makes them, names them, closes them, and invites people into them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.audit.actions import record
from miniapi.database.races import refused_by
from miniapi.keys import Keys
from miniapi.merchants.callers import Manager
from miniapi.merchants.models import Crew, Invitation, Member, Role
from miniapi.pickup import hours, places
from miniapi.pickup.errors import CrewClosed, CrewNamed, InvitationWrong, NoSuchMember, OtherwiseEmployed
from miniapi.pickup.queries import crew_of

INVITED_FOR = timedelta(hours=24)
CODE_BYTES = 8  # nobody guesses one of 2**64


@dataclass(frozen=True, slots=True)
class Invited:
    """What a manager hands on; the code is shown once and kept nowhere."""

    code: str
    expires_at: datetime


async def form(name: str, manager: Manager, *, at: datetime) -> Crew:
    """A new crew, with nobody in it and no hours. Raises CrewNamed."""
    with refused_by("one_crew_per_name", CrewNamed()):
        async with in_transaction():
            crew = await Crew.create(merchant_id=manager.merchant.id, name=name)
            await _told(crew, "crew.formed", manager, at=at, after={"name": name})
    return crew


async def rename(crew_id: UUID, name: str, manager: Manager, *, at: datetime) -> Crew:
    """Call a crew something else. Raises NoSuchCrewOfYours, CrewNamed."""
    with refused_by("one_crew_per_name", CrewNamed()):
        async with in_transaction():
            crew = await _locked(crew_id, manager)
            before, crew.name = crew.name, name
            await Crew.filter(id=crew.id).update(name=name)
            if name != before:
                after = {"name": name}
                await _told(crew, "crew.renamed", manager, at=at, before={"name": before}, after=after)
    return crew


async def close(crew_id: UUID, manager: Manager, keys: Keys, *, at: datetime) -> Crew:
    """Let a crew come no more: its hours end, and whoever booked is moved on as `hours.put` does.

    Its people keep what begins within SET_OUT_BEFORE. Closing twice is closing once.
    Raises NoSuchCrewOfYours.
    """
    async with in_transaction():
        await places.enter_alone()
        crew = await _locked(crew_id, manager)
        if crew.closed_at is None:
            relaid = await hours.lay_anew(crew, (), keys, at=at)
            crew.closed_at = at
            await Crew.filter(id=crew.id).update(closed_at=at)
            await Invitation.filter(crew_id=crew.id).delete()
            after = {"closed": True, "moved": relaid.moved, "cancelled": relaid.cancelled}
            await _told(crew, "crew.closed", manager, at=at, after=after)
    return crew


async def reopen(crew_id: UUID, manager: Manager, *, at: datetime) -> Crew:
    """Let a closed crew have hours and people again. Raises NoSuchCrewOfYours."""
    async with in_transaction():
        crew = await _locked(crew_id, manager)
        if crew.closed_at is not None:
            crew.closed_at = None
            await Crew.filter(id=crew.id).update(closed_at=None)
            await _told(crew, "crew.reopened", manager, at=at, after={"closed": False})
    return crew


async def invite(crew_id: UUID, manager: Manager, keys: Keys, *, at: datetime) -> Invited:
    """Words with which somebody joins a crew, once, within a day. Raises NoSuchCrewOfYours, CrewClosed."""
    invited = Invited(secrets.token_hex(CODE_BYTES), at + INVITED_FOR)
    async with in_transaction():
        crew = await _locked(crew_id, manager)
        if crew.closed_at is not None:
            raise CrewClosed()
        made = await Invitation.create(
            crew_id=crew.id, code_hash=keys.digest(invited.code.encode()), expires_at=invited.expires_at
        )
        await _told(crew, "crew.invited", manager, at=at, after={"invitation": made.id})
    return invited


async def join(code: str, resident_id: UUID, keys: Keys, *, at: datetime) -> Crew:
    """Go out with the crew that invited; whoever went out with another one of its recycler changes over.

    Raises NotSignedIn of who left, InvitationWrong, OtherwiseEmployed.
    """
    async with in_transaction():
        await held(resident_id)
        found = await _invitation(code, keys, at)
        crew = await Crew.get(id=found.crew_id).select_related("merchant")
        known = await Member.get_or_none(resident_id=resident_id, merchant_id=crew.merchant_id)
        if known is not None and known.role is not Role.CREW:
            raise OtherwiseEmployed(merchant_name=crew.merchant.name)
        if known is not None:
            await known.delete()  # whom somebody works for is where they joined last
        member = await Member.create(
            resident_id=resident_id, merchant_id=crew.merchant_id, role=Role.CREW, crew=crew
        )
        await found.delete()
        after = {"member": member.id, "invitation": found.id}
        await record(f"resident:{resident_id}", "crew.joined", f"crew:{crew.id}", at=at, after=after)
    return crew


async def dismiss(crew_id: UUID, member_id: UUID, manager: Manager, *, at: datetime) -> None:
    """Let somebody go out with a crew no more. Raises NoSuchCrewOfYours, NoSuchMember."""
    async with in_transaction():
        crew = await _locked(crew_id, manager)
        if not await Member.filter(id=member_id, crew_id=crew.id).delete():
            raise NoSuchMember()
        await _told(crew, "crew.left", manager, at=at, before={"member": member_id})


async def people_of(crews: Sequence[Crew]) -> dict[UUID, list[Member]]:
    """Who goes out with each of these crews, in the order in which they joined."""
    found = (
        await Member.filter(crew_id__in=[crew.id for crew in crews]).select_related("resident").order_by("id")
    )
    return {crew.id: [member for member in found if member.crew_id == crew.id] for crew in crews}


async def forget_invitations(*, at: datetime) -> int:
    """Delete the invitations that nobody took up in time; how many it were."""
    return await Invitation.filter(expires_at__lte=at).delete()


async def _invitation(code: str, keys: Keys, at: datetime) -> Invitation:
    """The invitation with this code, locked, whichever of our keys made it. Raises InvitationWrong."""
    waiting = await Invitation.filter(expires_at__gt=at)  # of one day: few
    known = [one.id for one in waiting if keys.is_digest(one.code_hash, code.encode())]
    found = await Invitation.filter(id__in=known).select_for_update().first()
    if found is None:
        raise InvitationWrong()
    return found


async def _locked(crew_id: UUID, manager: Manager) -> Crew:
    return await crew_of(crew_id, manager.merchant.id, locked=True)


async def _told(
    crew: Crew,
    what: str,
    manager: Manager,
    *,
    at: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await record(manager.actor, what, f"crew:{crew.id}", at=at, before=before, after=after)
