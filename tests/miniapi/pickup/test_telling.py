from datetime import timedelta

import pytest

from miniapi.pickup import actions, by_the_clock, closing
from miniapi.pickup.closing import Closing
from miniapi.pickup.moves import Move
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.staff.callers import Bureau
from tests.factories.people import KEYS
from tests.factories.pickups import a_pickup, moved
from tests.factories.slots import a_slot
from tests.factories.staff import a_staff

STAY_AT_HOME = "不用去了"


@pytest.fixture
async def no_more_theirs(member, noon):
    """A booking that its resident has moved away from its crew, which is told of it but has not heard yet."""
    booked = await moved(await a_pickup(noon, await a_slot(noon)), member, Move.ACCEPT, at=noon)
    later = await a_slot(noon, hours_ahead=30)
    return await actions.reschedule(booked.id, booked.resident_id, later.id, at=noon)


async def owed_to(member):
    told = Notice.filter(resident_id=member.id, state="owed", about__contains=STAY_AT_HOME)
    return await told.count()


async def test_a_crew_hears_that_it_need_not_go_also_when_the_booking_is_cancelled_later(
    no_more_theirs, member, noon
):
    await actions.cancel(no_more_theirs.id, no_more_theirs.resident_id, None, KEYS, at=noon)

    assert await owed_to(member) == 1


async def test_also_when_nobody_comes_at_all(no_more_theirs, member, noon):
    officer = Bureau(await a_staff(noon), "")

    wanted = Closing("yangling", noon, noon + timedelta(hours=36))
    await closing.close(wanted, "暴雨停收", officer, KEYS, at=noon)

    assert await owed_to(member) == 1


async def test_also_when_its_resident_leaves(no_more_theirs, member, noon):
    await leave(no_more_theirs.resident_id, at=noon)

    assert await owed_to(member) == 1


async def test_what_was_to_come_is_called_off(member, noon):
    booked = await moved(await a_pickup(noon, await a_slot(noon)), member, Move.ACCEPT, at=noon)
    evening = noon + timedelta(hours=7)
    await by_the_clock.remind(at=evening)

    await actions.cancel(booked.id, booked.resident_id, None, KEYS, at=evening)

    left = await Notice.filter(state="owed").values_list("resident_id", "about")
    assert left == [(member.id, f"预约 {booked.number} 已取消，不用去了")]
