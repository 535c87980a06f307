"""Bookings a second by one worker beside inserts of one row through the same stack; the query of slots."""

import json
import subprocess
import urllib.request
from datetime import timedelta
from pathlib import Path
from statistics import median

import asyncpg

from miniapi.database.embedded import Server
from miniapi.stopping import run
from tests.bench import city, matching, measuring
from tests.bench.city import NOON, City
from tests.bench.measuring import Failed, Load

INSERTS_AT_LEAST = 0.5  # times the rate of plain inserts
P99_AT_MOST = 3.0  # times that of the same slots without bookings
CONNECTIONS = 64
ASKED_A_SECOND = 3000  # more than anything that writes can answer
SLOTS = 700  # of bookings: two weeks of ten districts, five a day
CREWS, BOOKINGS = 50, 100_000
READERS = 8  # connections that ask for slots
ROUNDS = 20  # in which bookings come: their slots are written anew that often
measuring.COMMANDS["insert"] = (measuring.PYTHON, "-m", "tests.bench.inserting")

# $1: the moment, $2: places of each crew, $3: districts
LAY_OUT = """
    WITH recycler AS (
        INSERT INTO merchant (id, region, kind, name, address, demo)
        VALUES (gen_random_uuid(), 'yangling', 'recycler', '示例回收公司', '示例路 1 号', true) RETURNING id
    ), crews AS (
        INSERT INTO crew (id, merchant_id, name)
        SELECT gen_random_uuid(), recycler.id, n || ' 组' FROM recycler, generate_series(1, $4::int) n
        RETURNING id, split_part(name, ' ', 1)::int AS n
    ), slots AS (
        INSERT INTO slot (id, region, district, starts_at, ends_at, capacity, taken)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'yangling',
               CASE WHEN $3::int = 1 THEN '杨陵区' ELSE '区' || n % $3::int END,
               starts_at, starts_at + interval '2 hours', $2::int * $4::int / $3::int, 0
        FROM generate_series(1, $5::int) n CROSS JOIN LATERAL (
            SELECT $1::timestamptz + interval '9 hours' + n / $3::int / 5 * interval '1 day'
                   + n / $3::int % 5 * interval '2 hours' AS starts_at) times
        RETURNING id, district
    )
    INSERT INTO shift (id, slot_id, crew_id, capacity, taken)
    SELECT gen_random_uuid(), slots.id, crews.id, $2::int, 0
    FROM slots JOIN crews ON $3::int = 1 OR slots.district = '区' || crews.n % $3::int
"""
BOOK = """
    INSERT INTO pickup (id, number, resident_id, slot_id, state, items, district, booked_at, call_first,
                        with_delivery, changes, wrong_codes)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(n::text, 10, '0'), lpad(to_hex(n), 32, '0')::uuid, slot.id,
           'booked', '[{"category": "fridge"}]', slot.district, $3, false, false, 0, 0
    FROM generate_series($1::int, $2::int) n
        JOIN slot ON slot.id = lpad(to_hex(n % $4::int + 1), 32, '0')::uuid
"""
COUNT = """
    UPDATE slot SET taken = slot.taken + more.many
    FROM (SELECT slot_id, count(*)::int AS many FROM pickup
          WHERE number BETWEEN lpad($1::int::text, 10, '0') AND lpad($2::int::text, 10, '0')
          GROUP BY slot_id) more
    WHERE slot.id = more.slot_id
"""
BOOKED = "SELECT count(*) FROM pickup"
TAKEN = "SELECT sum(taken) FROM slot"


def show(server: Server, *, pairs: int, seconds: int) -> None:
    """Measure and print. Raises Failed."""
    people = max(BOOKINGS, int((seconds + measuring.WARM_UP) * ASKED_A_SECOND))
    town = city.found(server, people)
    bookings, inserts = [], []
    for pair in range(1, pairs + 1):
        bookings.append(_bookings("product", town, "/api/v1/pickups", seconds))
        inserts.append(_bookings("insert", town, "/api/v1/plain/pickups", seconds))
        print(
            f"pair {pair}: {bookings[-1]:,.0f} bookings a second, {inserts[-1]:,.0f} inserts a second",
            flush=True,
        )
    share = median(ours / its for ours, its in zip(bookings, inserts, strict=True))
    print(f"\n{f'{CONNECTIONS} connections, {SLOTS} slots, medians of {pairs}':52}{'a second':>10}")
    print(f"{'POST /pickups, one worker of Huanxin':52}{median(bookings):>10,.0f}")
    print(f"{'one row through the same HTTP stack':52}{median(inserts):>10,.0f}")
    print(matching.target("times the plain insert", share, ">=", INSERTS_AT_LEAST), flush=True)
    _queries(town, pairs=pairs, seconds=seconds)


def _bookings(name: str, town: City, path: str, seconds: int) -> float:
    """Bookings a second on a copy, which is looked at afterwards. Raises Failed."""
    with town.copied() as url:
        run(_laid_out(url, districts=1, crews=1, places=10**6))
        with measuring.serving(name, town, url) as base:
            warm = _load(name, town, base + path, measuring.WARM_UP, 0)
            seen = _load(name, town, base + path, seconds, warm.asked)
        booked, taken = run(_asked(url, BOOKED)), run(_asked(url, TAKEN))
        if not warm.answered + seen.answered <= booked <= seen.asked:
            raise Failed(f"{name}: {warm.answered + seen.answered} were told they have booked, {booked} have")
        if name == "product":
            if taken != booked:
                raise Failed(f"{booked} bookings, {taken} places taken")
            if found := city.audited(url):
                raise Failed("\n".join(found))
    return seen.answered / seen.seconds


def _queries(town: City, *, pairs: int, seconds: int) -> None:
    """The pages of two weeks of slots, with bookings and without."""
    districts = CREWS // 5
    with town.copied() as empty, town.copied() as full:
        for url in (empty, full):
            run(_laid_out(url, districts=districts, crews=CREWS, places=40))
        run(_booked(full))
        few, many = [], []
        for pair in range(1, pairs + 1):
            few.append(_pages(town, empty, seconds))
            many.append(_pages(town, full, seconds))
            print(
                f"pair {pair}: slots p99 {few[-1]:.2f} ms without bookings, {many[-1]:.2f} ms with",
                flush=True,
            )
    share = median(theirs / none for theirs, none in zip(many, few, strict=True))
    print(f"\n{f'{SLOTS} slots of {CREWS} crews, p99, medians of {pairs}':52}{'ms':>10}")
    print(f"{'GET /pickups/slots, no bookings':52}{median(few):>10.2f}")
    print(f"{f'the same with {BOOKINGS:,} bookings':52}{median(many):>10.2f}")
    print(matching.target("times the p99 without bookings", share, "<=", P99_AT_MOST), flush=True)


def _pages(town: City, url: str, seconds: int) -> float:
    """The 99th percentile of all pages of two weeks, in milliseconds. Raises Failed."""
    with measuring.serving("product", town, url) as base:
        listed = town.server.home / "pages.txt"
        listed.write_text("\n".join(_addresses(base)), encoding="utf-8")
        _asked_for_pages(town, base, listed, measuring.WARM_UP)
        return _asked_for_pages(town, base, listed, seconds).p99_ms


def _addresses(base: str) -> list[str]:
    """The pages of two weeks, each as the one before tells."""
    paths, next_cursor, slots = [], "", 0
    while next_cursor is not None:
        path = f"/api/v1/pickups/slots?region=yangling&limit=100{next_cursor}"
        with urllib.request.urlopen(base + path, timeout=10) as answer:  # noqa: S310  our own
            page = json.load(answer)
        paths.append(path)
        slots += len(page["items"])
        next_cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    if slots != SLOTS:
        raise Failed(f"there are {slots} slots, not {SLOTS}")
    return paths


def _asked_for_pages(town: City, base: str, listed: Path, seconds: int) -> Load:
    return _wrk("product", town, "pages.lua", base, READERS, seconds, str(listed))


def _load(name: str, town: City, target: str, seconds: int, asked: int) -> Load:
    return _wrk(name, town, "bookings.lua", target, CONNECTIONS, seconds, str(asked), str(SLOTS))


def _wrk(
    name: str, town: City, script: str, target: str, connections: int, seconds: int, *arguments: str
) -> Load:
    said = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", str(measuring.PATIENCE)),
            *("-s", str(measuring.HERE / script), target, "--", *arguments),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    load = Load(**json.loads(said.splitlines()[-1]))
    if wrong := load.refused + load.broken:
        raise Failed(f"{name}: {wrong} of {load.answered} answers were refusals; {_complaint(town, name)}")
    return load


def _complaint(town: City, name: str) -> str:
    """The last line of its log that tells of no success."""
    lines = (town.server.home / f"{name}.log").read_text(encoding="utf-8").splitlines()
    return next(
        (one for one in reversed(lines) if not measuring.AS_IT_SHOULD.search(one)), "nothing in the log"
    )


async def _laid_out(url: str, *, districts: int, crews: int, places: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        tomorrow = NOON.replace(hour=0) + timedelta(days=1)
        await connection.execute(LAY_OUT, tomorrow, places, districts, crews, SLOTS)
        await connection.execute("VACUUM ANALYZE slot, shift")
    finally:
        await connection.close()


async def _booked(url: str) -> None:
    """Bookings, a share after the other: a slot's row is written anew with each."""
    connection = await asyncpg.connect(url)
    each = BOOKINGS // ROUNDS
    try:
        for first in range(1, BOOKINGS + 1, each):
            await connection.execute(BOOK, first, first + each - 1, NOON, SLOTS)
            await connection.execute(COUNT, first, first + each - 1)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _asked(url: str, statement: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()
