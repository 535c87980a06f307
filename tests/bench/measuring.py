"""One measure of one contender: a fresh copy of the city, a warm-up, some seconds of load, a look at the books."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import city
from tests.bench.city import City
from tests.factories.people import SECRET

WARM_UP = 2  # seconds
READY_WITHIN = 60.0  # seconds
STOPPED_WITHIN = 20  # seconds
PYTHON = sys.executable
SERVED = {
    "product": (str(Path(PYTHON).parent / "huanxin"), "serve", "--workers", "1"),
    "bare": (PYTHON, "-m", "tests.bench.peers", "bare"),
    "orm": (PYTHON, "-m", "tests.bench.peers", "orm"),
}
PATHS = {"product": "/api/v1", "bare": "/api/v1", "orm": "/api/v1/plain"}
UNLIMITED = {
    "HUANXIN_REQUESTS_PER_MINUTE": "0",
    "HUANXIN_SIGN_INS_PER_MINUTE": "0",
    "HUANXIN_PERSON_REQUESTS_PER_MINUTE": "0",
}


class Failed(Exception):
    """What was measured is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the load generator saw. `asked` counts everybody who has claimed, whoever got no answer in time too."""

    asked: int
    answered: int
    seconds: float
    p99_ms: float
    refused: int
    broken: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Claims a second, the 99th percentile of their latency, and the rows that one claim wrote, by table."""

    rate: float
    p99_ms: float | None
    rows: Mapping[str, float]


def served(name: str, town: City, *, connections: int, seconds: int) -> Measure:
    """One of those that speak HTTP. Raises Failed."""
    with town.copied() as url:
        before = city.rows(url)
        with _running(name, town, url) as base:
            target = f"{base}{PATHS[name]}/drops/{town.drop}/claims"
            warm = _load(target, connections, WARM_UP, already=0)
            seen = _load(target, connections, seconds, already=warm.asked)
        if wrong := warm.refused + seen.refused + warm.broken + seen.broken:
            ran_out = f": only {town.people} residents" if seen.asked > town.people else ""
            raise Failed(f"{name}: {wrong} answers were not 201{ran_out}")
        after = city.rows(url)
        written = _written(before, after)
        if name != "bare":
            _check_claims(name, after["voucher"] - before["voucher"], warm, seen)
        if name == "product" and (found := city.audited(url)):
            raise Failed("\n".join([*found, f"audit: {len(found)} differences"]))
    return Measure(seen.answered / seen.seconds, seen.p99_ms, written)


def _check_claims(name: str, claims: int, warm: Load, seen: Load) -> None:
    """Whoever was answered has a voucher, and nobody but those who asked."""
    if not warm.answered + seen.answered <= claims <= seen.asked:
        raise Failed(f"{name}: {warm.answered + seen.answered} were answered 201, {claims} have a voucher")


def _written(before: Mapping[str, int], after: Mapping[str, int]) -> Mapping[str, float]:
    claims = after["voucher"] - before["voucher"]
    grown = {table: after[table] - before[table] for table in after}
    return {table: round(more / claims, 3) for table, more in grown.items() if more}


def _load(target: str, connections: int, seconds: int, *, already: int) -> Load:
    script = str(Path(__file__).with_name("claims.lua"))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", script, target]
    said = subprocess.run([*command, "--", str(already)], capture_output=True, text=True, check=True).stdout
    return Load(**json.loads(said.splitlines()[-1]))


@contextmanager
def _running(name: str, town: City, url: str) -> Iterator[str]:
    """A contender that serves until the end of the block; its log lies in the home."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    log = town.server.home / f"{name}.log"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HUANXIN_")},
        **UNLIMITED,
        "HUANXIN_HOME": str(town.server.home),
        "HUANXIN_PORT": str(port),
        "HUANXIN_DATABASE_URL": url,
        "HUANXIN_SECRET_KEY": SECRET,
    }
    with log.open("ab") as written:
        process = subprocess.Popen(SERVED[name], env=environment, stdout=written, stderr=written)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(process, base, log)
        yield base
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPPED_WITHIN)


def _wait(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/readyz", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise Failed(f"it does not serve: {log.read_text()[-2000:]}")
