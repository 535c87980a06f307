"""What lies outside the programme: another year than the document's, goods that it does not name."""

from __future__ import annotations

import re

from bot.replies import Reply, person
from bot.skill import Skill, Turn
from faq.packs import Pack

_YEAR = re.compile(
    r"(?<!\d)(?:(20[0-4]\d)(?:年|的|$|(?=[?？吗呢]|家电|以旧换新|补贴|消费券|政策|活动))|(2[0-9])年(?=的?(?:家电|以旧换新|补贴|消费券|政策|活动)))"
)
_YEARS_AGO = (("前年", 2), ("去年", 1), ("上一?年度?(?!级)", 1))
_OF_THE_PROGRAMME = re.compile(r"补(?!充|办|录)|券|优惠|立减|活动|政策|标准|封顶|以旧换新")
_ANOTHER_YEAR = re.compile(
    r"买的|购(?:入|买)的|领(?:过|的|了)|用过|增长|相比|比.{0,6}(?:多|增|涨|高)|目标|基数|回收量|销售|[生出]产|出厂"
    r"|注册|上牌|文号|发(?:布|文|〔)|\d号|号文|报名|利用率|占有率|达到|国发|规划|生效|征集"
)


def another_year(turn: Turn) -> bool:
    """2023年的补贴标准, 去年券怎么发的: a year that the document does not speak of."""
    return _year_outside(turn) is not None


def _year_outside(turn: Turn) -> int | None:
    """The year somebody asks about, where the region's document is about others."""
    if turn.pack is None or not _OF_THE_PROGRAMME.search(turn.text) or _ANOTHER_YEAR.search(turn.text):
        return None
    year = _year_named(turn)
    return year if year is not None and _is_outside(turn.pack, year, turn) else None


def _year_named(turn: Turn) -> int | None:
    said = _YEAR.search(turn.text)
    if said is not None:
        return int(said.group(1) or f"20{said.group(2)}")
    ago = next((years for words, years in _YEARS_AGO if re.search(words, turn.text)), None)
    return turn.today.year - ago if ago is not None else None


def _is_outside(pack: Pack, year: int, turn: Turn) -> bool:
    """A plan without a calendar looks ahead for years; one with a calendar holds for its season only."""
    calendar = pack.rules.calendar(turn.today)
    if calendar is None:
        return year < pack.document.year
    return not calendar.first_drop.year <= year <= calendar.last_day.year


async def say_which_year(turn: Turn) -> Reply:
    """Which years the document is about, in place of figures that were never meant for another."""
    pack, year = turn.policy.library.pack(turn.place), _year_outside(turn)
    calendar = pack.rules.calendar(turn.today)
    if calendar is None:
        said = f"《{pack.document.title}》是 {pack.document.year} 年的，没有写 {year} 年怎么补，"
        return Reply(
            f"{said}我不拿它的内容去套。", "decline", actions=turn.policy.decline(pack.region).actions
        )
    first, last = calendar.first_drop, calendar.last_day
    return Reply(
        f"文件没有写 {year} 年的补贴，它只规定了 {first.year} 年这一轮："
        f"{first.month}月{first.day}日 第一次发券，到 {last.month}月{last.day}日 截止。"
        f"{year} 年的办法要问当地商务部门。",
        "decline",
        citations=(pack.citation(calendar.cites_last_day, turn.now), pack.citation(calendar.cites, turn.now)),
        suggestions=("补贴多少钱", "活动到什么时候"),
        actions=(person(),),
    )


_NO_GOODS = {
    "cars": re.compile(r"汽车|轿车|电动车|小车|买车|新能源车|电瓶车|摩托"),
    "renovation": re.compile(r"装修|卫浴|瓷砖|门窗|地板|马桶"),
}
_ASKED_OF_ALL = ("claim_steps", "subsidy_amount", "item_cap", "use_voucher", "drop_calendar")


def unlisted_goods(turn: Turn) -> bool:
    """手机补贴怎么领, 汽车补贴怎么申请: steps and sums asked for what the document does not name."""
    return _topic_of_unlisted(turn) is not None


def _topic_of_unlisted(turn: Turn) -> str | None:
    """What the region says of goods beside its list, where the answer would be that for the list."""
    rule = turn.pack.rules.subsidy(turn.today) if turn.pack else None
    if rule is None or not _OF_THE_PROGRAMME.search(turn.text) or re.search(r"用手机|手机上|旧", turn.text):
        return None
    named = turn.policy.library.categories.found_in(turn.text)
    topic = next((topic for topic, words in _NO_GOODS.items() if words.search(turn.text)), None)
    if named and all(category.key not in rule.categories for category in named):
        topic = "products_unlisted"
    elif named:
        return None
    found = turn.policy.find(turn.text, turn.region) if topic else None
    return topic if found and found.best and found.best.topic in _ASKED_OF_ALL else None


async def say_unlisted(turn: Turn) -> Reply:
    """What the document says of such goods, or that it does not name them."""
    topic = _topic_of_unlisted(turn)
    said = turn.policy.on_topic(topic, turn.place, turn.now) if topic else None
    return said or turn.policy.decline(turn.region)


unlisted = Skill(name="answer", wanted=unlisted_goods, finish=say_unlisted, needs_region=True)
year = Skill(name="answer", wanted=another_year, finish=say_which_year, needs_region=True)
