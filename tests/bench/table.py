"""What was measured, as people read it, beside what is to be reached."""

from collections.abc import Mapping, Sequence
from statistics import median

from tests.bench.measuring import Measure

NAMES = {
    "product": "one worker of Huanxin",
    "bare": "(a) bare Sanic",
    "pgbench": "(b) pgbench, {clients} clients",
    "orm": "(c) plain ORM",
}
AT_LEAST = {"bare": 0.25, "pgbench": 1.6, "orm": 4.0}  # times the rate of each
P99_AT_MOST = 6.0  # times the bare one's
P99_MATTERS_AT = 64  # connections
HISTORY_AT_LEAST = 0.85  # of the empty tables' rate


def said(one: Measure) -> str:
    """One measure."""
    return f"{one.rate:,.0f} a second" + (f", p99 {one.p99_ms:.1f} ms" if one.p99_ms else "")


def beside_others(found: Mapping[str, Sequence[Measure]], connections: int, clients: int) -> str:
    """A line for each contender: its medians, and what the product is beside it in the median pair."""
    pairs = max(map(len, found.values()))
    lines = [
        "",
        f"{f'{connections} connections, medians of {pairs}':32}{'claims/s':>10}{'p99 ms':>10}",
    ]
    for name, measures in found.items():
        rate = f"{median(one.rate for one in measures):,.0f}"
        times = [one.p99_ms for one in measures if one.p99_ms is not None]
        p99 = f"{median(times):.1f}" if times else "-"
        line = f"{NAMES[name].format(clients=clients):32}{rate:>10}{p99:>10}"
        if name in AT_LEAST and "product" in found:
            line += f"   Huanxin: {_rates(found, name)}"
        if name == "bare" and "product" in found:
            line += f", p99 {_p99(found, connections)}"
        lines.append(line)
    return "\n".join([*lines, ""])


def beside_history(share: float, vouchers: int, connections: int) -> str:
    """How fast it is with full tables."""
    target = _judged(share >= HISTORY_AT_LEAST, f">= {HISTORY_AT_LEAST}")
    full = f"with {vouchers:,} vouchers, at {connections} connections"
    return f"\n{full}: {share:.2f} x the rate of empty tables {target}"


def _rates(found: Mapping[str, Sequence[Measure]], name: str) -> str:
    ratio = median(ours.rate / its.rate for ours, its in zip(found["product"], found[name], strict=True))
    return f"{ratio:.2f} x {_judged(ratio >= AT_LEAST[name], f'>= {AT_LEAST[name]}')}"


def _p99(found: Mapping[str, Sequence[Measure]], connections: int) -> str:
    pairs = zip(found["product"], found["bare"], strict=True)
    ratio = median((ours.p99_ms or 0) / (its.p99_ms or 1) for ours, its in pairs)
    judged = _judged(ratio <= P99_AT_MOST, f"<= {P99_AT_MOST}") if connections == P99_MATTERS_AT else ""
    return f"{ratio:.2f} x {judged}".rstrip()


def _judged(reached: bool, target: str) -> str:
    return f"({target}: {'reached' if reached else 'MISSED'})"
