"""WeChat slow, silent or wrong: signing in says so in time, the rest goes on, reminders come later."""

import asyncio

import pytest

from tests.journeys.running import City
from tests.journeys.test_first_season import until

ANSWERED_WITHIN = 15.0  # seconds: a bound on hanging
LOGIN = "/sns/jscode2session"
SEND = "/cgi-bin/message/subscribe/send"


@pytest.fixture
async def city(house):
    async with house.up("--as-of", "2024-09-01T09:00:00+08:00") as city:
        yield city


async def goes_wrong(city: City, path: str, mode: str) -> None:
    address = f"http://127.0.0.1:{city.house.sandbox_port}/sandbox/faults"
    async with city.http.post(address, json={"path": path, "mode": mode, "errcode": -1}) as answer:
        assert answer.status < 300


async def signs_in(city: City, user: str) -> tuple[int, str | None]:
    """Status, and the code of a refusal. A request that hangs fails the test."""
    code = (await city.sandbox("POST", "/login", user=user))["code"]
    async with asyncio.timeout(ANSWERED_WITHIN):
        status, answer = await City(city.house, city.http).call("POST", "/login", code=code)
    return status, answer.get("code")


async def test_signing_in_says_so_and_everything_else_goes_on(city):
    await city.sign_in("alice")

    for mode in ("hang", "error", "errcode", "truncate"):
        await goes_wrong(city, LOGIN, mode)
        refused, others = await asyncio.gather(
            asyncio.gather(*(signs_in(city, f"person-{n}") for n in range(20))),
            asyncio.gather(*(city.call("GET", path) for path in ("/me", "/regions", "/vouchers") * 5)),
        )
        await city.sandbox("DELETE", "/faults")

        assert set(refused) == {(503, "wechat_unavailable")}, mode
        assert {status for status, _ in others} == {200}, mode
        assert (await signs_in(city, "person-0"))[0] == 200, mode

    await goes_wrong(city, LOGIN, "slow")
    assert (await signs_in(city, "person-0"))[0] == 200


async def test_reminders_are_kept_and_sent_when_wechat_is_back(city):
    await city.sign_in("alice")
    templates = await city.sandbox("GET", "/templates")
    template = next(one["template_id"] for one in templates if one["kind"] == "drop")
    drops = (await city.get("/drops?region=yangling"))["items"]
    drop = next(one["id"] for one in drops if one["state"] == "planned")

    for received, (path, mode) in enumerate([(SEND, "error"), (SEND, "errcode")]):
        at = 10 - received  # minutes before ten o'clock
        await city.sandbox("POST", "/subscribe", user="alice", template_ids=[template], answer="accept")
        await city.post("/reminders", kind="drop", drop=drop, minutes_before=at)

        await goes_wrong(city, path, mode)
        await city.move_clock(f"2024-09-01T09:{60 - at}:01+08:00")
        await asyncio.sleep(2)
        assert len(await city.sandbox("GET", "/messages?user=alice")) == received
        await city.sandbox("DELETE", "/faults")

        await until(lambda wanted=received + 1: as_many_as(city, wanted), seconds=20)
    assert (await city.get("/inbox"))["items"] == []


async def as_many_as(city: City, wanted: int) -> bool:
    return len(await city.sandbox("GET", "/messages?user=alice")) == wanted
