"""What goes wrong on demand."""

import asyncio

import aiohttp
import pytest

from miniapi.sandbox.faults import Fault, Faults

LOGIN = "/sns/jscode2session"
QUERY = "appid=wx0000000000000001&secret=sandbox-secret&grant_type=authorization_code"


def test_the_rate_is_a_share_of_the_calls():
    faults = Faults()
    faults.add(Fault(LOGIN, "error", rate=0.3))

    share = sum(faults.drawn_for(LOGIN) is not None for _ in range(4000)) / 4000

    assert 0.25 < share < 0.35


def test_a_fault_may_happen_so_many_times():
    faults = Faults()
    faults.add(Fault(LOGIN, "error", times=2))

    drawn = [faults.drawn_for(LOGIN) is not None for _ in range(4)]

    assert drawn == [True, True, False, False]


def test_a_rate_of_nothing_is_nothing():
    faults = Faults()
    faults.add(Fault(LOGIN, "error", rate=0))

    assert faults.drawn_for(LOGIN) is None


def test_a_star_stands_for_every_path():
    faults = Faults()
    faults.add(Fault("*", "error"))

    assert faults.drawn_for("/cgi-bin/token") is not None


async def test_an_error_is_a_bad_gateway(sandbox):
    await sandbox.fault(LOGIN, "error")

    async with sandbox.http.get(sandbox.base + LOGIN) as response:
        assert response.status == 502


async def test_an_errcode_is_answered_in_place_of_the_call(sandbox):
    await sandbox.fault(LOGIN, "errcode")

    _, answer = await sandbox.call("GET", LOGIN)

    assert answer["errcode"] == -1
    assert answer["errmsg"].startswith("system error")


async def test_a_truncated_answer_was_worked_for(sandbox):
    code = await sandbox.login_code()
    await sandbox.fault(LOGIN, "truncate")

    with pytest.raises(aiohttp.ClientPayloadError):
        await sandbox.call("GET", f"{LOGIN}?{QUERY}&js_code={code}")

    assert sandbox.state.codes[code].used


async def test_a_slow_answer_comes(sandbox):
    await sandbox.fault(LOGIN, "slow", seconds=0.3)

    async with asyncio.timeout(2):
        started = sandbox.state.ticks()
        _, answer = await sandbox.call("GET", f"{LOGIN}?{QUERY}&js_code=x")

    assert sandbox.state.ticks() - started >= 0.3
    assert answer["errcode"] == 40029


async def test_a_hung_call_is_never_answered_nor_done(sandbox):
    code = await sandbox.login_code()
    await sandbox.fault(LOGIN, "hang")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await sandbox.call("GET", f"{LOGIN}?{QUERY}&js_code={code}")

    assert not sandbox.state.codes[code].used
