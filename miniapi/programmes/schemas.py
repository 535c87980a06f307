"""The JSON of regions and their rules."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from faq.categories import Categories
from faq.packs import Pack
from faq.rules import CalendarRule, FundRule, SubsidyRule
from miniapi.clock import SHANGHAI
from miniapi.http.answers import written
from miniapi.money import from_yuan


def region_json(pack: Pack) -> dict[str, Any]:
    """A region and the document it goes by."""
    return {
        "region": pack.region,
        "name": pack.name,
        "document": pack.document.title,
        "stage": pack.stage,
        "executable": bool(pack.rules.subsidies),
    }


def programme_json(pack: Pack, categories: Categories, at: datetime) -> dict[str, Any]:
    """What a document fixes, each rule with its clause; null where it fixes nothing."""
    on = at.astimezone(SHANGHAI).date()
    subsidy, calendar, fund = pack.rules.subsidy(on), pack.rules.calendar(on), pack.rules.fund(on)
    return {
        **region_json(pack),
        "phase": calendar.phase(at) if calendar else None,
        "subsidy": _subsidy_json(pack, subsidy, categories, at) if subsidy else None,
        "calendar": _calendar_json(pack, calendar, at) if calendar else None,
        "fund": _fund_json(pack, fund, at) if fund else None,
    }


def _subsidy_json(pack: Pack, rule: SubsidyRule, categories: Categories, at: datetime) -> dict[str, Any]:
    return {
        "percent": rule.percent,
        "item_cap_fen": from_yuan(rule.item_cap_yuan),
        "person_cap_fen": from_yuan(rule.person_cap_yuan),
        "categories": [{"category": key, "category_name": categories[key].name} for key in rule.categories],
        "energy_grades": list(rule.energy_grades),
        "declared_categories": list(rule.declared_categories),
        "citation": asdict(pack.citation(rule.cites, at)),
    }


def _calendar_json(pack: Pack, rule: CalendarRule, at: datetime) -> dict[str, Any]:
    next_drop = rule.next_drop(at)
    return {
        "opens_at": written(rule.window_opens),
        "closes_at": written(rule.window_closes),
        "drop_days": list(rule.days),
        "drop_time": f"{rule.opens:%H:%M}",
        "validity_days": rule.validity_days,
        "drops": [
            {"opens_at": written(opens), "valid_until": written(rule.valid_until(opens.date()))}
            for opens in rule.drops()
        ],
        "next_drop_at": written(next_drop) if next_drop else None,
        "citation": asdict(pack.citation(rule.cites, at)),
    }


def _fund_json(pack: Pack, rule: FundRule, at: datetime) -> dict[str, Any]:
    return {"total_fen": from_yuan(rule.total_yuan), "citation": asdict(pack.citation(rule.cites, at))}
