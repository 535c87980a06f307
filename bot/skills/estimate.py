"""What an old appliance may be worth: by the recyclers' tables or not at all, never an invented sum."""

from __future__ import annotations

from bot.old_things import described
from bot.ports import OldThing, Worth
from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says
from bot.wording import day, money
from faq.packs import Citation

SIZES = {"small": "小号", "medium": "中号", "large": "大号"}
_ABOUT_THE_PRICE = "旧冰箱能卖多少钱，回收价格是多少"


async def estimate(turn: Turn) -> Reply:
    """The range of the recyclers' tables where there is one, else no price; a visit is offered with both."""
    named = turn.policy.library.categories.found_in(turn.text)
    thing = described(named[0].key, turn.text, turn.today) if len(named) == 1 else None
    worth = await turn.city.estimate(turn.region, thing) if thing and turn.region else None
    unset = _not_fixed(turn)
    first = "文件没有规定旧货的回收价。" if unset else ""
    what = f"旧{named[0].name}" if named else "旧家电、旧家具"
    said = _by_the_tables(what, thing, worth, turn) if thing and worth else _only_on_site(what)
    turn.memory.offered = "book_pickup"
    return Reply(
        f"{first}{said}要帮您约师傅上门看看吗？",
        "estimate",
        citations=unset,
        suggestions=("预约上门回收",),
        actions=(Action("pickup", "预约上门估价回收"), Action("points", "看回收点")),
    )


def _only_on_site(what: str) -> str:
    return (
        f"{what}的回收价要看过实物才能估：牌子、年份、大小、好坏都算，"
        "由上门的回收师傅当面估价（报价），不满意可以不卖。我不乱报数。"
    )


def _by_the_tables(what: str, thing: OldThing, worth: Worth, turn: Turn) -> str:
    """The range, what it was worked out for, whose tables it rests on, and what would make it narrower."""
    others = f"等 {len(worth.recyclers)} 家回收企业" if len(worth.recyclers) > 1 else ""
    low, high = money(worth.low_fen), money(worth.high_fen)
    range_ = f"{low}到 {high}" if worth.low_fen < worth.high_fen else low
    year = worth.since.year != turn.now.year
    more = _missing(thing)
    return (
        f"{what}{_as_said(thing)}大约值 {range_}，依据是{worth.recyclers[0]}{others}"
        f"{day(worth.since.date(), year=year)}起的价目表。"
        + (f"再告诉我{more}，能估得更准。" if more else "")
        + "最后的回收价要上门的师傅看过实物、当面估价（报价）才定，不满意可以不卖。"
    )


def _as_said(thing: OldThing) -> str:
    """What was understood of the thing, in brackets: （大号、用了 8 年、能用）."""
    said = [SIZES[thing.size]] if thing.size else []
    said += [f"用了 {thing.age_years} 年"] if thing.age_years is not None else []
    said += ["能用" if thing.works else "不能用"] if thing.works is not None else []
    return f"（{'、'.join(said)}）" if said else ""


def _missing(thing: OldThing) -> str:
    """What was not said of it."""
    asked = (("大小", thing.size), ("用了几年", thing.age_years), ("还能不能用", thing.works))
    return "、".join(name for name, known in asked if known is None)


def _not_fixed(turn: Turn) -> tuple[Citation, ...]:
    """Where the region's document leaves the price open; nothing where it says nothing of it."""
    found = turn.policy.find(_ABOUT_THE_PRICE, turn.region) if turn.region else None
    if found is None or found.best is None or found.verdict != "answer" or not found.best.unset:
        return ()
    return turn.policy.say(found.best, turn.now).citations


skill = Skill(
    name="estimate",
    wanted=says(
        r"(?:旧|老|废|坏)[^,，。]*(?:几|多少)(?:块|元)?钱?一?斤|(?:旧|老|回收|收|卖|估)[^,，。]*给(?:多少|几)|(?:值|卖|折|抵|收|估|回收)(?:得|到|个|的|掉)?(?:(?:多少|几个?)(?:钱|块|元)|多少(?![台件张次家种个天年吨]))"
        r"|换(?:得|到|个)?(?:多少|几个?)(?:钱|块|元)"
        r"|值钱|估(?:一下|一估|估看|下)|估(?:个|一下|一估)?(?:价|值)|回收(?:价|报价|行情"
        r"|的价)|(?:旧|老(?![院师年人])|二手|不要的|坏).{0,8}(?:什么价|啥价|怎么卖|怎么收|多少钱|几个钱"
        r"|作价|报价|能卖)|(?:能|可以)卖(?:多少|几)",
        unless=r"补(?!偿)|券|立减|优惠|新(?:的|冰|空|电|洗)|机构|平台有|有没有.{0,6}(?:服务|平台)"
        r"|目标|回收率|增长|回收量|家企业|几家|多少家|多少万|多少吨|辆|提供|开展|推广|谁|是啥|是什么|什么叫|什么意思|怎么弄|标准|车|私人|小作坊|收破烂|两年|国家|在线|当场|几天|哪个部门|机制",
    ),
    finish=estimate,
)
