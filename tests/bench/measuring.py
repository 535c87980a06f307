"""One measure: a contender on a database of its own, a warm-up, seconds of load, a look at the claims."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from miniapi.database import embedded
from tests.bench import city
from tests.bench.city import NOON, City
from tests.factories.crowd import UNLIMITED
from tests.factories.people import SECRET

WARM_UP = 2  # seconds
READY_WITHIN = 60.0  # seconds
STOPPED_WITHIN = 20  # seconds
PATIENCE = 10  # seconds until the load generator gives an answer up
FINISHED_AFTER = 1.0  # seconds without another claim
AS_IT_SHOULD = re.compile(r'"status":(2\d\d|499)')
SEALED = 577  # characters of a kept answer
HERE = Path(__file__).parent
PYTHON = sys.executable
COMMANDS = {
    "product": (str(Path(PYTHON).parent / "huanxin"), "serve", "--workers", "1"),
    "bare": (PYTHON, "-m", "tests.bench.peers", "bare"),
    "orm": (PYTHON, "-m", "tests.bench.peers", "orm"),
}
PREFIXES = {"product": "/api/v1", "bare": "/api/v1", "orm": "/api/v1/plain"}


class Failed(Exception):
    """What was measured is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Claims a second and their 99th percentile, where it is known; how many residents have asked so far."""

    rate: float
    p99_ms: float | None
    asked: int


@dataclass(frozen=True, slots=True)
class Load:
    """What the load generator saw: who asked (so far), who was answered, what was no 201 or no answer."""

    asked: int
    answered: int
    seconds: float
    p99_ms: float
    refused: int
    broken: int


def over_http(name: str, town: City, url: str, *, connections: int, seconds: int, asked: int = 0) -> Measure:
    """A contender that serves HTTP, by residents who come after the first `asked`. Raises Failed."""
    city.do(url, "CHECKPOINT")  # as after a quiet night
    before = town.claimed(url)
    with serving(name, town, url) as base:
        target = f"{base}{PREFIXES[name]}/drops/{town.drop}/claims"
        warm = _load(target, connections, WARM_UP, asked)
        _let_finish(town, url)
        seen = _load(target, connections, seconds, warm.asked)
    claims, answered = town.claimed(url) - before, warm.answered + seen.answered
    if wrong := warm.refused + seen.refused + warm.broken + seen.broken:
        ran_out = f" (there are only {town.people} residents)" if seen.asked > town.people else ""
        raise Failed(f"{name}: {wrong} of {answered} answers were not 201{ran_out}; {_complaint(name, town)}")
    if name != "bare" and not answered <= claims <= seen.asked - asked:
        raise Failed(f"{name}: {answered} were told that they have a voucher, {claims} have one")
    return Measure(seen.answered / seen.seconds, seen.p99_ms, seen.asked)


def in_sql(town: City, url: str, *, clients: int, seconds: int) -> Measure:
    """pgbench with so many clients. Raises DatabaseUnusable, Failed."""
    city.do(url, "CHECKPOINT")
    half = town.people // 2
    warm, _ = _pgbench(town, url, clients, WARM_UP, 0, half)
    claims, rate = _pgbench(town, url, clients, seconds, half, half)
    if town.claimed(url) != warm + claims:
        raise Failed(f"pgbench: {warm + claims} claims, {town.claimed(url)} vouchers")
    return Measure(rate, None, warm + claims)


def _let_finish(town: City, url: str) -> None:
    """Wait until whoever was not waited for has been served: that is no load of the next."""
    claims = None
    while claims != (claims := town.claimed(url)):
        time.sleep(FINISHED_AFTER)


def _load(target: str, connections: int, seconds: int, asked: int) -> Load:
    said = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", str(PATIENCE)),
            *("-s", str(HERE / "claims.lua"), target, "--", str(asked)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return Load(**json.loads(said.splitlines()[-1]))


def _pgbench(town: City, url: str, clients: int, seconds: int, first: int, people: int) -> tuple[int, float]:
    """Claims, and claims a second, of so many residents after the first ones."""
    known = {
        "first": first,
        "each": people // clients,
        "claims": 0,
        "drop": town.drop,
        "book": town.book,
        "at": NOON.isoformat(),
        "sealed": SEALED,
    }
    said = embedded.run(
        town.server,
        "pgbench",
        *("-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1))),
        *("-T", str(seconds), "-f", str(HERE / "claim.sql")),
        *(part for name, value in known.items() for part in ("-D", f"{name}={value}")),
        url,
        within=seconds + READY_WITHIN,
    )
    claims, rate = re.search(r"actually processed: (\d+)", said), re.search(r"tps = ([\d.]+)", said)
    if claims is None or rate is None or int(claims[1]) > people:
        raise Failed(f"pgbench: {said}")
    return int(claims[1]), float(rate[1])


@contextmanager
def serving(name: str, town: City, url: str) -> Iterator[str]:
    """A contender that serves until the end of the block; its log lies in the home. Raises Failed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HUANXIN_")},
        **UNLIMITED,
        "HUANXIN_HOME": str(town.server.home),
        "HUANXIN_PORT": str(port),
        "HUANXIN_DATABASE_URL": url,
        "HUANXIN_SECRET_KEY": SECRET,
    }
    with _log(name, town).open("ab") as written:
        process = subprocess.Popen(COMMANDS[name], env=environment, stdout=written, stderr=written)
    try:
        base = f"http://127.0.0.1:{port}"
        if not _serves(process, base):
            raise Failed(f"{name} does not serve; {_complaint(name, town)}")
        yield base
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPPED_WITHIN)


def _log(name: str, town: City) -> Path:
    return town.server.home / f"{name}.log"


def _complaint(name: str, town: City) -> str:
    """The last line of its log that tells of no success, and of nobody who hung up."""
    lines = _log(name, town).read_text().splitlines()
    return next((line for line in reversed(lines) if not AS_IT_SHOULD.search(line)), "its log is empty")


def _serves(process: subprocess.Popen[bytes], base: str) -> bool:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/readyz", timeout=5).close()  # noqa: S310  our own
            return True
        except OSError:
            time.sleep(0.1)
    return False
