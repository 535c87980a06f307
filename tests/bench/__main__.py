"""Claims a second by one worker, beside what else could give the same vouchers out on this machine.

Contenders take turns, each on a fresh copy of a seeded database, so that all meet the same conditions. Then
how well and how fast questions are understood and answered, and how fast reminders are owed and sent.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from miniapi.database import embedded
from miniapi.database.embedded import DatabaseUnusable, Server
from miniapi.stopping import Stopped, stop_on_signals
from tests.bench import bookings, chatting, city, history, matching, measuring, sending, table
from tests.bench.city import City
from tests.bench.measuring import Failed, Measure

ASKED_A_SECOND = 8000  # more than anything that writes can answer
CLIENTS = (1, 2, 4, 8, 16, 32)  # of pgbench; its best number is looked for once
CONNECTIONS_BESIDE_HISTORY = 64
ROWS = {  # one claim writes, whoever it is done by; it changes a drop and two accounts
    "audit_event": 1,
    "entry": 2,
    "kept_answer": 1,
    "notice": 1,
    "transfer": 1,
    "voucher": 1,
    "voucher_event": 1,
}


def main() -> None:
    """Measure and print; the exit status is 1 where a measure is not to be believed."""
    options = _options()
    stop_on_signals()
    if shutil.which("wrk") is None:
        sys.exit("apt install wrk")
    var = Path("var")  # on the disk where the service keeps its data: /tmp may be memory
    var.mkdir(exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(dir=var, prefix="bench-") as home,
            embedded.running(Path(home)) as server,
        ):
            print(f"{os.cpu_count()} cores, {city.described(server)}", flush=True)
            if options.reminders:
                sending.show(server, pairs=options.pairs)
            elif options.bookings:
                bookings.show(server, pairs=options.pairs, seconds=options.seconds)
            elif options.large:
                _beside_history(server, options)
            elif not options.questions:
                _beside_others(server, options)
        if not options.large and not options.bookings and not options.reminders:
            _questions(var, options)
            if not options.questions:
                _reminders(var, options)
    except (Failed, DatabaseUnusable) as failed:
        sys.exit(f"bench: {failed}")
    except Stopped:
        sys.exit("bench: stopped")


def _beside_others(server: Server, options: argparse.Namespace) -> None:
    town = city.found(server, _crowd(options))
    clients = _best_clients(town, options) if "pgbench" in options.only else 0
    for connections in options.connections:
        found = defaultdict(list)
        for pair in range(1, options.pairs + 1):
            for name in options.only:
                one = _on_a_copy(town, name, connections, clients, options)
                print(f"{connections} connections, pair {pair}, {name}: {table.said(one)}", flush=True)
                found[name].append(one)
        print(table.beside_others(found, connections, clients), flush=True)


def _beside_history(server: Server, options: argparse.Namespace) -> None:
    town = city.found(server, _crowd(options) * options.pairs)
    connections, seconds, asked = CONNECTIONS_BESIDE_HISTORY, options.seconds, 0
    shares = []
    with town.copied() as full:
        history.write(town, full, options.large)
        for pair in range(1, options.pairs + 1):
            with town.copied() as empty:
                few = measuring.over_http("product", town, empty, connections=connections, seconds=seconds)
            print(f"pair {pair}, empty tables: {table.said(few)}", flush=True)
            many = measuring.over_http(
                "product", town, full, connections=connections, seconds=seconds, asked=asked
            )
            print(f"pair {pair}, {options.large:,} vouchers: {table.said(many)}", flush=True)
            asked = many.asked
            shares.append(many.rate / few.rate)
        _audit(full)
    print(table.beside_history(median(shares), options.large, connections))


def _questions(var: Path, options: argparse.Namespace) -> None:
    with (
        tempfile.TemporaryDirectory(dir=var, prefix="bench-") as home,
        embedded.running(Path(home)) as server,
    ):
        chatting.show(server, pairs=options.pairs, seconds=options.seconds)
        matching.show(Path(home))


def _reminders(var: Path, options: argparse.Namespace) -> None:
    with (
        tempfile.TemporaryDirectory(dir=var, prefix="bench-") as home,
        embedded.running(Path(home)) as server,
    ):
        sending.show(server, pairs=options.pairs)


def _on_a_copy(town: City, name: str, connections: int, clients: int, options: argparse.Namespace) -> Measure:
    """One contender on a database of its own, which is looked at afterwards. Raises Failed."""
    with town.copied() as url:
        if name == "pgbench":
            one = measuring.in_sql(town, url, clients=clients, seconds=options.seconds)
        else:
            one = measuring.over_http(name, town, url, connections=connections, seconds=options.seconds)
        if name != "bare" and (written := town.written(url)) != ROWS:
            rows = ", ".join(f"{name} {float(number):.3f}" for name, number in written.items())
            raise Failed(f"{name}: a claim does not write what it should, but {rows}")
        if name == "product":
            _audit(url)
    return one


def _audit(url: str) -> None:
    if found := city.audited(url):
        raise Failed("\n".join([*found, f"audit: {len(found)} differences"]))
    print("audit: 0 differences", flush=True)


def _best_clients(town: City, options: argparse.Namespace) -> int:
    rates = {}
    for clients in CLIENTS:
        one = _on_a_copy(town, "pgbench", 0, clients, options)
        print(f"pgbench, {clients} clients: {table.said(one)}", flush=True)
        rates[clients] = one.rate
    return max(rates, key=lambda clients: rates[clients])


def _crowd(options: argparse.Namespace) -> int:
    return int((options.seconds + measuring.WARM_UP) * ASKED_A_SECOND)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=5, help="measures of each, in turns (5)")
    parser.add_argument("--seconds", type=int, default=5, help="how long each takes, after its warm-up (5)")
    parser.add_argument(
        "--connections", type=_numbers, default=[64, 512], metavar="N,N", help="at once (64,512)"
    )
    parser.add_argument(
        "--only", type=_names, default=list(table.NAMES), metavar="NAME,NAME", help="some of them"
    )
    parser.add_argument(
        "--questions", action="store_true", help="instead: only how questions are understood and answered"
    )
    parser.add_argument(
        "--bookings", action="store_true", help="instead: bookings of pickups, and the query of their slots"
    )
    parser.add_argument(
        "--reminders", action="store_true", help="instead: only how fast reminders are owed and sent"
    )
    parser.add_argument(
        "--large",
        type=int,
        metavar="N",
        help="instead: the product with N vouchers there already beside the product with none; "
        "5000000 take 20 GB and half an hour",
    )
    return parser.parse_args()


def _numbers(written: str) -> list[int]:
    return [int(one) for one in written.split(",")]


def _names(written: str) -> list[str]:
    names = written.split(",")
    if unknown := set(names) - set(table.NAMES):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(table.NAMES)}")
    return names


if __name__ == "__main__":
    main()
