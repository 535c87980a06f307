"""How much a purchase gets: asks the city for the sum and says it item by item."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from bot import wording
from bot.days import number
from bot.ports import Declined, Priced
from bot.prices import Basket, Line, basket
from bot.replies import Action, Reply, person
from bot.skill import Skill, Turn
from bot.understanding import asks
from faq.packs import Citation, Pack
from faq.rules import CalendarRule, SubsidyRule

_ABOUT_MONEY = re.compile(
    r"补(?!充|办|交|录)|便宜|优惠|立减|能减|减多少|能省|省多少|抵|到手|付|掏|多少|几[块百千]|算一?[算下]|打折"
)
_ABOUT_ELSE = re.compile(
    r"退货|退款|发票|到账|什么时候|啥时候|几号|几点|怎么领|怎么用|在哪|哪里|哪家|值多少"
    r"|卖多少|原来(?:得|要|是)?多少|原价(?:得|要|是)?多少|回收价|估价|定价规则|够(?:多少|几)"
)
_NO_PURCHASE = re.compile(r"旧|老|二手|坏|修|退|骗|投诉|提醒|预约|人工|[吗么呢]")
_FOR_BUYING = re.compile(r"(?:[\d元块百千万]|左右)的|买|价|卖|件|台|花|套|换")
_NEEDED = re.compile(
    r"最少|至少|起码|最低|要花多少|要买|得买|买多|多贵|多少钱的|什么价|多大价|成交价(?:要|得|是)"
)
_WHETHER = re.compile(r"是不是|能不能|可不可以|会不会|是否|能否|对吗|对不对|真的?假的?|[吗么]$")
_REACH_CAP = re.compile(r"(?:拿|补|领|享|减)(?:满|够|到顶|足)|最高(?:额|补贴|那档)|满额|顶格|封顶")
_WHOLE_PERSON = re.compile(r"每人|个人|一个人|一人|全部额度|总上限")
_TO_PAY = re.compile(
    r"付|掏|到手|补完|补后|减完|扣完|抵完|扣掉|减掉|自己出|花多少|还要多少|还得多少|实际多少"
    r"|多少钱[能可]?(?:买到|拿下|入手)|净"
)
_PEOPLE = re.compile(
    r"(?<!每)([两二三四五六]|\d)(?:个|口)人|(夫妻|两口子|老两口|小两口|我和(?:我)?(?:老公"
    r"|老婆|爱人|媳妇|妈|爸))(?:俩|两人|二人)?"
)
_GRADE = re.compile(r"(?<!\d)([1-5一二三四五])级(?:能效|的|节能|能耗|$|,|，|空调|冰箱)")
_GOES_ON = re.compile(r"^(?:那|换|要是|如果|\d).{0,13}$|^.{1,9}呢[?？]?$")


def is_quote(turn: Turn) -> bool:
    """A price and a thing to buy, or a subsidy to be reached, or 那空调呢 after a sum."""
    if _ABOUT_ELSE.search(turn.text):
        return False
    read = basket(turn.text, turn.policy.library.categories)
    if _wants_price(turn.text, read):
        return True
    if len({line.category for line in read.lines if line.category}) > 1:
        return True  # a list of things with their prices asks for nothing else
    if read.lines and any(line.category for line in read.lines):
        bare = (len(turn.text) <= 12 or not asks(turn.text)) and not _NO_PURCHASE.search(turn.text)
        return _ABOUT_MONEY.search(turn.text) is not None or bare or _continues(turn)
    if read.lines:
        about = _ABOUT_MONEY.search(turn.text) and _FOR_BUYING.search(turn.text)
        return about is not None or _continues(turn)
    about_a_thing = turn.policy.library.categories.mentions(turn.text) or _GRADE.search(turn.text)
    return _continues(turn) and bool(about_a_thing)


async def quote(turn: Turn) -> Reply:
    """The subsidy of each item and in all, and what is left to pay where that was asked."""
    pack = turn.pack
    rule = pack.rules.subsidy(turn.today) if pack else None
    if pack is None or rule is None:
        return _nothing_fixed(turn)
    read = _with_memory(turn, basket(turn.text, turn.policy.library.categories))
    if _wants_price(turn.text, read):
        return _price_needed(turn, pack, rule, read)
    grade = _GRADE.search(turn.text)
    graded = number(grade.group(1)) if grade else None
    if graded is not None and graded not in rule.energy_grades:
        return _wrong_grade(turn, pack, rule, graded)
    strange = [line for line in read.lines if line.category and line.category not in rule.categories]
    if strange:
        listed = tuple(line for line in read.lines if line not in strange)
        refused = _not_listed(turn, pack, rule, strange)
        if not listed:
            return refused
        return (await _sum(turn, pack, rule, replace(read, lines=listed))).followed_by(refused)
    return await _sum(turn, pack, rule, read)


def _not_listed(turn: Turn, pack: Pack, rule: SubsidyRule, strange: list[Line]) -> Reply:
    """Things the document does not name: no sum, but what it does name."""
    categories = turn.policy.library.categories
    what = wording.names(dict.fromkeys(line.category or "" for line in strange), categories)
    return Reply(
        f"文件列出的品类里没有写{what}，能不能补不好说，以主管部门公布的为准，所以我不算它。"
        f"列出的有：{wording.names(rule.categories, categories)}。其余的可以单独再问我。",
        "decline",
        citations=_products(turn, pack) or (pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "换一件再算"), person()),
    )


def _products(turn: Turn, pack: Pack) -> tuple[Citation, ...]:
    said = turn.policy.on_topic("products", pack.region, turn.now)
    return said.citations if said else ()


async def _sum(turn: Turn, pack: Pack, rule: SubsidyRule, read: Basket) -> Reply:
    lines = [Line(line.category or rule.categories[0], line.price_fen) for line in read.lines]
    try:
        subsidies, citations = await _ask_city(turn, lines, _people(turn.text))
    except Declined as no:
        return Reply(
            str(no),
            "quote",
            citations=no.citations or (pack.citation(rule.cites, turn.now),),
            actions=(person(),),
        )
    turn.memory.items = [[line.category, line.price_fen] for line in lines]
    people = _people(turn.text)
    cap = rule.person_cap_yuan * 100 * people
    full = sum(subsidies)
    total = min(full, cap, max(0, cap - read.used_fen) if read.used_fen else cap)
    said = [
        _before_numbers(pack, turn),
        f"按成交价的 {rule.percent}% 立减，单件最高 {rule.item_cap_yuan} 元：",
    ]
    said += _lines(turn, rule, lines, [line.category is not None for line in read.lines])
    if len(lines) > 1 or total < full or read.used_fen:
        said.append(_total(rule, total, _per_item(rule, lines), people, read.used_fen))
    if _TO_PAY.search(turn.text):
        bill = sum(line.price_fen for line in lines)
        said.append(
            f"补完还要付 {wording.money(bill - total)}（{wording.money(bill)} − {wording.money(total)}）。"
        )
    calendar = pack.rules.calendar(turn.today)
    if calendar is None or calendar.phase(turn.now) != "after":
        said.append(_conditions(turn, pack, rule, lines))
    return Reply(
        "\n".join(part for part in said if part),
        "quote",
        citations=(*citations, pack.citation(rule.cites, turn.now)),
        suggestions=("券什么时候发",),
        actions=(Action("quote", "再算一笔"), Action("drop", "看发券场次")),
    )


async def _ask_city(turn: Turn, lines: list[Line], people: int) -> tuple[list[int], tuple[Citation, ...]]:
    """What the city grants; several people are asked for item by item, since each has a cap of their own."""
    priced = [Priced(line.category or "", line.price_fen) for line in lines]
    baskets = [[item] for item in priced] if people > 1 else [priced]
    fen: list[int] = []
    citations: list[Citation] = []
    for items in baskets:
        quoted = await turn.city.quote(turn.caller, turn.place, items)
        fen.extend(quoted.subsidies_fen)
        citations.extend(citation for _, citation in quoted.steps)
    return fen, tuple(citations)


def _per_item(rule: SubsidyRule, lines: list[Line]) -> list[int]:
    """What each item is good for by itself, before what one person may get in all."""
    return [min(line.price_fen * rule.percent // 100, rule.item_cap_yuan * 100) for line in lines]


def _lines(turn: Turn, rule: SubsidyRule, lines: list[Line], named: list[bool]) -> list[str]:
    """Each kind of item once, with how many of it there are."""
    said = []
    for (line, has_name), count in Counter(zip(lines, named, strict=True)).items():
        categories = turn.policy.library.categories
        name = wording.names([line.category or ""], categories) if has_name else "一件符合条件的商品"
        fen = _per_item(rule, [line])[0]
        times = f" × {count}：每件补" if count > 1 else "：补"
        said.append(f"· {name} {wording.money(line.price_fen)}{times} {wording.money(fen)}")
    return said


def _total(rule: SubsidyRule, total: int, each: list[int], people: int, used: int | None) -> str:
    cap = wording.money(rule.person_cap_yuan * 100)
    if used:
        left = max(0, rule.person_cap_yuan * 100 * people - used)
        return (
            f"每人最高 {cap}，您说已经补过 {wording.money(used)}，还剩 {wording.money(left)}；"
            f"这次最多补 {wording.money(total)}。"
        )
    if total < sum(each):
        whose = (
            f"{people} 个人合起来最高 {wording.money(rule.person_cap_yuan * 100 * people)}"
            if people > 1
            else f"每人最高 {cap}"
        )
        return f"加起来是 {wording.money(sum(each))}，但{whose}，所以一共补 {wording.money(total)}。"
    return f"一共补 {wording.money(total)}。"


def _conditions(turn: Turn, pack: Pack, rule: SubsidyRule, lines: list[Line]) -> str:
    """What must be so for the sum to hold."""
    parts = []
    if any(line.category not in rule.declared_categories for line in lines):
        parts.append(f"家电要{_grades(rule)}能效")
    if any(line.category in rule.declared_categories for line in lines):
        parts.append("家具要是绿色、智能产品")
    voucher = "每场每人一张券，一券一件（平台规则）" if len(lines) > 1 else "付款时出示抢到的券"
    counter = pack.rules.counter(turn.today)
    if counter is not None and counter.old_unit_declared:
        voucher += f"，{'每件各' if len(lines) > 1 else '并'}申报一件淘汰的旧家电或旧家具"
    return f"前提：{'，'.join(parts)}；{voucher}。"


def _before_numbers(pack: Pack, turn: Turn) -> str:
    """Whether the sum can be had at this moment at all."""
    calendar = pack.rules.calendar(turn.today)
    return when_it_counts(calendar, turn) if calendar else ""


def when_it_counts(calendar: CalendarRule, turn: Turn) -> str:
    """A sentence for the times at which nothing can be had, empty while vouchers can be used."""
    phase = calendar.phase(turn.now)
    last = f"{calendar.last_day.year}年{calendar.last_day.month}月{calendar.last_day.day}日"
    if phase == "after":
        return f"{pack_name(turn)}这轮活动已在 {last} 结束，现在买不再补。按当时的规则是这样算："
    if phase == "before":
        opens = wording.moment(calendar.window_opens, turn.now)
        return f"活动还没开始，第一场券 {opens} 发放。先按规则给您算："
    if calendar.next_drop(turn.now) is None and calendar.usable_drop(turn.now) is None:
        return f"最后一场的券已经过期，到 {last} 活动结束也不再发券。按规则是这样算："
    return ""


def pack_name(turn: Turn) -> str:
    return turn.pack.short if turn.pack else ""


def _price_needed(turn: Turn, pack: Pack, rule: SubsidyRule, read: Basket) -> Reply:
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
        "\n".join(part for part in (_before_numbers(pack, turn), said, basis) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "再算一笔"),),
    )


def _price_for(fen: int, rule: SubsidyRule) -> int:
    return -(-fen * 100 // rule.percent)


def _wrong_grade(turn: Turn, pack: Pack, rule: SubsidyRule, grade: int) -> Reply:
    said = f"家电要{_grades(rule)}能效才补，{'零一二三四五'[grade]}级能效的补不了。"
    return Reply(
        "\n".join(part for part in (_before_numbers(pack, turn), said) if part),
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "换一台再算"),),
    )


def _grades(rule: SubsidyRule) -> str:
    return "或".join(f"{'零一二三四五'[grade]}级" for grade in rule.energy_grades)


def _nothing_fixed(turn: Turn) -> Reply:
    """A region whose document fixes no rate: its own words on that, and no sum."""
    pack = turn.pack
    if pack is None:
        return turn.policy.ask_place()
    unset = (answer for answer in pack.answers if answer.unset and answer.topic == "subsidy_amount")
    answer = next(unset, None)
    if answer is not None:
        return turn.policy.say(answer, turn.now)
    declined = turn.policy.decline(pack.region)
    first = f"《{pack.document.title}》没有规定补贴的比例和金额，所以算不出能补多少。"
    return Reply(
        first + "可以问当地商务部门，或者转人工。",
        "decline",
        citations=declined.citations,
        actions=declined.actions,
    )


def _wants_price(text: str, read: Basket) -> bool:
    """想拿满1000最少买多少钱的, 是不是能减两千: asked is what a sum takes, not what a price brings."""
    if read.lines:
        return False
    if read.target_fen is not None and _WHETHER.search(text):
        return True
    reaches = read.target_fen is not None or _REACH_CAP.search(text) is not None
    return reaches and _NEEDED.search(text) is not None


def _continues(turn: Turn) -> bool:
    """A short message right after a sum: 那空调呢, 那8000的呢."""
    return bool(turn.memory.items) and _GOES_ON.match(turn.text) is not None


def _with_memory(turn: Turn, read: Basket) -> Basket:
    """Fills in from the last sum what 那空调呢 leaves out."""
    kept = turn.memory.items
    if not kept:
        return read
    named = turn.policy.library.categories.found_in(turn.text)
    if not read.lines and named:
        return Basket((Line(named[0].key, kept[0][1]),), read.used_fen)
    if not read.lines and _GRADE.search(turn.text):
        return Basket(tuple(Line(category, fen) for category, fen in kept), read.used_fen)
    if read.lines and not any(line.category for line in read.lines) and _continues(turn):
        return Basket(
            tuple(Line(kept[0][0], line.price_fen) for line in read.lines), read.used_fen, read.target_fen
        )
    return read


def _people(text: str) -> int:
    """For how many people a purchase is; each has a cap of their own."""
    said = _PEOPLE.search(text)
    if said is None:
        return 1
    return (number(said.group(1)) or 1) if said.group(1) else 2


skill = Skill(name="quote", wanted=is_quote, finish=quote, needs_region=True)
