"""Reminders: how fast a hundred thousand are owed, and how fast they are sent, beside a bare aiohttp loop."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import UUID

import aiohttp

from miniapi import garbage
from miniapi.database import sql
from miniapi.database.connection import WORKING, connected
from miniapi.database.embedded import Server
from miniapi.reminders import actions
from miniapi.reminders.sending import Sender
from miniapi.reminders.templates import Templates
from miniapi.sandbox.state import State
from miniapi.sandbox.templates import BY_ID
from miniapi.settings import SendingSettings, Settings, WeChatSettings
from miniapi.stopping import run
from miniapi.wechat.client import WeChat
from tests.bench import city, matching
from tests.bench.city import NOON
from tests.bench.measuring import READY_WITHIN, STOPPED_WITHIN, Failed
from tests.factories.reminding import FIELDS, an_occasion

SUBSCRIBERS = 100_000
BESIDE_A_LOOP = 20_000  # reminders in one measure
AT_ONCE = 256
OWED_WITHIN = 5.0  # seconds
LOOP_AT_LEAST = 0.5  # times the rate of a bare aiohttp loop
SENT_WITHIN = 600.0  # seconds
SEND = "/cgi-bin/message/subscribe/send"
NO_LIMITS = SendingSettings(AT_ONCE, 0, 0)
CONSENT = """
    INSERT INTO grant_count (id, resident_id, template_id, remaining)
    SELECT gen_random_uuid(), id, $1, 1 FROM resident RETURNING 1
"""
KNOWN_AS = """
    UPDATE resident SET openid = known.openid FROM unnest($1::uuid[], $2::text[]) AS known (id, openid)
    WHERE resident.id = known.id RETURNING 1
"""
PUT_OFF = """
    UPDATE notice SET due_at = due_at + interval '1 day', too_late_at = too_late_at + interval '1 day'
    WHERE resident_id > $1 RETURNING 1
"""
ENDED = "SELECT state, count(*)::int AS many FROM notice GROUP BY state"


def show(server: Server, *, pairs: int) -> None:
    """Measure and print. Raises Failed."""
    town = city.found(server, SUBSCRIBERS)
    garbage.settle_down()  # as the scheduler does
    owed, ours, loops = [], [], []
    with _answering() as port:
        for pair in range(1, pairs + 1):
            with town.copied() as url:
                seconds, rate = run(_owed_and_sent(url, port))
            owed.append(seconds)
            ours.append(rate)
            loops.append(run(_loop(f"http://127.0.0.1:{port}{SEND}")))
            print(
                f"pair {pair}: {SUBSCRIBERS:,} reminders owed in {owed[-1]:.2f} s; "
                f"sender {ours[-1]:,.0f} a second, bare loop {loops[-1]:,.0f}",
                flush=True,
            )
    share = median(one / other for one, other in zip(ours, loops, strict=True))
    print(matching.target(f"seconds until {SUBSCRIBERS:,} reminders are owed", max(owed), "<=", OWED_WITHIN))
    print(matching.target(f"times a bare aiohttp loop, {AT_ONCE} at once", share, ">=", LOOP_AT_LEAST))
    with town.copied() as url:
        seconds = _through_the_sandbox(server.home / "sandbox", url)
    print(
        matching.target(f"seconds for {SUBSCRIBERS:,} through the sandbox", seconds, "<=", SENT_WITHIN),
        flush=True,
    )


async def _owed_and_sent(url: str, port: int) -> tuple[float, float]:
    """Seconds until all are owed, and reminders a second against a handler that only says yes."""
    async with connected(url, bounds=WORKING), WeChat(_wechat_at(port)) as wechat:
        templates = Templates(wechat)
        await sql.rows(CONSENT, (await templates.ids())["drop"])
        seconds = await _owe_all(SUBSCRIBERS)
        await sql.rows(PUT_OFF, UUID(int=BESIDE_A_LOOP))
        began = time.monotonic()
        sent = await Sender(wechat, templates, NO_LIMITS).send_due(at=NOON)
        took = time.monotonic() - began
    if sent != BESIDE_A_LOOP:
        raise Failed(f"sent {sent} reminders of {BESIDE_A_LOOP}")
    return seconds, sent / took


async def _owe_all(people: int) -> float:
    occasion = an_occasion(NOON)
    began = time.monotonic()
    await actions.owe_all([(UUID(int=n), occasion, f"drop:{n}") for n in range(1, people + 1)], at=NOON)
    return time.monotonic() - began


async def _loop(address: str) -> float:
    """Calls a second of a loop that does nothing else."""
    data = {name: {"value": value} for name, value in FIELDS["drop"].items()}
    message = {"touser": "o" + "0" * 27, "template_id": "template-of-drop", "data": data}
    written = json.dumps(message, ensure_ascii=False).encode()
    left = iter(range(BESIDE_A_LOOP))

    async def call_on(http: aiohttp.ClientSession) -> None:
        for _ in left:
            async with http.post(address, params={"access_token": "t" * 136}, data=written) as answer:
                if json.loads(await answer.read())["errcode"]:
                    raise Failed("the bare handler says no")

    async with aiohttp.ClientSession() as http:
        began = time.monotonic()
        await asyncio.gather(*(call_on(http) for _ in range(AT_ONCE)))
        return BESIDE_A_LOOP / (time.monotonic() - began)


def _through_the_sandbox(home: Path, url: str) -> float:
    """Seconds until every subscriber got their reminder, by the sandbox's own list."""
    template = next(one.id for one in BY_ID.values() if one.kind == "drop")
    openids = _subscribed(home, template)
    with _answering() as product, _sandbox(home, url, product) as port:
        return run(_sent_to(openids, url, port, template))


def _subscribed(home: Path, template: str) -> list[str]:
    """People whom a sandbox of this home will know, each with one consent."""
    home.mkdir()
    state = State(home / "sandbox.jsonl")
    openids = [state.person(f"person-{n}") for n in range(SUBSCRIBERS)]
    for openid in openids:
        state.answered(openid, [template], "accept", int(NOON.timestamp()))
    state.close()
    return openids


async def _sent_to(openids: list[str], url: str, port: int, template: str) -> float:
    async with connected(url, bounds=WORKING), WeChat(_wechat_at(port)) as wechat:
        await sql.rows(CONSENT, template)
        await sql.rows(KNOWN_AS, [UUID(int=n) for n in range(1, SUBSCRIBERS + 1)], openids)
        await _owe_all(SUBSCRIBERS)
        sender, began = Sender(wechat, Templates(wechat), NO_LIMITS), time.monotonic()
        sent = await sender.send_due(at=NOON)
        took = time.monotonic() - began
        ended = {row["state"]: row["many"] for row in await sql.rows(ENDED)}
        received = [await _received(port, n) for n in range(0, SUBSCRIBERS, SUBSCRIBERS // 100)]
    if sent != SUBSCRIBERS or set(received) != {1}:
        raise Failed(f"the sandbox took {sent} of {SUBSCRIBERS} reminders: {ended}")
    return took


async def _received(port: int, number: int) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/sandbox/messages?user=person-{number}") as answer,
    ):
        return len(await answer.json())


def _wechat_at(port: int) -> WeChatSettings:
    return Settings.from_environment({"HUANXIN_SANDBOX_PORT": str(port)}).wechat


@contextmanager
def _answering() -> Iterator[int]:
    """The port at which a WeChat says yes to everything, until the end of the block."""
    port = _free_port()
    with _process(port, "/wechat/push", sys.executable, "-m", "tests.bench.answering", str(port)):
        yield port


@contextmanager
def _sandbox(home: Path, url: str, product: int) -> Iterator[int]:
    """The port of a sandbox of this home that pushes to a product there."""
    port = _free_port()
    settings = {
        "HUANXIN_HOME": str(home),
        "HUANXIN_DATABASE_URL": url,
        "HUANXIN_PORT": str(product),
        "HUANXIN_SANDBOX_PORT": str(port),
        "HUANXIN_LOG_LEVEL": "ERROR",
    }
    command = (str(Path(sys.executable).parent / "huanxin"), "wechat-sandbox")
    with _process(port, "/sandbox/templates", *command, **settings):
        yield port


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _process(port: int, path: str, *command: str, **settings: str) -> Iterator[None]:
    """A process that answers at this port until the end of the block. Raises Failed."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HUANXIN_")}
    process = subprocess.Popen(command, env=others | settings)
    try:
        deadline = time.monotonic() + READY_WITHIN
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{command[-1]} does not serve")
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPPED_WITHIN)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own
    except OSError:
        return False
    return True
