"""`make bench`: claims a second by one worker, beside what else could claim the same vouchers on this machine."""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from miniapi.database import embedded
from tests.bench import city, measuring
from tests.bench.measuring import Failed, Measure

CONTENDERS = ("product", "bare", "pgbench", "orm")
ASKED_A_SECOND = 8000  # more than any contender that writes can answer


def main() -> None:
    """Measure and print."""
    options = _options()
    if shutil.which("wrk") is None:
        sys.exit("bench: apt install wrk")
    people = (options.seconds + measuring.WARM_UP) * ASKED_A_SECOND
    try:
        with tempfile.TemporaryDirectory(prefix="huanxin-bench-") as home, embedded.running(Path(home)) as server:
            town = city.found(server, people)
            for connections in options.connections:
                found = _pairs(town, connections, options)
                for name, measures in found.items():
                    print(name, connections, round(statistics.median(one.rate for one in measures)))
    except Failed as failed:
        sys.exit(f"bench: {failed}")


def _pairs(town: city.City, connections: int, options: argparse.Namespace) -> dict[str, list[Measure]]:
    found: dict[str, list[Measure]] = {name: [] for name in options.only}
    for pair in range(1, options.pairs + 1):
        for name in options.only:
            measure = measuring.served(name, town, connections=connections, seconds=options.seconds)
            found[name].append(measure)
            print(f"{connections} connections, pair {pair}, {name}: {measure.rate:.0f} a second, p99 {measure.p99_ms:.1f} ms  {dict(measure.rows)}")
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=_numbers, default=[64, 512])
    parser.add_argument("--only", type=_names, default=CONTENDERS)
    return parser.parse_args()


def _numbers(written: str) -> Sequence[int]:
    return [int(one) for one in written.split(",")]


def _names(written: str) -> Sequence[str]:
    return written.split(",")


if __name__ == "__main__":
    main()
