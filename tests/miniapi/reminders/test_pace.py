import asyncio

from miniapi.reminders.pace import Pace


def test_without_a_limit_everybody_may_begin():
    assert Pace(0, most=1).take(1000) == 1000


async def test_as_many_as_a_second_allows_and_what_is_not_needed_goes_back():
    pace = Pace(100, most=10)

    assert pace.take(64) == 10
    pace.give_back(3)
    assert pace.take(64) == 3
    await asyncio.sleep(0.05)
    assert 4 <= pace.take(64) <= 10
