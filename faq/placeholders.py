"""What the {…} of an answer stand for: figures of the rules, and what the clock makes of the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from faq.packs import Pack
from faq.rules import CHINA, CalendarRule

PATTERN = re.compile(r"\{([^{}]*)\}")
_STAGES = {"final": "正式文件", "draft": "草案", "consultation": "征求意见稿"}
_GRADES = "零一二三四五"


class NoSuchValue(LookupError):
    """An answer uses a placeholder that its pack has nothing for."""


def fill(template: str, pack: Pack, at: datetime) -> str:
    """The template with every placeholder filled in as of a moment."""
    values = values_of(pack, at)

    def value(found: re.Match[str]) -> str:
        try:
            return values[found.group(1)]
        except KeyError:
            raise NoSuchValue(found.group(1)) from None

    return PATTERN.sub(value, template)


def values_of(pack: Pack, at: datetime) -> dict[str, str]:
    """Everything an answer of this pack can say at a moment, by placeholder."""
    local = at.astimezone(CHINA)
    return {
        **_of_document(pack),
        **_of_figures(pack, local),
        **_of_subsidy(pack, local),
        **_of_fund(pack, local),
        **_of_readiness(pack, local),
        **_of_calendar(pack, local),
    }


def _of_document(pack: Pack) -> dict[str, str]:
    document = pack.document
    values = {
        "region.name": pack.name,
        "region.short": pack.short,
        "document.title": document.title,
        "document.number": document.number,
        "document.year": str(document.year),
        "document.issuers": "、".join(document.issuers),
        "document.stage": _STAGES[document.stage],
    }
    for kind, name in (("phone", "contact.phones"), ("email", "contact.emails")):
        found = [contact.value for contact in pack.contacts if contact.kind == kind]
        if found:
            values[name] = "、".join(found)
    for clause in pack.clauses.values():
        if clause.lead:
            values[f"clause.{clause.key}.lead"] = "、".join(clause.lead)
    return values


def _of_figures(pack: Pack, at: datetime) -> dict[str, str]:
    keys = {figure.key for figure in pack.rules.figures}
    found = {key: pack.rules.figure(key, at.date()) for key in keys}
    return {f"figure.{key}": figure.says for key, figure in found.items() if figure is not None}


def _of_subsidy(pack: Pack, at: datetime) -> dict[str, str]:
    rule = pack.rules.subsidy(at.date())
    if rule is None:
        return {}
    graded = [key for key in rule.categories if key not in rule.declared_categories]
    return {
        "subsidy.percent": str(rule.percent),
        "subsidy.item_cap": f"{rule.item_cap_yuan} 元",
        "subsidy.person_cap": f"{rule.person_cap_yuan} 元",
        "subsidy.full_price": f"{rule.full_price_yuan} 元",
        "subsidy.items_for_person_cap": str(rule.items_for_person_cap),
        "subsidy.categories": _listed(rule.categories, pack),
        "subsidy.graded_categories": _listed(graded, pack),
        "subsidy.declared_categories": _listed(rule.declared_categories, pack),
        "subsidy.energy_grades": "、".join(_GRADES[grade] for grade in rule.energy_grades) + "级",
    }


def _listed(keys: Iterable[str], pack: Pack) -> str:
    return "、".join(pack.categories[key].name for key in keys)


def _of_fund(pack: Pack, at: datetime) -> dict[str, str]:
    rule = pack.rules.fund(at.date())
    if rule is None:
        return {}
    return {
        "fund.total": f"{rule.total_yuan / 10_000:g} 万元",
        "fund.split": ":".join(map(str, rule.local_split)),
    }


def _of_readiness(pack: Pack, at: datetime) -> dict[str, str]:
    rule = pack.rules.readiness(at.date())
    if rule is None:
        return {}
    return {
        "readiness.sellers": f"{rule.sellers_at_least} 家",
        "readiness.recyclers": f"{rule.recyclers_at_least} 家",
    }


def _of_calendar(pack: Pack, at: datetime) -> dict[str, str]:
    rule = pack.rules.calendar(at.date())
    if rule is None:
        return {}
    drops = rule.drops()
    last_use = rule.valid_until(drops[-1].date())
    return {
        "calendar.days": "、".join(f"{day}号" for day in rule.days),
        "calendar.opens": f"{rule.opens:%H:%M}",
        "calendar.first_drop": f"{rule.first_drop.year}年{_day(drops[0])}",
        "calendar.last_day": f"{rule.last_day.year}年{rule.last_day.month}月{rule.last_day.day}日",
        "calendar.validity_days": str(rule.validity_days),
        "calendar.drops": "、".join(map(_day, drops)),
        "calendar.last_drop": _day(drops[-1]),
        "calendar.last_use": _day(last_use),
        "calendar.now_text": _now(rule, at),
        "calendar.next_drop_text": _next_drop(rule, at),
        "calendar.usable_text": _usable(rule, at),
    }


def _now(rule: CalendarRule, at: datetime) -> str:
    """Whether one can still take part at this moment, in one breath."""
    phase = rule.phase(at)
    if phase == "before":
        return f"活动还没开始，{_next_drop(rule, at)}。"
    if phase == "after":
        return "活动已经结束，不能再领券，也不能再用券。"
    if rule.next_drop(at) is not None or rule.usable_drop(at) is not None:
        return f"活动还在进行：{_usable(rule, at)}；{_next_drop(rule, at)}。"
    return f"活动名义上还没到截止日，但{_usable(rule, at)}，{_next_drop(rule, at)}，已经领不到、也用不了了。"


def _next_drop(rule: CalendarRule, at: datetime) -> str:
    upcoming, phase = rule.next_drop(at), rule.phase(at)
    if phase == "after":
        return "活动已经结束，不再发券"
    if upcoming is None:
        return f"{_day(rule.drops()[-1])} 那次是最后一次发券，活动期内不会再有新的发券"
    if phase == "before":
        return f"第一次发券是 {_day(upcoming)} {upcoming:%H:%M}"
    day = f"今天（{_day(upcoming)}）" if upcoming.date() == at.date() else f" {_day(upcoming)} "
    return f"下一次发券是{day}{upcoming:%H:%M}"


def _usable(rule: CalendarRule, at: datetime) -> str:
    if rule.phase(at) == "before":
        return "还没有发过券"
    usable = rule.usable_drop(at)
    if rule.phase(at) == "after" or usable is None:
        last = rule.valid_until(rule.drops()[-1].date())
        if rule.next_drop(at) is None:
            return f"所有券都已过期（最后一批用到 {_day(last)} 为止）"
        return "已发出的券都已过期"
    return f"{_day(usable)} 发的券可以用到 {_day(rule.valid_until(usable.date()))} 24:00"


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"
