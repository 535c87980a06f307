import asyncio

import pytest

from miniapi.gathering import FEW, PATIENCE, TURNS, Gathering


class Work:
    """Doubles numbers, a batch at a time, when it is let; it refuses odd ones."""

    def __init__(self):
        self.batches = []
        self.let = asyncio.Event()

    async def __call__(self, wanted):
        self.batches.append(list(wanted))
        await self.let.wait()
        if 13 in wanted:
            raise OSError("the database is away")
        return [ValueError(f"{one} is odd") if one % 2 else one * 2 for one in wanted]


@pytest.fixture
def work():
    return Work()


async def ask(gathering, *wanted):
    asking = [asyncio.ensure_future(gathering.ask(one)) for one in wanted]
    for _ in range(3 + TURNS):
        await asyncio.sleep(0)
    return asking


async def test_who_asks_at_the_same_time_is_answered_together(work):
    gathering = Gathering(work, most=10)
    work.let.set()

    answers = await asyncio.gather(*[gathering.ask(one) for one in (2, 4, 6)])

    assert answers == [4, 8, 12]
    assert work.batches == [[2, 4, 6]]


async def test_who_comes_while_others_are_at_work_is_the_next_batch(work):
    gathering = Gathering(work, most=10)

    asking = [*await ask(gathering, 2), *await ask(gathering, 4, 6), *await ask(gathering, 8)]
    begun = list(work.batches)
    work.let.set()

    assert begun == [[2]]
    assert await asyncio.gather(*asking) == [4, 8, 12, 16]
    assert work.batches == [[2], [4, 6, 8]]


async def test_who_comes_in_the_moment_in_which_the_others_are_answered_is_not_left_waiting(work):
    gathering = Gathering(work, most=10)

    async def ask_as_soon_as_it_is_let():
        await work.let.wait()
        return await gathering.ask(4)

    (first,) = await ask(gathering, 2)
    second = asyncio.ensure_future(ask_as_soon_as_it_is_let())
    await asyncio.sleep(0)
    work.let.set()

    async with asyncio.timeout(1):
        assert (await first, await second) == (4, 8)


async def test_lanes_are_at_work_at_once_and_no_more(work):
    gathering = Gathering(work, most=10, lanes=2)

    many = range(4, 4 + FEW, 2)

    asking = [*await ask(gathering, 2), *await ask(gathering, *many), *await ask(gathering, *many)]
    begun = list(work.batches)
    work.let.set()

    assert begun == [[2], [*many]]
    assert await asyncio.gather(*asking) == [2 * one for one in (2, *many, *many)]
    assert work.batches == [[2], [*many], [*many]]


async def test_a_lane_beside_another_waits_for_half_as_many_as_that_has_in_hand(work):
    gathering = Gathering(work, most=100, lanes=2)
    many = range(2, 2 + 4 * FEW, 2)

    asking = [*await ask(gathering, *many), *await ask(gathering, *many[1:FEW])]
    before = len(work.batches)
    asking += await ask(gathering, 2)
    after = len(work.batches)
    work.let.set()

    assert (before, after) == (1, 2)
    assert len(await asyncio.gather(*asking)) == len(many) + FEW


async def test_who_has_waited_for_a_while_is_not_held_up_by_few_that_are_stuck(work):
    gathering = Gathering(work, most=100, lanes=2)

    asking = [*await ask(gathering, 2), *await ask(gathering, 4)]
    before = list(work.batches)
    await asyncio.sleep(2 * PATIENCE)
    after = list(work.batches)
    work.let.set()

    assert (before, after) == ([[2]], [[2], [4]])
    assert await asyncio.gather(*asking) == [4, 8]


async def test_a_batch_is_no_larger_than_the_most(work):
    gathering = Gathering(work, most=2)
    work.let.set()

    await asyncio.gather(*[gathering.ask(one) for one in (2, 4, 6, 8, 10)])

    assert work.batches == [[2, 4], [6, 8], [10]]


async def test_one_that_is_refused_does_not_spoil_the_others(work):
    gathering = Gathering(work, most=10)
    work.let.set()

    answers = await asyncio.gather(*[gathering.ask(one) for one in (2, 3, 4)], return_exceptions=True)

    assert (answers[0], answers[2]) == (4, 8)
    assert str(answers[1]) == "3 is odd"


async def test_work_that_fails_fails_its_batch_and_not_the_next(work):
    gathering = Gathering(work, most=2)
    work.let.set()

    answers = await asyncio.gather(*[gathering.ask(one) for one in (2, 13, 4)], return_exceptions=True)

    assert [type(one) for one in answers[:2]] == [OSError, OSError]
    assert answers[2] == 8


async def test_what_was_begun_for_somebody_who_is_gone_is_finished(work):
    gathering = Gathering(work, most=10)

    gone, stays = await ask(gathering, 2, 4)
    gone.cancel()
    work.let.set()

    assert await stays == 8
    assert work.batches == [[2, 4]]
