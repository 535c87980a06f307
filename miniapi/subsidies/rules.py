"""What a purchase is subsidised with. The figures are the policy pack's; nothing is invented here."""

from collections.abc import Sequence
from dataclasses import dataclass

from faq.categories import Category
from faq.rules import SubsidyRule
from miniapi.money import Fen, from_yuan, in_yuan, percent_of


@dataclass(frozen=True, slots=True)
class Item:
    """One thing at its deal price: after all discounts of the shop, before the subsidy.

    `energy_grade` is the grade on its label; None when the buyer did not say.
    """

    category: Category
    price: Fen
    energy_grade: int | None = None


@dataclass(frozen=True, slots=True)
class ItemQuote:
    """What one item gets, and how it came about, in sentences."""

    item: Item
    subsidy: Fen
    steps: tuple[str, ...]


def quote(items: Sequence[Item], rule: SubsidyRule, room: Fen) -> list[ItemQuote]:
    """Quote items one after another; `room` is what this person may still get."""
    quotes = []
    for item in items:
        quotes.append(_quote_one(item, rule, room))
        room = Fen(room - quotes[-1].subsidy)
    return quotes


def person_cap(rule: SubsidyRule) -> Fen:
    """The most one person may keep."""
    return from_yuan(rule.person_cap_yuan)


def most_for_an_item(rule: SubsidyRule, room: Fen) -> Fen:
    """What a voucher must set aside: the item cap, or the person's remaining room."""
    return min(from_yuan(rule.item_cap_yuan), room)


def is_graded(category: Category, rule: SubsidyRule) -> bool:
    """Whether the label's grade decides; the shop declares the others green or smart, they have no grade."""
    return category.key not in rule.declared_categories


def grades(rule: SubsidyRule) -> str:
    """The grades that are subsidised, as people list them."""
    return f"{'、'.join(str(grade) for grade in rule.energy_grades)} 级"


def why_not(item: Item, rule: SubsidyRule) -> str | None:
    """Why an item gets nothing, in a sentence; None where it gets something."""
    if item.category.key not in rule.categories:
        return f"{item.category.name}不在列出的补贴品类里，不能补贴。"
    known = is_graded(item.category, rule) and item.energy_grade is not None
    if known and item.energy_grade not in rule.energy_grades:
        return f"{item.category.name}是 {item.energy_grade} 级能效，只有 {grades(rule)}能补贴。"
    return None


def _quote_one(item: Item, rule: SubsidyRule, room: Fen) -> ItemQuote:
    if refusal := why_not(item, rule):
        return ItemQuote(item, Fen(0), (refusal,))
    share, cap = percent_of(item.price, rule.percent), from_yuan(rule.item_cap_yuan)
    steps = [f"{item.category.name}成交价 {in_yuan(item.price)} 元，{rule.percent}% 是 {in_yuan(share)} 元。"]
    subsidy = min(share, cap)
    if share > cap:
        steps.append(f"每件最高 {in_yuan(cap)} 元，按 {in_yuan(cap)} 元算。")
    if subsidy > room:
        steps.append(f"每人累计最高 {rule.person_cap_yuan} 元，您还能补 {in_yuan(room)} 元。")
    if not is_graded(item.category, rule):
        steps.append(f"{item.category.name}没有能效等级，以商家申明的绿色、智能产品为准。")
    return ItemQuote(item, min(subsidy, room), tuple(steps))
