import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.errors import NotSignedIn
from miniapi.keys import Keys
from miniapi.merchants.models import Crew, Invitation, Member, Role
from miniapi.merchants.queries import crew_of
from miniapi.pickup import crews, hours
from miniapi.pickup.errors import (
    CrewClosed,
    CrewNamed,
    InvitationWrong,
    NoSuchCrewOfYours,
    NoSuchMember,
    OtherwiseEmployed,
)
from miniapi.pickup.hours import Span
from miniapi.pickup.models import CrewHours, Pickup, PickupState, Slot
from miniapi.privacy.actions import leave
from tests.factories.people import KEYS, SECRET, a_resident
from tests.factories.pickups import a_pickup
from tests.factories.prices import a_recycler
from tests.factories.slots import a_crew, a_crew_member, a_manager

EVERY_DAY = [Span("杨陵区", weekday, 9, 13, 1) for weekday in range(7)]


@pytest.fixture
async def crew(database):
    return await a_crew()


@pytest.fixture
async def manager(crew, noon):
    return await a_manager(noon, crew)


@pytest.fixture
async def stranger(database, noon):
    """The manager of another recycler."""
    return await a_recycler(noon)


class TestForming:
    async def test_makes_a_crew_of_the_managers_recycler(self, manager, noon):
        crew = await crews.form("三组", manager, at=noon)

        assert (crew.merchant_id, crew.closed_at) == (manager.merchant.id, None)
        assert (await AuditEvent.get(action="crew.formed")).actor == f"manager:{manager.id}"

    async def test_two_of_a_name_are_one_too_many(self, crew, manager, stranger, noon):
        with pytest.raises(CrewNamed):
            await crews.form(crew.name, manager, at=noon)

        assert (await crews.form(crew.name, stranger, at=noon)).name == crew.name

    async def test_a_crew_gets_another_name_unless_it_is_taken(self, crew, manager, noon):
        other = await crews.form("三组", manager, at=noon)

        with pytest.raises(CrewNamed):
            await crews.rename(other.id, crew.name, manager, at=noon)
        await crews.rename(other.id, "四组", manager, at=noon)

        assert (await Crew.get(id=other.id)).name == "四组"
        event = await AuditEvent.get(action="crew.renamed")
        assert (json.loads(event.before), json.loads(event.after)) == ({"name": "三组"}, {"name": "四组"})

    async def test_nobody_touches_another_recyclers_crew(self, crew, stranger, noon):
        member = await Member.create(
            resident=await a_resident(noon), merchant_id=crew.merchant_id, role=Role.CREW, crew=crew
        )

        for attempt in (
            crews.rename(crew.id, "我的组", stranger, at=noon),
            crews.close(crew.id, stranger, KEYS, at=noon),
            crews.reopen(crew.id, stranger, at=noon),
            crews.invite(crew.id, stranger, KEYS, at=noon),
            crews.dismiss(crew.id, member.id, stranger, at=noon),
        ):
            with pytest.raises(NoSuchCrewOfYours):
                await attempt


class TestClosing:
    async def test_ends_its_hours_and_tells_whoever_booked(self, crew, manager, noon):
        await hours.put(crew.id, EVERY_DAY, manager, KEYS, at=noon)
        booked = await a_pickup(noon, await Slot.filter(starts_at__gt=noon).order_by("starts_at").first())

        closed = await crews.close(crew.id, manager, KEYS, at=noon)

        assert closed.closed_at == noon
        assert await CrewHours.all().count() == 0
        assert (await Pickup.get(id=booked.id)).state is PickupState.CANCELLED
        assert json.loads((await AuditEvent.get(action="crew.closed")).after)["cancelled"] == 1

    async def test_twice_is_once(self, crew, manager, noon):
        for _ in range(2):
            await crews.close(crew.id, manager, KEYS, at=noon)

        assert await AuditEvent.filter(action="crew.closed").count() == 1

    async def test_invites_nobody_until_it_is_reopened(self, crew, manager, noon):
        before = await crews.invite(crew.id, manager, KEYS, at=noon)
        await crews.close(crew.id, manager, KEYS, at=noon)

        with pytest.raises(CrewClosed):
            await crews.invite(crew.id, manager, KEYS, at=noon)
        with pytest.raises(InvitationWrong):
            await crews.join(before.code, (await a_resident(noon)).id, KEYS, at=noon)
        await crews.reopen(crew.id, manager, at=noon)

        assert (await crews.invite(crew.id, manager, KEYS, at=noon)).expires_at > noon


class TestJoining:
    async def test_goes_out_with_the_crew_that_invited(self, crew, manager, noon):
        somebody, invited = await a_resident(noon), await crews.invite(crew.id, manager, KEYS, at=noon)

        await crews.join(invited.code, somebody.id, KEYS, at=noon)

        assert (await crew_of(somebody.id)).id == crew.id
        event = await AuditEvent.get(action="crew.joined")
        assert (event.actor, event.subject) == (f"resident:{somebody.id}", f"crew:{crew.id}")

    async def test_works_once_even_for_many_at_once(self, crew, manager, noon):
        people = [await a_resident(noon) for _ in range(5)]
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)

        outcomes = await asyncio.gather(
            *(crews.join(invited.code, one.id, KEYS, at=noon) for one in people), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Crew: 1, InvitationWrong: 4}
        assert await Member.filter(crew=crew).count() == 1

    async def test_works_for_a_day_and_is_then_forgotten(self, crew, manager, noon):
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)
        late = noon + timedelta(hours=24)

        with pytest.raises(InvitationWrong):
            await crews.join(invited.code, (await a_resident(noon)).id, KEYS, at=late)

        assert await crews.forget_invitations(at=late - timedelta(seconds=1)) == 0
        assert await crews.forget_invitations(at=late) == 1

    async def test_the_code_itself_is_kept_nowhere(self, crew, manager, noon):
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)

        assert invited.code not in (await Invitation.get()).code_hash
        assert invited.code not in (await AuditEvent.get(action="crew.invited")).after

    async def test_changes_over_from_another_crew_of_the_recycler(self, crew, manager, noon):
        somebody = await a_crew_member(noon, await a_crew("二组"))
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)

        await crews.join(invited.code, somebody.id, KEYS, at=noon)

        assert (await Member.get(resident_id=somebody.id)).crew_id == crew.id

    async def test_works_after_the_key_was_rotated(self, crew, manager, noon):
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)
        rotated = Keys(f"a newer secret of the tests, long enough,{SECRET}")

        await crews.join(invited.code, (await a_resident(noon)).id, rotated, at=noon)

        assert await Member.filter(crew=crew).count() == 1

    async def test_is_not_for_who_is_something_else_there(self, crew, manager, noon):
        invited = await crews.invite(crew.id, manager, KEYS, at=noon)

        with pytest.raises(OtherwiseEmployed, match="示例回收公司"):
            await crews.join(invited.code, manager.id, KEYS, at=noon)

        assert (await Member.get(resident_id=manager.id)).role is Role.MANAGER

    async def test_is_not_for_who_has_left(self, crew, manager, noon):
        gone, invited = await a_resident(noon), await crews.invite(crew.id, manager, KEYS, at=noon)
        await leave(gone.id, at=noon)

        with pytest.raises(NotSignedIn):
            await crews.join(invited.code, gone.id, KEYS, at=noon)


class TestDismissing:
    async def test_ends_at_once(self, crew, manager, noon):
        somebody = await a_crew_member(noon, crew)
        member = await Member.get(resident_id=somebody.id)

        await crews.dismiss(crew.id, member.id, manager, at=noon)

        assert await crew_of(somebody.id) is None
        assert str(member.id) in (await AuditEvent.get(action="crew.left")).before

    async def test_only_of_that_crew(self, crew, manager, noon):
        somebody = await a_crew_member(noon, await a_crew("二组"))
        member = await Member.get(resident_id=somebody.id)

        with pytest.raises(NoSuchMember):
            await crews.dismiss(crew.id, member.id, manager, at=noon)
