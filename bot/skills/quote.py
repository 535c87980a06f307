"""How much a purchase gets: asks the city for the sum and says it item by item."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot import wording
from bot.days import number
from bot.ports import Declined, Priced
from bot.prices import (
    Basket,
    Line,
    asks_original,
    basket,
    discounted,
    names_discount,
    people_in,
    with_pauses,
)
from bot.replies import Action, Reply, person
from bot.skill import Skill, Turn
from bot.skills.reckoning import (
    before_numbers,
    clause,
    price_before,
    price_needed,
    price_shared,
    room_left,
)
from bot.understanding import asks
from faq.packs import Citation, Pack
from faq.rules import SubsidyRule

_ABOUT_MONEY = re.compile(
    r"补(?!充|办|交|录)|便宜|优惠|立减|能减|减多少|减完|扣完|得花|几个钱|能省|省多少|抵|到手|付|掏|多少|几[块百千]|算一?[算下]|[咋样么何]算|打折"
)
_ABOUT_ELSE = re.compile(
    r"退货|退款|发票|到账|什么时候|啥时候|几号|几点|怎么领|怎么用|在哪|哪里|哪家|值多少"
    r"|卖多少|回头补|补领|补办|补回来|追补|没用券|没领券|忘了?(?:用|领)券|原来(?:得|要|是)?多少|原价(?:得|要|是)?多少|回收价|估价|定价规则|够(?:多少|几)"
)
_NO_PURCHASE = re.compile(r"旧|老|二手|坏|修|退|骗|投诉|提醒|预约|人工|[吗么呢]")
_FOR_BUYING = re.compile(r"(?:[\d元块百千万]|左右)的|买|价|卖|件|台|花|套|换|样|家电|付|款")
_REMAINS = re.compile(
    r"(?:还|剩).{0,4}(?:剩|有|能|可以|额度).{0,6}(?:多少|几|吗|不)|剩(?:下|余)?(?:多少|几)|还剩|还能(?:再)?补"
)
_HOW_MANY = re.compile(r"(?:要|得|需要)?买?(?:几|多少)[台件个](?!钱)")

_NEEDED = re.compile(
    r"最少|至少|起码|最低|要花多少|要买|得买|买多|多贵|多少钱的|什么价|多大价|成交价(?:要|得|是)"
)
_WHETHER = re.compile(
    r"是不是|能不能|可不可以|会不会|是否|能否|对吗|对不对|是吧|对吧|是吗|没错吧|真的?假的?|[吗么]$"
)
_REACH_CAP = re.compile(r"(?:拿|补|领|享|减)(?:满|够|到顶|足)|最高(?:额|补贴|那档)|满额|顶格|封顶")
_TO_PAY = re.compile(
    r"付|掏|到手|补完|补后|券后|补贴(?:之|以|过)?后|减完|扣完|抵完|扣掉|减掉|自己出|花多少|还要多少|还得多少|实际多少"
    r"|多少钱[能可]?(?:买到|拿下|入手)|净"
)
_SHORT = 20  # characters of what only changes the last sum
_GRADE = re.compile(r"(?<!\d)([1-5一二三四五])级(?:能效|的|节能|能耗|$|,|，|空调|冰箱)")
_GOES_ON = re.compile(r"^(?:那|换|要是|如果|再|加上|\d).{0,16}$|^.{1,9}呢[?？]?$")
_MORE = re.compile(r"^(?:那|要是|如果)?(?:再|另外|还|又)?(?:再|加上?|添|多)(?:买|来|要)?")
_AS_MANY = re.compile(
    r"^(?:那|要是|如果)?(?:我)?(?:一次)?(?:买|要|换)?([两二三四五六七八九十]|\d{1,2})[台件个套张](?:一样的|同样的)?(?:呢|的?话|补多少|多少)*[?？]?$"
)
_WHAT_THEN = re.compile(
    r"^(?:那|最后|总共|一共|我|自己|实际|要|还)*(?:补完|到手|减完|折后|付|掏|花|出)(?:后|完|还要|要|得|一共|总共|实际)*(?:付|掏|花|出|是)*(?:多少|几).{0,4}$"
)


def is_quote(turn: Turn) -> bool:
    """A price and a thing to buy, or a subsidy to be reached, or 那空调呢 after a sum."""
    read = _read(turn)
    if read.paid_fen is not None or (read.target_fen is not None and asks_original(turn.text)):
        return True
    if _ABOUT_ELSE.search(turn.text):
        return False
    if _wants_price(turn.text, read):
        return True
    if len({line.category for line in read.lines if line.category}) > 1:
        return True  # a list of things with their prices asks for nothing else
    if read.lines and any(line.category for line in read.lines):
        bare = (len(turn.text) <= 12 or not asks(turn.text)) and not _NO_PURCHASE.search(turn.text)
        return _ABOUT_MONEY.search(turn.text) is not None or bare or _continues(turn)
    if read.used_fen is not None and not read.lines and _REMAINS.search(turn.text):
        return True
    if read.lines and read.target_fen is not None and _WHETHER.search(turn.text):
        return True
    if read.lines:
        about = _ABOUT_MONEY.search(turn.text) and _FOR_BUYING.search(turn.text)
        return about is not None or _continues(turn)
    about_a_thing = turn.policy.library.categories.mentions(turn.text) or _GRADE.search(turn.text)
    return (_continues(turn) and bool(about_a_thing)) or _is_about_the_last_sum(turn, read)


def _read(turn: Turn) -> Basket:
    written = turn.text if turn.raw.isascii() else turn.raw  # what came in Latin letters is read by its sound
    return basket(with_pauses(written), turn.policy.library.categories)


async def quote(turn: Turn) -> Reply:
    """The subsidy of each item and in all, and what is left to pay where that was asked."""
    pack = turn.pack
    rule = pack.rules.subsidy(turn.today) if pack else None
    if pack is None or rule is None:
        return _nothing_fixed(turn)
    read = _with_memory(turn, _read(turn))
    named = [category.key for category in turn.policy.library.categories.found_in(turn.text)]
    if not read.lines and named and not set(named) & set(rule.categories):
        return _not_listed(turn, pack, rule, named)
    if read.paid_fen is not None:
        return price_before(turn, pack, rule, read.paid_fen)
    if _wants_price(turn.text, read):
        return price_needed(turn, pack, rule, read)
    if read.used_fen is not None and not read.lines:
        return room_left(turn, pack, rule, read.used_fen)
    if read.together > 1 and _per_item(rule, list(read.lines))[0] == rule.item_cap_yuan * 100:
        return price_shared(turn, pack, rule, read)
    grade = _GRADE.search(turn.text)
    graded = number(grade.group(1)) if grade else None
    if graded is not None and graded not in rule.energy_grades:
        return _wrong_grade(turn, pack, rule, graded)
    strange = [line for line in read.lines if line.category and line.category not in rule.categories]
    if strange:
        listed = tuple(line for line in read.lines if line not in strange)
        refused = _not_listed(turn, pack, rule, [line.category or "" for line in strange])
        if not listed:
            return refused
        return (await _sum(turn, pack, rule, replace(read, lines=listed))).followed_by(refused)
    return await _sum(turn, pack, rule, read)


def _not_listed(turn: Turn, pack: Pack, rule: SubsidyRule, strange: Sequence[str]) -> Reply:
    """Things the document does not name: no sum, but what it does name."""
    categories = turn.policy.library.categories
    what = wording.names(dict.fromkeys(strange), categories)
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
        subsidies, citations = await _ask_city(turn, lines, people_in(turn.text))
    except Declined as no:
        return Reply(
            str(no),
            "quote",
            citations=no.citations or (pack.citation(rule.cites, turn.now),),
            actions=(person(),),
        )
    turn.memory.items = [[line.category, line.price_fen] for line in lines]
    people = people_in(turn.text)
    cap = rule.person_cap_yuan * 100 * people
    full = sum(subsidies)
    total = min(full, cap, max(0, cap - read.used_fen) if read.used_fen else cap)
    where = clause(rule.cites)
    said = [
        before_numbers(pack, turn),
        f"按成交价的 {rule.percent}% 立减，单件最高 {rule.item_cap_yuan} 元（{where}）：",
    ]
    said += _lines(turn, rule, lines, [line.category is not None for line in read.lines])
    if len(lines) > 1 or total < full or read.used_fen:
        said.append(_total(rule, total, _per_item(rule, lines), people, read.used_fen))
    if len(lines) == 1 and _HOW_MANY.search(turn.text) and subsidies[0]:
        count = -(-rule.person_cap_yuan * 100 // _per_item(rule, lines)[0])
        said.append(f"同样价钱的买 {count} 件，就补满每人最高 {rule.person_cap_yuan} 元（{where}）。")
    if _TO_PAY.search(turn.text):
        bill = sum(line.price_fen for line in lines)
        said.append(
            f"补完还要付 {wording.money(bill - total)}（{wording.money(bill)} − {wording.money(total)}）。"
        )
    calendar = pack.rules.calendar(turn.today)
    cited = [*citations, pack.citation(rule.cites, turn.now)]
    if calendar is None or calendar.phase(turn.now) != "after":
        said.append(_conditions(turn, pack, rule, lines))
        cited += _products(turn, pack)
    if calendar is not None:
        cited.append(pack.citation(calendar.cites_last_day, turn.now))
    return Reply(
        "\n".join(part for part in said if part),
        "quote",
        citations=tuple(cited),
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
        cut = "（不足一分的舍去，平台规则）" if line.price_fen * rule.percent % 100 else ""
        said.append(f"· {name} {wording.money(line.price_fen)}{times} {wording.money(fen)}{cut}")
    return said


def _total(rule: SubsidyRule, total: int, each: list[int], people: int, used: int | None) -> str:
    cap = f"{wording.money(rule.person_cap_yuan * 100)}（{clause(rule.cites)}）"
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
    """What must be so for the sum to hold, each with the clause that says it."""
    goods = []
    if any(line.category not in rule.declared_categories for line in lines):
        goods.append(f"家电要{_grades(rule)}能效")
    if any(line.category in rule.declared_categories for line in lines):
        goods.append("家具要是绿色、智能产品")
    parts = [f"{'，'.join(goods)}（{clause(rule.cites)}）"]
    listed = next(iter(_products(turn, pack)), None)
    if listed is not None:
        parts.insert(0, f"在补贴品类里（{listed.clause}）")
    voucher = "每场每人一张券，一券一件（平台规则）" if len(lines) > 1 else "付款时出示抢到的券"
    counter = pack.rules.counter(turn.today)
    if counter is not None and counter.old_unit_declared:
        each = "每件各" if len(lines) > 1 else "并"
        voucher += f"，{each}申报一件淘汰的旧家电或旧家具（{clause(counter.cites)}）"
    parts.append(voucher)
    calendar = pack.rules.calendar(turn.today)
    if calendar is not None:
        last = calendar.last_day
        parts.append(f"{last.year}年{last.month}月{last.day}日 截止（{clause(calendar.cites_last_day)}）")
    return f"前提：{'；'.join(parts)}。"


def _wrong_grade(turn: Turn, pack: Pack, rule: SubsidyRule, grade: int) -> Reply:
    said = f"家电要{_grades(rule)}能效才补（{clause(rule.cites)}），{'零一二三四五'[grade]}级能效的补不了。"
    return Reply(
        "\n".join(part for part in (before_numbers(pack, turn), said) if part),
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
    return reaches and (_NEEDED.search(text) is not None or asks_original(text))


def _continues(turn: Turn) -> bool:
    """A short message right after a sum: 那空调呢, 那8000的呢."""
    return bool(turn.memory.items) and _GOES_ON.match(turn.text) is not None


def _is_about_the_last_sum(turn: Turn, read: Basket) -> bool:
    """要是打九折呢, 两台呢, 补完多少钱, 我已经领过2600呢: right after a sum they change it."""
    if not turn.memory.items or turn.memory.topic is not None or len(turn.text) > _SHORT:
        return False
    said = _AS_MANY.match(turn.text) or _WHAT_THEN.match(turn.text) or people_in(turn.text) > 1
    return bool(said) or names_discount(turn.text) or read.used_fen is not None


def _with_memory(turn: Turn, read: Basket) -> Basket:
    """Fills in from the last sum what 那空调呢 leaves out."""
    kept = turn.memory.items
    if not kept:
        return read
    last = [Line(category, fen) for category, fen in kept]
    if read.lines and _MORE.match(turn.text) and any(line.category for line in read.lines):
        return replace(read, lines=(*last, *read.lines))
    if not read.lines and _is_about_the_last_sum(turn, read):
        many = _AS_MANY.match(turn.text)
        times = (number(many.group(1)) or 1) if many and len(last) == 1 else 1
        return replace(read, lines=tuple(discounted(last, turn.text) * times))
    named = turn.policy.library.categories.found_in(turn.text)
    if not read.lines and named:
        return Basket((Line(named[0].key, kept[0][1]),), read.used_fen)
    if not read.lines and _GRADE.search(turn.text):
        return Basket(tuple(last), read.used_fen)
    if read.lines and not any(line.category for line in read.lines) and _continues(turn):
        return Basket(
            tuple(Line(kept[0][0], line.price_fen) for line in read.lines), read.used_fen, read.target_fen
        )
    return read


skill = Skill(name="quote", wanted=is_quote, finish=quote, needs_region=True)
