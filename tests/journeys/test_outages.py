"""What a client sees while the database or WeChat is away or slow: a plain no in time, and nothing lost."""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest

from miniapi.database import embedded, schema
from miniapi.database.embedded import Server
from tests.factories.people import an_id_number
from tests.journeys.running import READY_WITHIN, City, a_house

ANSWERED_WITHIN = 20.0  # seconds: a bound on hanging, twice what each part allows itself
AWAY = (503, "database_unavailable")
OPENED = "2024-09-01T10:00:30+08:00"
OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Elsewhere:
    """A PostgreSQL that is not the service's own: it can be away, die and come back."""

    def __init__(self, home):
        self.server, self._life = Server(home), contextlib.ExitStack()

    @property
    def url(self):
        return self.server.url()

    async def start(self):
        await asyncio.to_thread(self._life.enter_context, embedded.running(self.server.home, fsync=False))

    async def stop(self):
        await asyncio.to_thread(self._life.close)

    async def crash(self):
        """As when the machine lost its power."""
        await asyncio.to_thread(
            embedded.run, self.server, "pg_ctl", "stop", "-D", str(self.server.data), "-m", "immediate"
        )
        await self.stop()


@pytest.fixture
async def elsewhere(tmp_path):
    """A migrated database of this test alone, running."""
    database = Elsewhere(tmp_path / "elsewhere")
    await database.start()
    await schema.migrate(database.url)
    yield database
    await database.stop()


@pytest.fixture
def house(tmp_path, elsewhere):
    house = a_house(tmp_path / "home")
    house.more = {"HUANXIN_DATABASE_URL": elsewhere.url}
    return house


@asynccontextmanager
async def serving(house):
    """`serve` until the end of the block."""
    house.more["HUANXIN_SECRET_KEY"] = "a secret of this test that is long enough"
    process = await house.start("serve")
    try:
        async with aiohttp.ClientSession() as http:
            city = City(house, http)
            async with asyncio.timeout(READY_WITHIN):
                while not await is_alive(city):
                    await asyncio.sleep(0.1)
            yield city
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.wait()


async def is_alive(city):
    with contextlib.suppress(aiohttp.ClientError):
        async with city.http.get(f"http://127.0.0.1:{city.house.port}/healthz") as answer:
            return answer.status == 200
    return False


async def said(city, method, path, **more):
    """Status, and the code of a refusal. A request that hangs fails the test."""
    async with asyncio.timeout(ANSWERED_WITHIN):
        status, answer = await city.call(method, path, **more)
    return status, answer.get("code") if status >= 400 else None


async def until_it_works(city, path="/vouchers"):
    """Nobody restarts anything."""
    async with asyncio.timeout(READY_WITHIN):
        while (await said(city, "GET", path))[0] != 200:
            await asyncio.sleep(0.2)


async def a_crowd_with_an_open_drop(city, size):
    crowd = []
    for n in range(size):
        one = City(city.house, city.http)
        await one.sign_in(f"person-{n}")
        await one.post("/me/identity", name="张三", id_number=an_id_number(n))
        crowd.append(one)
    await city.move_clock(OPENED)
    drops = (await city.get("/drops?region=yangling"))["items"]
    return crowd, next(one["id"] for one in drops if one["state"] == "open")


async def claim(one, drop, n):
    return await said(one, "POST", f"/drops/{drop}/claims", headers={"Idempotency-Key": f"claim-{n}"})


async def all_claim(crowd, drop):
    return await asyncio.gather(*(claim(one, drop, n) for n, one in enumerate(crowd)))


async def each_has_one_voucher(house, crowd, drop):
    """Whatever happened: repeated with the same key, each claim was done once; and the books are right."""
    for n, one in enumerate(crowd):
        assert (await claim(one, drop, n))[0] == 201
        assert len((await one.get("/vouchers"))["items"]) == 1
    assert await house.command("audit") == (0, "audit: 0 differences\n", "")


async def test_a_database_that_is_down_at_the_start_is_waited_for(house, elsewhere):
    await elsewhere.stop()
    async with serving(house) as city:
        for path in ("/drops?region=yangling", "/points?region=yangling"):
            assert await said(city, "GET", path) == AWAY
        assert (await said(city, "GET", "/regions"))[0] == 200

        await elsewhere.start()
        await until_it_works(city, "/drops?region=yangling")

        assert (await said(city, "GET", "/clock"))[0] == 200


async def test_a_database_that_dies_and_comes_back_loses_nothing(house, elsewhere):
    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        crowd, drop = await a_crowd_with_an_open_drop(city, 8)

        claiming = asyncio.create_task(all_claim(crowd, drop))
        await asyncio.sleep(0.05)
        await elsewhere.crash()
        outcomes = Counter(await claiming)
        while_away = [await said(one, "GET", "/vouchers") for one in crowd]
        await elsewhere.start()
        await until_it_works(crowd[0])

        assert set(outcomes) <= {(201, None), AWAY}
        assert set(while_away) == {AWAY}
        await each_has_one_voucher(house, crowd, drop)


async def test_a_table_that_somebody_holds_is_not_waited_for_without_end(house, elsewhere):
    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        crowd, drop = await a_crowd_with_an_open_drop(city, 24)
        holder = await asyncpg.connect(elsewhere.url)

        async with holder.transaction():
            await holder.execute("LOCK TABLE voucher IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            outcomes = Counter(await all_claim(crowd, drop))
            assert time.monotonic() - began < ANSWERED_WITHIN
            assert (await said(city, "GET", "/regions"))[0] == 200
        await holder.close()

        assert set(outcomes) <= {AWAY, (503, "took_too_long")}
        await each_has_one_voucher(house, crowd, drop)


async def test_a_database_that_is_frozen_is_not_waited_for_either(house, elsewhere):
    async with house.up("--as-of", "2024-09-01T09:58:00+08:00") as city:
        crowd, drop = await a_crowd_with_an_open_drop(city, 12)
        mine = await asyncpg.connect(elsewhere.url)
        frozen = [row["pid"] for row in await mine.fetch(OTHERS)]
        frozen.append(int(elsewhere.server.pid_file.read_text().split()[0]))

        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            outcomes = Counter(await all_claim(crowd, drop))
            alive = await is_alive(city)
        finally:
            for pid in reversed(frozen):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        await mine.close()
        await until_it_works(crowd[0])

        assert alive
        assert set(outcomes) <= {AWAY, (503, "took_too_long")}
        await each_has_one_voucher(house, crowd, drop)
