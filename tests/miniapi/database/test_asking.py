import asyncio

import pytest

from miniapi.database.asking import Asking


class Question:
    """Counts how often it is put, and waits to be answered where it is told to."""

    def __init__(self, *, waits: bool = False) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        if not waits:
            self.may_answer.set()

    async def __call__(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        return self.asked


async def test_whoever_asks_meanwhile_gets_the_same_answer():
    question = Question(waits=True)
    asking = Asking(question, within=5)

    all_of_them = asyncio.gather(*(asking.answer() for _ in range(5)))
    await asyncio.sleep(0)
    question.may_answer.set()

    assert await all_of_them == [1] * 5
    assert await asking.answer() == 2


async def test_nobody_waits_longer_than_they_should_and_the_question_is_put_once():
    question = Question(waits=True)
    asking = Asking(question, within=0.01)

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asking.answer()

    assert question.asked == 1
    question.may_answer.set()
    await asyncio.sleep(0)
    assert await asking.answer() == 2


async def test_an_answer_that_is_fresh_is_given_again():
    asking = Asking(Question(), within=5, fresh_for=60)

    assert [await asking.answer() for _ in range(3)] == [1, 1, 1]


async def test_a_failure_is_told_and_never_kept():
    failures = iter([OSError("away")])

    async def ask() -> str:
        for failure in failures:
            raise failure
        return "back"

    asking = Asking(ask, within=5, fresh_for=60)
    with pytest.raises(OSError, match="away"):
        await asking.answer()

    assert await asking.answer() == "back"
