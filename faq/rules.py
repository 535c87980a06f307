"""The figures of a programme, each with the days it holds and the clause it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from faq.fields import Fields

CHINA = timezone(timedelta(hours=8))
Phase = Literal["before", "open", "after"]
OnMismatch = Literal["flag", "refuse"]


class Dated(Protocol):
    """Anything that holds from a day until (not on) another."""

    @property
    def since(self) -> date: ...
    @property
    def until(self) -> date | None: ...


V = TypeVar("V", bound=Dated)
ON_MISMATCH: Mapping[str, OnMismatch] = {"flag": "flag", "refuse": "refuse"}


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """How much one item gets, and for which goods."""

    since: date
    until: date | None
    percent: int
    item_cap_yuan: int
    person_cap_yuan: int
    categories: tuple[str, ...]
    energy_grades: tuple[int, ...]
    declared_categories: tuple[str, ...]  # the shop declares them green or smart; they have no grade
    cites: str

    @property
    def full_price_yuan(self) -> int:
        """The lowest price that gets the item cap."""
        return -(-self.item_cap_yuan * 100 // self.percent)

    @property
    def items_for_person_cap(self) -> int:
        """How many items at the item cap use up what one person may get."""
        return -(-self.person_cap_yuan // self.item_cap_yuan)


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """When vouchers are given out, and how long they can be used."""

    since: date
    until: date | None
    days: tuple[int, ...]
    opens: time
    first_drop: date
    last_day: date
    validity_days: int
    cites: str
    cites_last_day: str

    @property
    def window_opens(self) -> datetime:
        """The first drop begins the programme."""
        return datetime.combine(self.first_drop, self.opens, CHINA)

    @property
    def window_closes(self) -> datetime:
        """The first moment after the last day."""
        return datetime.combine(self.last_day + timedelta(days=1), time(), CHINA)

    def drops(self) -> list[datetime]:
        """When each drop of the window opens, first to last."""
        days = (
            self.first_drop + timedelta(days=n) for n in range((self.last_day - self.first_drop).days + 1)
        )
        return [datetime.combine(day, self.opens, CHINA) for day in days if day.day in self.days]

    def valid_until(self, drop_day: date) -> datetime:
        """The last second of a drop's vouchers; the drop's day is not counted, the window never passed."""
        last = min(drop_day + timedelta(days=self.validity_days), self.last_day)
        return datetime.combine(last, time(23, 59, 59), CHINA)

    def phase(self, at: datetime) -> Phase:
        """Whether the programme is still to come, running or over."""
        if at < self.window_opens:
            return "before"
        return "open" if at < self.window_closes else "after"

    def next_drop(self, at: datetime) -> datetime | None:
        """The first drop still to open, none when the window has no more."""
        return next((drop for drop in self.drops() if drop > at), None)

    def latest_drop(self, at: datetime) -> datetime | None:
        """The last drop that has opened, none before the first."""
        return next((drop for drop in reversed(self.drops()) if drop <= at), None)

    def usable_drop(self, at: datetime) -> datetime | None:
        """The drop whose vouchers can still be used, none when all have lapsed."""
        latest = self.latest_drop(at)
        return latest if latest is not None and at <= self.valid_until(latest.date()) else None


@dataclass(frozen=True, slots=True)
class FundRule:
    """The money there is, and how the local share is split: parts of the 示范区 and of the 杨陵区."""

    since: date
    until: date | None
    total_yuan: int
    local_split: tuple[int, ...]
    cites: str


@dataclass(frozen=True, slots=True)
class ReadinessRule:
    """How many enterprises must take part before vouchers are given out."""

    since: date
    until: date | None
    sellers_at_least: int
    recyclers_at_least: int
    cites: str


@dataclass(frozen=True, slots=True)
class CounterRule:
    """What a shop asks for when it takes a voucher, beyond what the goods must be, or takes goods back."""

    since: date
    until: date | None
    old_unit_declared: bool  # the buyer declares one retired old unit for each voucher
    invoice_mismatch: OnMismatch  # an invoice over another sum than paid and subsidy together
    cites: str
    refund_days: int | None = None  # after the day of the sale; None: goods may always come back
    quota_used_up: bool = False  # a voucher that was used never returns, even when the goods do
    old_unit_collected: bool = False  # a pickup of ours has collected the old unit before the sale


@dataclass(frozen=True, slots=True)
class Figure:
    """Any other figure of a document, as people say it."""

    key: str
    says: str
    since: date
    until: date | None
    cites: str


class Rules:
    """All the figures of one document."""

    def __init__(
        self,
        subsidies: Iterable[SubsidyRule] = (),
        calendars: Iterable[CalendarRule] = (),
        funds: Iterable[FundRule] = (),
        readinesses: Iterable[ReadinessRule] = (),
        counters: Iterable[CounterRule] = (),
        figures: Iterable[Figure] = (),
    ) -> None:
        self.subsidies = _in_order(subsidies)
        self.calendars = _in_order(calendars)
        self.funds = _in_order(funds)
        self.readinesses = _in_order(readinesses)
        self.counters = _in_order(counters)
        self.figures = _in_order(figures)

    def subsidy(self, on: date) -> SubsidyRule | None:
        """What a purchase of that day gets; None where the document fixes nothing.

        Before the first version and after the last one the nearest is given, because people ask about a
        programme to come or gone by; whether it runs is the calendar's word.
        """
        return _nearest(self.subsidies, on)

    def calendar(self, on: date) -> CalendarRule | None:
        """The calendar of that day, else the nearest; None where the document fixes none."""
        return _nearest(self.calendars, on)

    def fund(self, on: date) -> FundRule | None:
        """The fund of that day, else the nearest; None where the document names none."""
        return _nearest(self.funds, on)

    def readiness(self, on: date) -> ReadinessRule | None:
        """Who must take part that day, else the nearest; None where the document requires nobody."""
        return _nearest(self.readinesses, on)

    def counter(self, on: date) -> CounterRule | None:
        """What a shop asks for on that day, else the nearest; None where no voucher can be taken."""
        return _nearest(self.counters, on)

    def figure(self, key: str, on: date) -> Figure | None:
        """A named figure as it stands on that day, else the nearest."""
        return _nearest([figure for figure in self.figures if figure.key == key], on)


def overlaps(versions: Sequence[V]) -> list[tuple[V, V]]:
    """Neighbours of which the earlier has not ended when the later begins."""
    ordered = _in_order(versions)
    return [(one, other) for one, other in pairwise(ordered) if one.until is None or one.until > other.since]


def read(file: Path) -> Rules:
    """The rules of a file."""
    fields = Fields.of(file)
    rules = Rules(
        subsidies=[_subsidy(each) for each in _versions(fields, "subsidy")],
        calendars=[_calendar(each) for each in _versions(fields, "calendar")],
        funds=[_fund(each) for each in _versions(fields, "fund")],
        readinesses=[_readiness(each) for each in _versions(fields, "readiness")],
        counters=[_counter(each) for each in _versions(fields, "counter")],
        figures=[_figure(each) for each in fields.tables("figure")],
    )
    fields.done()
    return rules


def _versions(fields: Fields, name: str) -> list[Fields]:
    table = fields.table(name)
    versions = table.tables("version")
    table.done()
    return versions


def _subsidy(fields: Fields) -> SubsidyRule:
    since, until = _period(fields)
    rule = SubsidyRule(
        since=since,
        until=until,
        percent=fields.whole("percent"),
        item_cap_yuan=fields.whole("item_cap_yuan"),
        person_cap_yuan=fields.whole("person_cap_yuan"),
        categories=fields.texts("categories"),
        energy_grades=fields.wholes("energy_grades"),
        declared_categories=fields.texts("declared_categories", ()),
        cites=fields.text("cites"),
    )
    fields.done()
    if not 0 < rule.percent <= 100:
        raise fields.wrong("percent", "must lie between 1 and 100")
    if not 0 < rule.item_cap_yuan <= rule.person_cap_yuan:
        raise fields.wrong("item_cap_yuan", "must be above nothing and not above person_cap_yuan")
    return rule


def _calendar(fields: Fields) -> CalendarRule:
    since, until = _period(fields)
    rule = CalendarRule(
        since=since,
        until=until,
        days=fields.wholes("days"),
        opens=fields.hour("opens"),
        first_drop=fields.day("first_drop"),
        last_day=fields.day("last_day"),
        validity_days=fields.whole("validity_days"),
        cites=fields.text("cites"),
        cites_last_day=fields.text("cites_last_day"),
    )
    fields.done()
    if rule.last_day < rule.first_drop:
        raise fields.wrong("last_day", "must not lie before first_drop")
    if rule.first_drop.day not in rule.days:
        raise fields.wrong("first_drop", "must be one of the days")
    return rule


def _fund(fields: Fields) -> FundRule:
    since, until = _period(fields)
    rule = FundRule(
        since=since,
        until=until,
        total_yuan=fields.whole("total_yuan"),
        local_split=fields.wholes("local_split"),
        cites=fields.text("cites"),
    )
    fields.done()
    if len(rule.local_split) != 2 or min(rule.local_split) < 0 or not any(rule.local_split):
        raise fields.wrong("local_split", "must be two shares, not both of them nothing")
    return rule


def _readiness(fields: Fields) -> ReadinessRule:
    since, until = _period(fields)
    rule = ReadinessRule(
        since=since,
        until=until,
        sellers_at_least=fields.whole("sellers_at_least"),
        recyclers_at_least=fields.whole("recyclers_at_least"),
        cites=fields.text("cites"),
    )
    fields.done()
    for name, figure in (
        ("sellers_at_least", rule.sellers_at_least),
        ("recyclers_at_least", rule.recyclers_at_least),
    ):
        if figure < 0:
            raise fields.wrong(name, "must not be below nothing")
    return rule


def _counter(fields: Fields) -> CounterRule:
    since, until = _period(fields)
    old_unit_declared, found = fields.yes("old_unit_declared"), fields.text("invoice_mismatch")
    if (on_mismatch := ON_MISMATCH.get(found)) is None:
        raise fields.wrong("invoice_mismatch", f"must be one of {', '.join(ON_MISMATCH)}")
    rule = CounterRule(
        since=since,
        until=until,
        old_unit_declared=old_unit_declared,
        invoice_mismatch=on_mismatch,
        cites=fields.text("cites"),
        refund_days=fields.whole("refund_days") if fields.has("refund_days") else None,
        quota_used_up=fields.yes("quota_used_up"),
        old_unit_collected=fields.yes("old_unit_collected"),
    )
    fields.done()
    if rule.refund_days is not None and rule.refund_days < 0:
        raise fields.wrong("refund_days", "must not be below nothing")
    return rule


def _figure(fields: Fields) -> Figure:
    figure = Figure(
        key=fields.text("key"),
        says=fields.text("says"),
        since=fields.day_or_none("from") or date.min,
        until=fields.day_or_none("until"),
        cites=fields.text("cites"),
    )
    fields.done()
    return figure


def _period(fields: Fields) -> tuple[date, date | None]:
    since, until = fields.day("from"), fields.day_or_none("until")
    if until is not None and until <= since:
        raise fields.wrong("until", "must lie after from")
    return since, until


def _in_order(versions: Iterable[V]) -> tuple[V, ...]:
    return tuple(sorted(versions, key=lambda version: version.since))


def _nearest(versions: Sequence[V], on: date) -> V | None:
    if not versions:
        return None
    begun = [version for version in versions if version.since <= on]
    return begun[-1] if begun else versions[0]
