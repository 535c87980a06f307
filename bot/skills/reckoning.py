"""A sum asked for the other way round: the price that brings a subsidy, the room that is left."""

from __future__ import annotations

import re

from bot import wording
from bot.prices import Basket, people_in
from bot.replies import Action, Reply
from bot.skill import Turn
from faq.packs import Pack
from faq.rules import CalendarRule, SubsidyRule

_WHOLE_PERSON = re.compile(r"每人|个人|一个人|一人|全部额度|总上限")


def price_needed(turn: Turn, pack: Pack, rule: SubsidyRule, read: Basket) -> Reply:
    """The lowest price that brings a wanted subsidy."""
    target = (
        read.target_fen
        or (rule.person_cap_yuan if _WHOLE_PERSON.search(turn.text) else rule.item_cap_yuan) * 100
    )
    item_cap, person_cap = rule.item_cap_yuan * 100, rule.person_cap_yuan * 100
    basis = (
        f"按成交价的 {rule.percent}% 补，单件最高 {rule.item_cap_yuan} 元，"
        f"每人最高 {rule.person_cap_yuan} 元。"
    )
    if target > person_cap:
        said = f"一个人最多补 {wording.money(person_cap)}，到不了 {wording.money(target)}。"
    elif target > item_cap:
        count = -(-target // item_cap)
        price = _price_for(target, rule)
        said = (
            f"单件最多补 {wording.money(item_cap)}，要补到 {wording.money(target)} 至少得买 {count} 件，"
            f"成交价合计至少 {wording.money(price)}"
            f"（单件补满要 {wording.money(_price_for(item_cap, rule))}）。"
        )
    else:
        said = f"要补到 {wording.money(target)}，成交价至少 {wording.money(_price_for(target, rule))}。"
        if target == item_cap:
            said += "再贵也是补这么多。"
    return Reply(
        "\n".join(part for part in (before_numbers(pack, turn), said, basis) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "再算一笔"),),
    )


def price_shared(turn: Turn, pack: Pack, rule: SubsidyRule, read: Basket) -> Reply:
    """Things with one price between them: each has a cap of its own, so what each costs must be known."""
    caps = min(rule.item_cap_yuan * read.together, rule.person_cap_yuan) * 100
    most = min(read.total_fen * rule.percent // 100, caps)
    said = (
        f"补贴是一件一件算的：每件按成交价的 {rule.percent}%，"
        f"最高 {rule.item_cap_yuan} 元（{clause(rule.cites)}）。"
        f"这些一共 {wording.money(read.total_fen)}，合起来不超过 {wording.money(most)}；"
        "告诉我每件各多少钱，我替您算准。"
    )
    return Reply(
        "\n".join(part for part in (before_numbers(pack, turn), said) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "再算一笔"),),
    )


def price_before(turn: Turn, pack: Pack, rule: SubsidyRule, paid: int) -> Reply:
    """The deal price of which so much is left to pay."""
    cap = rule.item_cap_yuan * 100
    price = paid * 100 // (100 - rule.percent) if rule.percent < 100 else paid + cap
    price += price - min(price * rule.percent // 100, cap) < paid
    if price * rule.percent // 100 >= cap:
        price = paid + cap
    said = (
        f"补完付 {wording.money(paid)} 的，补贴前的成交价是 {wording.money(price)}，"
        f"补 {wording.money(price - paid)}。\n按成交价的 {rule.percent}% 补，"
        f"单件最高 {rule.item_cap_yuan} 元（{clause(rule.cites)}）。"
    )
    return Reply(
        "\n".join(part for part in (before_numbers(pack, turn), said) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "再算一笔"),),
    )


def room_left(turn: Turn, pack: Pack, rule: SubsidyRule, used: int) -> Reply:
    """How much of a person's cap is left, by what the person says was received."""
    left = max(0, rule.person_cap_yuan * 100 * people_in(turn.text) - used)
    then = f"单件最高 {rule.item_cap_yuan} 元" if left else "不能再补了"
    said = (
        f"每人最高 {rule.person_cap_yuan} 元（{clause(rule.cites)}），您说已经补过 {wording.money(used)}，"
        f"还剩 {wording.money(left)}，{then}。"
    )
    return Reply(
        "\n".join(part for part in (before_numbers(pack, turn), said) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "再算一笔"),),
    )


def before_numbers(pack: Pack, turn: Turn) -> str:
    """Whether the sum can be had at this moment at all."""
    calendar = pack.rules.calendar(turn.today)
    return _when_it_counts(calendar, pack, turn) if calendar else ""


def _when_it_counts(calendar: CalendarRule, pack: Pack, turn: Turn) -> str:
    """A sentence for the times at which nothing can be had, empty while vouchers can be used."""
    phase = calendar.phase(turn.now)
    last = f"{calendar.last_day.year}年{calendar.last_day.month}月{calendar.last_day.day}日"
    if phase == "after":
        return f"{pack.short}这轮活动已在 {last} 结束，现在买不再补。按当时的规则是这样算："
    if phase == "before":
        opens = wording.moment(calendar.window_opens, turn.now)
        return f"活动还没开始，第一场券 {opens} 发放。先按规则给您算："
    if calendar.next_drop(turn.now) is None and calendar.usable_drop(turn.now) is None:
        return f"最后一场的券已经过期，到 {last} 活动结束也不再发券。按规则是这样算："
    return ""


def clause(cites: str) -> str:
    """The key of a clause as people are shown it: 细则三."""
    return cites.partition("#")[2]


def _price_for(fen: int, rule: SubsidyRule) -> int:
    return -(-fen * 100 // rule.percent)
