"""Questions a second by one worker, each kept in the database, beside a bare handler; the worker's memory."""

import json
import re
import subprocess
from pathlib import Path
from statistics import median

import asyncpg

import faq.packs
from miniapi.database.embedded import Server
from miniapi.stopping import run
from tests.bench import city, matching, measuring
from tests.bench.city import City
from tests.bench.measuring import Failed, Load

BARE_AT_LEAST = 0.03  # times the rate of bare Sanic
MEMORY_AT_MOST = 220.0  # MiB
CONNECTIONS = 64
LISTED = 5000  # questions; whoever comes later asks them once more, with a number
KEPT = "SELECT count(*) FROM chat_message m JOIN conversation c ON c.id = m.conversation_id"
BARE_PATH = "drops/{drop}/claims"  # its one handler reads nothing, whatever is sent
RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)


def show(server: Server, *, pairs: int, seconds: int) -> None:
    """Measure and print. Raises Failed."""
    town = city.found(server, 1)
    listed = server.home / "questions.tsv"
    listed.write_text(
        "".join(
            f"{json.dumps(text, ensure_ascii=False)}\t{region}\n"
            for text, region in matching.asked_of(faq.packs.load(), LISTED)
        ),
        encoding="utf-8",
    )
    product, bare, memory = [], [], []
    for pair in range(1, pairs + 1):
        rate, resident = _product(town, listed, seconds)
        product.append(rate)
        memory.append(resident)
        bare.append(_bare(town, listed, seconds))
        print(
            f"pair {pair}: product {product[-1]:,.0f} questions a second, bare {bare[-1]:,.0f}, "
            f"worker {memory[-1]:.0f} MiB",
            flush=True,
        )
    share = median(ours / its for ours, its in zip(product, bare, strict=True))
    print(f"\n{f'{CONNECTIONS} connections, medians of {pairs}':44}{'a second':>10}")
    print(f"{'POST /chat, one worker of Huanxin':44}{median(product):>10,.0f}")
    print(f"{'bare Sanic':44}{median(bare):>10,.0f}")
    print(matching.target("times bare Sanic", share, ">=", BARE_AT_LEAST))
    print(matching.target("MiB of a worker after warm-up", max(memory), "<=", MEMORY_AT_MOST), flush=True)


def _product(town: City, listed: Path, seconds: int) -> tuple[float, float]:
    """Questions a second, and the resident memory of its largest process in MiB."""
    with town.copied() as url:
        with measuring.serving("product", town, url) as base:
            warm = _load(f"{base}/api/v1/chat", listed, measuring.WARM_UP, 0)
            seen = _load(f"{base}/api/v1/chat", listed, seconds, warm.asked)
            memory = _memory(base.rpartition(":")[2])
        kept = run(_kept(url))
    if not warm.answered + seen.answered <= kept <= seen.asked:
        raise Failed(f"{warm.answered + seen.answered} questions were answered, {kept} are kept")
    return seen.answered / seen.seconds, memory


def _bare(town: City, listed: Path, seconds: int) -> float:
    with measuring.serving("bare", town, town.server.url()) as base:
        target = f"{base}/api/v1/{BARE_PATH.format(drop=town.drop)}"
        warm = _load(target, listed, measuring.WARM_UP, 0)
        seen = _load(target, listed, seconds, warm.asked)
    return seen.answered / seen.seconds


def _load(target: str, listed: Path, seconds: int, asked: int) -> Load:
    said = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--timeout", str(measuring.PATIENCE)),
            *("-s", str(measuring.HERE / "chats.lua"), target, "--", str(listed), str(asked)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    load = Load(**json.loads(said.splitlines()[-1]))
    if wrong := load.refused + load.broken:
        raise Failed(f"{wrong} of {load.answered} questions were not answered: {load}")
    return load


async def _kept(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval(KEPT))
    finally:
        await connection.close()


def _memory(port: str) -> float:
    """What the largest of the processes that were given the port holds, in MiB: the worker."""
    given = f"HUANXIN_PORT={port}".encode()
    held = [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if given in (process / "environ").read_bytes().split(b"\0"):
                held += map(int, RESIDENT.findall((process / "status").read_text()))
        except OSError:  # it ended, or is somebody else's
            continue
    return max(held) / 1024
