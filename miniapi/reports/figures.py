"""How the city stands, in numbers for operators: read when somebody looks at the metrics."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from faq.packs import Library
from miniapi.database import sql
from miniapi.drops import queries, rules
from miniapi.drops.models import Drop
from miniapi.tickets import queries as tickets

COUNTED = """
    SELECT 'vouchers' AS what, region, state, count(*)::float8 AS value FROM voucher GROUP BY region, state
    UNION ALL SELECT 'owed', '', '', count(*) FROM notice WHERE state IN ('owed', 'sending')
    UNION ALL SELECT 'overdue', '', '', coalesce(extract(epoch FROM $1::timestamptz - min(due_at)), 0)
        FROM notice WHERE state IN ('owed', 'sending') AND due_at <= $1
    UNION ALL SELECT 'clock', '', '', extract(epoch FROM shift) FROM clock
"""


async def figures(library: Library, *, at: datetime) -> Sequence[GaugeMetricFamily]:
    """Drops, vouchers, reminders, tickets and the clock, at this business time."""
    drops = GaugeMetricFamily(
        "huanxin_drops_remaining", "Vouchers left in drops to come.", labels=("region", "state")
    )
    for (region, state), left in (await _left_in_drops(library, at)).items():
        drops.add_metric((region, state), left)
    vouchers = GaugeMetricFamily("huanxin_vouchers", "Vouchers there are.", labels=("region", "state"))
    single = {
        "owed": GaugeMetricFamily(
            "huanxin_reminders_owed", "Reminders that wait for their time or for WeChat."
        ),
        "overdue": GaugeMetricFamily(
            "huanxin_reminders_oldest_overdue_seconds", "How long the oldest due reminder has waited."
        ),
        "clock": GaugeMetricFamily(
            "huanxin_clock_offset_seconds", "The business clock, less the database server's."
        ),
    }
    for row in await sql.rows(COUNTED, at):
        if row["what"] == "vouchers":
            vouchers.add_metric((row["region"], row["state"]), row["value"])
        else:
            single[row["what"]].add_metric((), row["value"])
    return [drops, vouchers, *single.values(), *await _tickets(at)]


async def _left_in_drops(library: Library, at: datetime) -> dict[tuple[str, str], int]:
    left: dict[tuple[str, str], int] = {}
    for drop in await queries.as_they_stand(Drop.filter(closes_at__gt=at)):
        state, of_this = rules.as_shown(drop, library, at)
        key = (drop.programme.region, state.value)
        left[key] = left.get(key, 0) + of_this
    return left


async def _tickets(at: datetime) -> Sequence[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("huanxin_tickets_open", "Tickets that wait for the staff.", labels=("role",))
    oldest = GaugeMetricFamily(
        "huanxin_tickets_oldest_seconds", "How long the oldest open ticket has waited.", labels=("role",)
    )
    for role, desk in (await tickets.waiting(at=at)).items():
        waiting.add_metric((role,), desk.tickets)
        oldest.add_metric((role,), desk.oldest.total_seconds())
    return [waiting, oldest]
