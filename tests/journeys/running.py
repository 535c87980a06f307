"""The real thing: `huanxin up` on free ports, with a home of its own."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from miniapi.database import embedded
from tests.privacy import watch

READY_WITHIN = 60.0
HUANXIN = str(Path(sys.executable).parent / "huanxin")


@dataclass
class House:
    """A home and its two ports; `up` starts it, and starts it again."""

    home: Path
    port: int
    sandbox_port: int
    log: Path  # what its processes write to standard error
    said: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)  # settings of this test alone
    through: tuple[str, ...] = ()  # a program that starts `huanxin` in some other way
    process: asyncio.subprocess.Process | None = None  # what `running` started last

    @property
    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("HUANXIN_")}
        return {
            **mine,
            "HUANXIN_HOME": str(self.home),
            "HUANXIN_PORT": str(self.port),
            "HUANXIN_SANDBOX_PORT": str(self.sandbox_port),
            **self.more,
        }

    @property
    def database_url(self) -> str:
        """The database of this home."""
        return embedded.Server(self.home.resolve()).url()

    @asynccontextmanager
    async def up(self, *arguments: str) -> AsyncIterator["City"]:
        """Everything until the end of the block, then Ctrl-C."""
        async with self.running("up", *arguments) as city:
            yield city

    @asynccontextmanager
    async def running(self, *command: str) -> AsyncIterator["City"]:
        """A command that serves, from the moment it says that it is ready; then Ctrl-C."""
        self.process = process = await self.start(*command)
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._until_ready(process)
            async with aiohttp.ClientSession() as http:
                yield City(self, http)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            async with asyncio.timeout(20):
                await process.wait()
        assert process.returncode in (0, -signal.SIGKILL)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while line := (await process.stdout.readline()).decode():
            self.said.append(line)
            if "Ctrl-C" in line or "接口已就绪" in line:
                return
        raise AssertionError(f"{process.pid} ended with {await process.wait()}: {self.log.read_text()}")

    @property
    def complaints(self) -> str:
        """The lines of its log that are no events: what Python or a command said by itself."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return "\n".join(line for line in lines if not line.startswith("{"))

    def parts(self, name: str = "") -> list[int]:
        """The processes that the running command looks after, all or those of a name."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(one) for one in children if (its := name_of(one)) is not None and name in its]

    @property
    def postmaster(self) -> int:
        """The server of this home."""
        return int(embedded.Server(self.home.resolve()).pid_file.read_text().split()[0])

    async def another_postmaster(self, old: int) -> None:
        """Wait until another server than this one has the home; between the two there is none."""

        def has_come() -> bool:
            with suppress(FileNotFoundError, IndexError):
                return self.postmaster != old
            return False

        await until(has_come)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """One command, with its output to be read; its log goes to a file, for the reader and for `watch`."""
        watch.files.add(self.log)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.through,
                HUANXIN,
                *arguments,
                env=self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, output and error of one command."""
        process = await asyncio.create_subprocess_exec(
            *self.through,
            HUANXIN,
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


@dataclass
class City:
    """The running service and its sandbox, as a client sees them."""

    house: House
    http: aiohttp.ClientSession
    token: str | None = None

    async def call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Any:
        """Status and JSON of one call, as whoever has signed in."""
        watch.know_body(body)
        watch.know(self.token or "")
        sent = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **(headers or {})}
        address = f"http://127.0.0.1:{self.house.port}/api/v1{path}"
        async with self.http.request(method, address, json=body or None, headers=sent) as answer:
            content = await answer.read()
            return answer.status, json.loads(content) if content else None

    async def get(self, path: str) -> Any:
        """The JSON of something that is there."""
        status, answer = await self.call("GET", path)
        assert status == 200, answer
        return answer

    async def post(self, path: str, **body: Any) -> Any:
        """The JSON of something that is done."""
        status, answer = await self.call("POST", path, **body)
        assert status in (200, 201, 204), answer
        return answer

    async def refused(self, method: str, path: str, **body: Any) -> tuple[int, str]:
        """Status and code of something that is refused."""
        status, answer = await self.call(method, path, **body)
        return status, answer["code"]

    async def sandbox(self, method: str, path: str, /, **body: Any) -> Any:
        """One call to the sandbox."""
        watch.know_body(body)
        address = f"http://127.0.0.1:{self.house.sandbox_port}/sandbox{path}"
        async with self.http.request(method, address, json=body or None) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json(content_type=None)

    async def sign_in(self, user: str) -> dict[str, Any]:
        """As the mini-program does, through WeChat."""
        code = (await self.sandbox("POST", "/login", user=user))["code"]
        answer = await self.post("/login", code=code)
        self.token = answer["token"]
        return answer

    async def move_clock(self, at: str) -> None:
        """Move the business clock, and wait until every process must know."""
        await self.sandbox("POST", "/clock", now=at)
        await asyncio.sleep(0.6)

    async def pretend(self, sql: str, *values: Any) -> None:
        """Change something in the database by hand."""
        connection = await asyncpg.connect(self.house.database_url)
        try:
            await connection.execute(sql, *values)
        finally:
            await connection.close()

    async def now(self) -> datetime:
        """The business time."""
        return datetime.fromisoformat((await self.get("/clock"))["now"])

    async def say(self, text: str, session: str = "journey-1") -> dict[str, Any]:
        """One message of a conversation."""
        return await self.post("/chat", text=text, session=session, region="yangling")


def name_of(pid: str) -> str | None:
    """What a process calls itself, unless it has ended just now."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return None


def processes_of(home: Path) -> list[int]:
    """The running processes whose command or environment names a home."""
    found = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            its = [Path(f"/proc/{number}/{file}").read_bytes() for file in ("cmdline", "environ")]
        except OSError:
            continue
        if any(os.fsencode(home) in text for text in its):
            found.append(int(number))
    return found


async def until(fact: Callable[[], Any], seconds: float = 5.0) -> float:
    """Wait until something is so; how long it took."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < seconds, "it did not come to be"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


def a_house(home: Path, log: Path | None = None) -> House:
    """A home with two free ports, and its log beside it."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return House(home, *ports, log or home.parent / "stderr.log")
