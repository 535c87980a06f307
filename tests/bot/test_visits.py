from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from bot import visits
from bot.ports import SlotSeen
from miniapi.pickup.models import PickupState
from miniapi.pickup.moves import GOING_ON

NOW = datetime.fromisoformat("2024-09-01T12:00:00+08:00")


class TwoDistricts:
    """A place free in each of two districts."""

    async def slots(self, region, day):
        starts = NOW + timedelta(hours=3)
        return [
            SlotSeen(district, starts, starts + timedelta(hours=2), district, 1)
            for district in ("任城区", "兖州区")
        ]


def test_every_state_of_a_booking_can_be_said():
    assert set(visits.STATES) == set(PickupState)


def test_what_has_ended_is_not_to_come_but_what_the_crew_missed_can_still_be_moved():
    not_over = {*GOING_ON, PickupState.DISPUTED, PickupState.MISSED_BY_CREW}

    assert set(visits.OVER) == set(PickupState) - not_over


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("兖州区示例路 8 号", ["兖州区"]),
        ("示例路 8 号", ["任城区", "兖州区"]),
        (None, ["任城区", "兖州区"]),
    ],
)
async def test_an_address_that_names_its_district_gets_the_times_of_that(address, offered):
    turn = SimpleNamespace(now=NOW, place="jining", city=TwoDistricts(), known={"address": address})

    found = await visits.free_slots(turn, NOW.date())

    assert [slot.district for slot in found] == offered
