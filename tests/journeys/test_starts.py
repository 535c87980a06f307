"""Beginning and ending: at any moment, twice at once, without a database, with a wrong key."""

import asyncio
import contextlib
import os
import signal
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest

from miniapi.database import embedded, schema
from tests.journeys.running import a_house, processes_of, until

START = "2024-09-01T09:58:00+08:00"
SECRET = "a-secret-of-a-test-that-is-long-enough"
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def house(tmp_path):
    return a_house(tmp_path / "家 home")


async def stopped(house, number, after, *command):
    """Start a command, stop it after some seconds; its exit status."""
    process = await house.start(*command)
    await asyncio.sleep(after)
    if process.returncode is None:
        process.send_signal(number)
    async with asyncio.timeout(15):
        return await process.wait()


@pytest.mark.parametrize("after", [0.05, 0.5, 1.0, 2.0, 3.5, 10.0])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_at_any_moment_leaves_nothing_and_says_nothing(house, number, after):
    assert await stopped(house, number, after, "up", "--as-of", START) in (0, -number)

    assert processes_of(house.home) == []
    assert house.complaints == ""


@pytest.mark.parametrize("command", ["serve", "scheduler", "wechat-sandbox"])
async def test_every_command_ends_quietly(house, command):
    house.more = {"HUANXIN_SECRET_KEY": SECRET}
    await house.command("migrate")

    for number, after in ((signal.SIGINT, 0.3), (signal.SIGTERM, 1.0), (signal.SIGINT, 2.5)):
        assert await stopped(house, number, after, command) in (0, -number)
        assert processes_of(house.home) == []
    assert house.complaints == ""


@pytest.mark.parametrize(
    "command",
    [
        ("migrate",),
        ("audit",),
        ("ask", "券几点发"),
        ("keys", "show"),
        ("staff", "list"),
        ("backup", "{file}"),
    ],
)
async def test_what_was_stopped_before_it_was_done_says_that_it_was_not(house, tmp_path, command):
    house.more = {"HUANXIN_SECRET_KEY": SECRET}
    file, lines = tmp_path / "backup.zip", 0

    for number, after in ((signal.SIGTERM, 0.1), (signal.SIGINT, 0.4), (signal.SIGTERM, 0.8)):
        status = await stopped(house, number, after, *(word.format(file=file) for word in command))
        assert status in (1, -number)  # the second one before Python has begun
        lines += status == 1

    said = house.complaints.splitlines()
    assert len(said) == lines
    assert all("中止" in line for line in said), said
    assert not file.exists()
    assert processes_of(house.home) == []


async def test_a_second_up_says_so_and_the_first_goes_on(house, tmp_path):
    async with house.up("--as-of", START) as city:
        second = a_house(house.home)

        status, _, error = await second.command("up")

        assert (status, len(error.splitlines())) == (1, 1)
        assert "已有一个焕新在运行" in error
        assert str(house.home) in error
        assert await city.now()
    assert processes_of(house.home) == []


async def test_two_homes_are_two_cities(house, tmp_path):
    other = a_house(tmp_path / "another")

    async with house.up("--as-of", START) as city, other.up("--as-of", "2024-09-16T09:58:00+08:00") as second:
        assert ((await city.now()).day, (await second.now()).day) == (1, 16)


async def test_serve_says_when_it_is_ready_and_refuses_another_key_than_the_kept_one(house):
    async with house.up("--as-of", START):
        pass
    kept = (house.home / "secret_key").read_text()

    house.more = {"HUANXIN_SECRET_KEY": SECRET}
    status, _, error = await house.command("serve")
    assert (status, len(error.splitlines())) == (1, 1)
    assert "secret_key" in error

    house.more = {"HUANXIN_SECRET_KEY": f"{SECRET},{kept}"}
    async with house.running("serve") as city:
        assert house.said[-1] == f"焕新接口已就绪：http://127.0.0.1:{house.port}/\n"
        assert (await city.now()).year == 2024


async def test_serve_begins_without_its_database_and_finds_it(house, tmp_path):
    other = a_house(tmp_path / "other", tmp_path / "other.log")  # whose server is not there yet
    await other.command("migrate")
    house.more = {
        "HUANXIN_SECRET_KEY": SECRET,
        "HUANXIN_DATABASE_URL": embedded.Server(other.home.resolve()).url(),
        "HUANXIN_AS_OF": START,
    }

    async with begun(house, "serve"), aiohttp.ClientSession() as http:
        assert await said(http, house, "/readyz") == (503, "database_unavailable")
        assert await said(http, house, "/api/v1/clock") == (503, "database_unavailable")

        async with begun(other, "wechat-sandbox"):  # begins the server
            async with asyncio.timeout(20):
                while await said(http, house, "/api/v1/clock") != (200, None):
                    await asyncio.sleep(0.1)
            assert (await said(http, house, "/readyz"))[0] == 200
            await until(lambda: "the database is there" in house.log.read_text())
            assert '"now":"2024-09-01T' in await text(http, house, "/api/v1/clock")
            assert await counted(other, "identity_key") == 1

        assert await said(http, house, "/readyz") == (503, "database_unavailable")


async def counted(house, table):
    """How many rows a table of a home has."""
    connection = await asyncpg.connect(embedded.Server(house.home.resolve()).url())
    try:
        return await connection.fetchval(f"SELECT count(*) FROM {table}")
    finally:
        await connection.close()


@asynccontextmanager
async def begun(house, command):
    """A command while the block runs, whether or not it is ready."""
    process = await house.start(command)
    try:
        yield process
    finally:
        process.terminate()
        async with asyncio.timeout(15):
            assert await process.wait() == 0


async def text(http, house, path):
    """What stands there."""
    async with http.get(f"http://127.0.0.1:{house.port}{path}") as answer:
        return await answer.text()


async def said(http, house, path):
    """Status and code, as soon as somebody listens."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{house.port}{path}") as answer:
                    return answer.status, (await answer.json()).get("code")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def test_the_scheduler_begins_without_its_database(house):
    house.more = {"HUANXIN_DATABASE_URL": NOWHERE}

    async with begun(house, "scheduler") as process:
        await until(lambda: "waiting for the database" in house.log.read_text(), 15)
        await asyncio.sleep(1)
        assert process.returncode is None

    assert house.complaints == ""


async def test_serve_waits_for_a_server_then_its_database_then_its_tables(house, tmp_path):
    server = embedded.Server((tmp_path / "other").resolve())
    url = server.url("later")
    house.more = {"HUANXIN_SECRET_KEY": SECRET, "HUANXIN_DATABASE_URL": url, "HUANXIN_AS_OF": START}

    async with begun(house, "serve"), aiohttp.ClientSession() as http:
        assert await asked_all(http, house) == {(503, "database_unavailable")}

        with contextlib.ExitStack() as life:
            await asyncio.to_thread(life.enter_context, embedded.running(server.home, fsync=False))
            await until(lambda: "waiting for the database: database" in house.log.read_text(), 15)
            assert await asked_all(http, house) == {(503, "database_unavailable")}

            admin = await asyncpg.connect(server.url())
            await admin.execute("CREATE DATABASE later")
            await admin.close()
            await until(lambda: "huanxin migrate" in house.log.read_text(), 15)
            assert {status for status, _ in await asked_all(http, house)} == {503}

            await schema.migrate(url)
            async with asyncio.timeout(15):
                while await asked_all(http, house) != {(200, None)}:
                    await asyncio.sleep(0.1)
            assert '"now":"2024-09-01T' in await text(http, house, "/api/v1/clock")

    assert house.complaints == ""


async def asked_all(http, house):
    """What is said of the service as a whole, and by what needs the clock."""
    return {await said(http, house, path) for path in ("/readyz", "/api/v1/clock")}


async def test_a_database_that_dies_while_up_prepares_is_said_in_one_line(house):
    process = await house.start("up", "--as-of", START)
    url = embedded.Server(house.home.resolve()).url()
    async with asyncio.timeout(60):
        while not await has_tables(url):
            await asyncio.sleep(0.02)
        os.kill(house.postmaster, signal.SIGKILL)
        status = await process.wait()

    assert status == 1
    assert len(house.complaints.splitlines()) == 1
    assert "数据库在准备时中断了，请再运行一次" in house.complaints
    assert "server.log" in house.complaints
    async with house.up() as city:
        assert await city.now()


async def has_tables(url):
    """Whether the first migration has begun."""
    with contextlib.suppress(OSError, asyncpg.PostgresError):
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("SELECT to_regclass('tortoise_migrations') IS NOT NULL")
        finally:
            await connection.close()
    return False


@pytest.mark.parametrize("frozen", ["worker-1", "postmaster"])
async def test_a_stop_waits_for_nobody_who_does_not_answer(house, frozen):
    process = house.process = await house.start("up", "--as-of", START)
    async with asyncio.timeout(60):
        await house._until_ready(process)
    (pid,) = [house.postmaster] if frozen == "postmaster" else house.parts(frozen)

    os.kill(pid, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(15):
        assert await process.wait() == 0

    await until(lambda: processes_of(house.home) == [])
    assert house.complaints == ""
    async with house.up() as city:
        assert await city.now()
