"""What is killed is back, whole, and nobody has to help."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import aiohttp

from tests.journeys.running import City, House, processes_of, until

START = "2024-09-01T09:58:00+08:00"


def kill(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def replaced(house, killed):
    """Whether there are two workers, and none of the killed."""
    workers = set(house.parts("worker"))
    return len(workers) == 2 and not workers & set(killed)


async def answers_again(city: City, path="/readyz", port=None) -> float:
    """Seconds until 200; before that nothing but 503 or a cut connection, each within five seconds."""
    began = time.monotonic()
    while True:
        try:
            async with asyncio.timeout(5):
                async with city.http.get(f"http://127.0.0.1:{port or city.house.port}{path}") as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
                    assert answer.status == 503, await answer.text()
                    assert (await answer.json())["code"] == "database_unavailable"
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            pass
        assert time.monotonic() - began < 20
        await asyncio.sleep(0.02)


async def test_workers_one_or_all_are_back_within_two_seconds(house):
    async with house.up("--as-of", START) as city:
        workers = house.parts("worker")
        kill(workers[0])
        assert await answers_again(city) < 2
        await until(lambda: replaced(house, workers[:1]), 2)

        for _ in range(3):
            workers = house.parts("worker")
            kill(*workers)
            assert await answers_again(city) < 2
            await until(lambda killed=workers: replaced(house, killed), 2)

        assert await city.now()
        assert house.log.read_text().count("ended with -9, starting it again") == 7


async def test_all_parts_at_once_are_back_and_the_sandbox_has_forgotten_nothing(house):
    async with house.up("--as-of", START) as city:
        await city.sign_in("alice")
        template = (await city.sandbox("GET", "/templates"))[0]["template_id"]
        await city.sandbox("POST", "/subscribe", user="alice", template_ids=[template], answer="accept")
        before, openid = await city.now(), (await city.get("/me"))["id"]

        kill(*house.parts())

        assert await answers_again(city) < 2
        assert await answers_again(city, "/", house.sandbox_port) < 2
        await city.sign_in("alice")
        assert (await city.get("/me"))["id"] == openid
        assert before < await city.now()
        await until(lambda: len(house.parts()) == 5, 2)
        await until(lambda: house.log.read_text().count("this scheduler leads") == 2, 5)


async def test_the_postmaster_is_back_within_five_seconds(house):
    async with house.up("--as-of", START) as city:
        await city.sign_in("alice")
        for _ in range(2):
            old, began = house.postmaster, time.monotonic()
            kill(old)

            await house.another_postmaster(old)  # what the old one had begun may answer a little longer
            await answers_again(city)
            assert time.monotonic() - began < 5

        assert (await city.get("/me"))["roles"] == []
        await city.move_clock("2024-09-01T10:00:05+08:00")
        assert (await city.now()).hour == 10
        await until(lambda: re.search("opened the drops .*2024-09-01T10:00:00", house.log.read_text()), 10)


async def test_up_itself_leaves_nothing_and_the_next_start_is_whole(house):
    async with house.up("--as-of", START) as city:
        await city.sign_in("alice")
        token, before = city.token, await city.now()
        parts, server = house.parts(), house.postmaster
        kill(house.process.pid)
        await house.process.wait()

    async with house.up("--as-of", START) as city:  # at once, while its parts may still be ending
        city.token = token
        assert (await city.get("/me"))["roles"] == []
        assert before < await city.now()
        assert not set(parts) & set(processes_of(house.home))
        assert house.postmaster == server

    await until(lambda: processes_of(house.home) == [])


async def test_a_killed_up_leaves_at_most_the_database_server(house):
    async with house.up("--as-of", START):
        kill(house.process.pid)
        await house.process.wait()

    server = house.postmaster
    await until(lambda: set(processes_of(house.home)) <= its_own(server, house), 3)

    assert await house.command("audit") == (0, "audit: 0 differences\n", "")
    await until(lambda: processes_of(house.home) == [])


def its_own(server: int, house: House) -> set[int]:
    """A server and the processes that it started."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {server, *map(int, children)}


async def test_a_part_that_uses_the_server_keeps_it_when_another_leaves(house):
    async with house.up("--as-of", START) as city:
        server = house.postmaster
        assert (await house.command("ask", "券几点发"))[0] == 0

        assert house.postmaster == server
        assert await answers_again(city) < 1


async def test_whoever_used_the_server_first_may_leave_first(house):
    await house.command("migrate")
    first = await house.start("scheduler")
    await until(lambda: house.log.exists() and "this scheduler leads" in house.log.read_text(), 15)
    async with house.up("--as-of", START) as city:
        server = house.postmaster

        first.terminate()
        await first.wait()

        assert house.postmaster == server
        assert await answers_again(city) < 1
    assert processes_of(house.home) == []
