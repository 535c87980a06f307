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
    ("known", "offered"),
    [({"district": "兖州区"}, ["兖州区"]), ({}, ["任城区", "兖州区"])],
)
async def test_only_the_times_of_its_district_are_for_a_visit(known, offered):
    turn = SimpleNamespace(now=NOW, place="jining", city=TwoDistricts(), known=known)

    found = await visits.free_slots(turn, NOW.date())

    assert [slot.district for slot in found] == offered


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("兖州区示例路 8 号", "兖州区"),
        ("在任城", "任城区"),
        ("不是任城，是兖州", "兖州区"),
        ("示例路 8 号", None),
    ],
)
async def test_a_district_is_known_by_its_name_with_or_without_its_last_word(text, meant):
    turn = SimpleNamespace(
        now=NOW, today=NOW.date(), place="jining", city=TwoDistricts(), text=text, known={}
    )

    assert await visits.look_where(turn)

    assert visits.district(turn) == meant
