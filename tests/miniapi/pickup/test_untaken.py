from datetime import timedelta

import pytest

from miniapi.merchants.models import Member
from miniapi.pickup import by_the_clock, crews, untaken
from miniapi.pickup.models import Pickup, PickupState, Shift
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, moved
from tests.factories.slots import a_crew, a_crew_member, a_manager, a_slot

EVENING, MORNING = timedelta(hours=7), timedelta(hours=20)  # from noon
NOBODY = "还没有小组接"


@pytest.fixture
async def manager(member, noon):
    return await a_manager(noon, member.crew)


@pytest.fixture
async def slot(database, noon):
    """Tomorrow from noon until two."""
    return await a_slot(noon)


@pytest.fixture
async def accepted(member, slot, noon):
    return await moved(await a_pickup(noon, slot), member, Move.ACCEPT, at=noon)


async def told(somebody, about):
    return await Notice.filter(resident_id=somebody, about__contains=about).count()


class TestACrewWithNobodyInIt:
    async def test_gives_its_bookings_back_and_everybody_concerned_is_told(
        self, accepted, member, manager, noon, library, database
    ):
        await crews.dismiss(member.crew.id, (await Member.get(resident_id=member.id)).id, manager, at=noon)

        assert [await untaken.give_back_left_alone(at=noon) for _ in range(2)] == [1, 0]

        now = await Pickup.get()
        assert (now.state, now.crew_id) == (PickupState.BOOKED, None)
        assert await told(accepted.resident_id, "正在另派师傅") == 1
        assert await told(manager.id, "小组里没有人了") == 1
        assert (await Shift.get()).taken == 0
        assert await differences(database, library) == []

    async def test_also_where_the_last_one_has_left(self, accepted, member, noon, library, database):
        await leave(member.id, at=noon)

        assert await untaken.give_back_left_alone(at=noon) == 1
        assert await differences(database, library) == []

    async def test_also_where_the_last_one_joined_another(self, accepted, member, manager, noon):
        invited = await crews.invite((await a_crew("二组")).id, manager, KEYS, at=noon)
        await crews.join(invited.code, member.id, KEYS, at=noon)

        assert await untaken.give_back_left_alone(at=noon) == 1

    async def test_as_long_as_somebody_is_left_it_keeps_them(self, accepted, member, noon):
        await a_crew_member(noon, member.crew)
        await leave(member.id, at=noon)

        assert await untaken.give_back_left_alone(at=noon) == 0
        assert (await Pickup.get()).state is PickupState.ASSIGNED

    async def test_what_is_over_is_missed_in_its_time(self, accepted, member, slot, noon):
        await leave(member.id, at=noon)

        assert await untaken.give_back_left_alone(at=slot.ends_at) == 0


class TestABookingNobodyAccepted:
    async def test_is_told_to_crews_and_managers_in_the_evening_and_in_the_morning(
        self, slot, member, manager, noon
    ):
        for _ in range(2):
            await a_pickup(noon, slot)

        for after in (EVENING, EVENING, MORNING, MORNING):
            await by_the_clock.remind(at=noon + after)

        words = await Notice.filter(resident_id=manager.id).values_list("about", flat=True)
        assert words == ["09月02日 12:00 杨陵区有 2 个上门预约还没有小组接，请尽快接单"] * 2
        assert await told(member.id, NOBODY) == 2

    async def test_is_no_matter_once_it_is_accepted(self, accepted, member, manager, noon):
        await by_the_clock.remind(at=noon + EVENING)

        assert await Notice.filter(about__contains=NOBODY).count() == 0

    async def test_is_told_to_the_crew_that_can_accept_it_and_to_no_other(self, slot, member, manager, noon):
        await a_slot(noon, capacity=1, crew=(busy := await a_crew("二组")))
        other = await a_crew_member(noon, busy)
        elsewhere = await a_crew_member(noon, await a_crew("三组"))
        await moved(await a_pickup(noon, slot), other, Move.ACCEPT, at=noon)
        await a_pickup(noon, slot)

        await by_the_clock.remind(at=noon + EVENING)

        assert [await told(one.id, NOBODY) for one in (member, manager, other, elsewhere)] == [1, 1, 0, 0]
