"""The token's own rules, with a clock in the hand."""

import asyncio

import pytest

from miniapi.wechat.errors import WeChatUnavailable
from miniapi.wechat.tokens import Tokens


class Source:
    """Gives out tokens, each for as long as it is told, and remembers which were forced."""

    def __init__(self, *names, life=7200):
        self.names = list(names)
        self.life = life
        self.forced = []
        self.at = 100.0
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self, force):
        self.forced.append(force)
        await self.open.wait()
        return self.names.pop(0), self.life

    def tokens(self):
        return Tokens(self.fetch, ticks=lambda: self.at)


async def test_is_kept_until_five_minutes_before_its_end():
    source = Source("one", "two")
    tokens = source.tokens()

    first = await tokens.current()
    source.at += 6899
    still = await tokens.current()
    source.at += 1
    second = await tokens.current()

    assert (first, still, second) == ("one", "one", "two")


async def test_a_token_near_its_end_is_used_once():
    tokens = Source("one", "two", life=345).tokens()

    assert await tokens.current() == "one"


async def test_a_refused_token_that_is_no_longer_used_is_not_dropped():
    source = Source("one", "two")
    tokens = source.tokens()
    await tokens.current()

    assert await tokens.instead_of("one") == "two"
    assert await tokens.instead_of("one") == "two"
    assert source.forced == [False, False]


async def test_the_same_token_again_is_replaced_by_force():
    source = Source("one", "one", "two")
    tokens = source.tokens()
    await tokens.current()

    assert await tokens.instead_of("one") == "two"
    assert source.forced == [False, False, True]


async def test_force_is_used_once_in_thirty_seconds():
    source = Source("one", "two", "three")
    tokens = source.tokens()
    await tokens.current()
    await tokens.forced_instead_of("one")

    with pytest.raises(WeChatUnavailable):
        await tokens.forced_instead_of("two")
    source.at += 30

    assert await tokens.forced_instead_of("two") == "three"


async def test_many_with_a_dead_token_force_once():
    source = Source("one", "one", "two")
    tokens = source.tokens()
    await tokens.current()

    renewed = await asyncio.gather(*(tokens.instead_of("one") for _ in range(30)))

    assert set(renewed) == {"two"}
    assert source.forced == [False, False, True]


async def test_who_gives_up_waiting_takes_nothing_from_the_others():
    source = Source("one")
    source.open.clear()
    tokens = source.tokens()
    impatient, patient = (asyncio.create_task(tokens.current()) for _ in range(2))
    await asyncio.sleep(0)

    impatient.cancel()
    await asyncio.sleep(0)
    source.open.set()

    assert await patient == "one"
    assert impatient.cancelled()


async def test_stopping_waits_for_nothing():
    source = Source("one")
    source.open.clear()
    tokens = source.tokens()
    waiting = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)

    await tokens.stop()

    with pytest.raises(asyncio.CancelledError):
        await waiting
