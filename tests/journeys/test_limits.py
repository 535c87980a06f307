"""What a flood meets on the real processes: one limit, counted by all workers together."""

import asyncio
import time
from collections import Counter

from tests.journeys.running import a_house
from tests.journeys.test_outages import serving

LIMIT = 60


async def test_workers_of_a_host_count_together(tmp_path):
    house = a_house(tmp_path / "home")
    house.more = {
        "HUANXIN_DATABASE_URL": "postgresql://postgres@/none?host=/nowhere",
        "HUANXIN_REQUESTS_PER_MINUTE": str(LIMIT),
        "HUANXIN_WORKERS": "3",
    }

    async with serving(house) as city:
        began = time.monotonic()
        answers = await asyncio.gather(*(city.call("GET", "/regions") for _ in range(3 * LIMIT)))
        came_back = time.monotonic() - began  # one a second

    outcomes = Counter(status for status, _ in answers)
    assert set(outcomes) == {200, 429}
    assert LIMIT <= outcomes[200] <= LIMIT + came_back
