import asyncio
import time

from miniapi import stalls
from tests.miniapi.test_metrics import shown

COUNTED = ("huanxin_event_loop_stall_seconds_count", "test")


async def test_a_loop_that_stands_still_is_a_warning_and_counted(caplog):
    async with stalls.watched("test"):
        await asyncio.sleep(0.01)
        time.sleep(0.6)  # noqa: ASYNC251  as a careless handler would
        await asyncio.sleep(0.2)

    (record,) = [record for record in caplog.records if record.name == "miniapi.stalls"]
    assert record.levelname == "WARNING"
    assert 250 < record.ms < 1000
    assert shown()[COUNTED] == 1


async def test_a_loop_that_waits_is_none():
    before = shown().get(COUNTED, 0)

    async with stalls.watched("test"):
        await asyncio.sleep(0.25)

    assert shown().get(COUNTED, 0) == before
