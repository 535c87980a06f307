"""The JSON of regions and their rules."""

from datetime import datetime

from typing_extensions import TypedDict

from faq.categories import Categories
from faq.packs import Pack
from faq.rules import CalendarRule, CounterRule, FundRule, OnMismatch, Phase, ReadinessRule, SubsidyRule
from miniapi.clock import SHANGHAI
from miniapi.http.answers import CitationJson, Time, citation_json, written
from miniapi.money import Fen, from_yuan


class ClockJson(TypedDict):
    """The time that counts, to the millisecond."""

    now: Time


class RegionJson(TypedDict):
    """A region, its document and the document's stage; `executable`: its figures can be worked out."""

    region: str
    name: str
    document: str
    stage: str
    executable: bool


class CategoryJson(TypedDict):
    """A category of goods by key, and its Chinese name."""

    category: str
    category_name: str


class SubsidyJson(TypedDict):
    """How much one item gets, and for which goods."""

    percent: int
    item_cap_fen: Fen
    person_cap_fen: Fen
    categories: list[CategoryJson]
    energy_grades: list[int]
    declared_categories: list[str]
    citation: CitationJson


class DropDayJson(TypedDict):
    """A drop as the calendar has it."""

    opens_at: Time
    valid_until: Time


class CalendarJson(TypedDict):
    """When vouchers are given out: days of the month, a time of day, days of validity."""

    opens_at: Time
    closes_at: Time
    drop_days: list[int]
    drop_time: str
    validity_days: int
    drops: list[DropDayJson]
    next_drop_at: Time | None
    citation: CitationJson


class FundJson(TypedDict):
    """How much money there is in all."""

    total_fen: Fen
    citation: CitationJson


class ReadinessJson(TypedDict):
    """How many enterprises must take part before vouchers are given out."""

    sellers_at_least: int
    recyclers_at_least: int
    citation: CitationJson


class CounterJson(TypedDict):
    """What a shop asks for; goods may come back for `refund_days` days, or always.

    `quota_used_up`: a voucher that was used never returns, even when the goods do. `old_unit_collected`:
    a pickup must have collected the old unit before the sale.
    """

    old_unit_declared: bool
    invoice_mismatch: OnMismatch
    refund_days: int | None
    quota_used_up: bool
    old_unit_collected: bool
    citation: CitationJson


class ProgrammeJson(RegionJson):
    """What a document fixes; null where it fixes nothing."""

    phase: Phase | None
    subsidy: SubsidyJson | None
    calendar: CalendarJson | None
    fund: FundJson | None
    readiness: ReadinessJson | None
    counter: CounterJson | None


def clock_json(at: datetime) -> ClockJson:
    """The time, always with its milliseconds."""
    return {"now": at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")}


def region_json(pack: Pack) -> RegionJson:
    """A region and the document it goes by."""
    return {
        "region": pack.region,
        "name": pack.name,
        "document": pack.document.title,
        "stage": pack.stage,
        "executable": bool(pack.rules.subsidies),
    }


def programme_json(pack: Pack, categories: Categories, at: datetime) -> ProgrammeJson:
    """What a document fixes, each rule with its clause; null where it fixes nothing."""
    on = at.astimezone(SHANGHAI).date()
    subsidy, calendar, fund = pack.rules.subsidy(on), pack.rules.calendar(on), pack.rules.fund(on)
    readiness, counter = pack.rules.readiness(on), pack.rules.counter(on)
    return {
        **region_json(pack),
        "phase": calendar.phase(at) if calendar else None,
        "subsidy": _subsidy_json(pack, subsidy, categories, at) if subsidy else None,
        "calendar": _calendar_json(pack, calendar, at) if calendar else None,
        "fund": _fund_json(pack, fund, at) if fund else None,
        "readiness": readiness_json(pack, readiness, at) if readiness else None,
        "counter": _counter_json(pack, counter, at) if counter else None,
    }


def _subsidy_json(pack: Pack, rule: SubsidyRule, categories: Categories, at: datetime) -> SubsidyJson:
    return {
        "percent": rule.percent,
        "item_cap_fen": from_yuan(rule.item_cap_yuan),
        "person_cap_fen": from_yuan(rule.person_cap_yuan),
        "categories": [{"category": key, "category_name": categories[key].name} for key in rule.categories],
        "energy_grades": list(rule.energy_grades),
        "declared_categories": list(rule.declared_categories),
        "citation": citation_json(pack.citation(rule.cites, at)),
    }


def _calendar_json(pack: Pack, rule: CalendarRule, at: datetime) -> CalendarJson:
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
        "citation": citation_json(pack.citation(rule.cites, at)),
    }


def _fund_json(pack: Pack, rule: FundRule, at: datetime) -> FundJson:
    return {"total_fen": from_yuan(rule.total_yuan), "citation": citation_json(pack.citation(rule.cites, at))}


def _counter_json(pack: Pack, rule: CounterRule, at: datetime) -> CounterJson:
    return {
        "old_unit_declared": rule.old_unit_declared,
        "invoice_mismatch": rule.invoice_mismatch,
        "refund_days": rule.refund_days,
        "quota_used_up": rule.quota_used_up,
        "old_unit_collected": rule.old_unit_collected,
        "citation": citation_json(pack.citation(rule.cites, at)),
    }


def readiness_json(pack: Pack, rule: ReadinessRule, at: datetime) -> ReadinessJson:
    """Who must take part."""
    return {
        "sellers_at_least": rule.sellers_at_least,
        "recyclers_at_least": rule.recyclers_at_least,
        "citation": citation_json(pack.citation(rule.cites, at)),
    }
