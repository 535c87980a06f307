"""What an old appliance may be worth: what it depends on, never an invented sum."""

from __future__ import annotations

from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says
from faq.packs import Citation

_ABOUT_THE_PRICE = "旧冰箱能卖多少钱，回收价格是多少"


async def estimate(turn: Turn) -> Reply:
    """No price without a look at the thing; a visit is offered instead."""
    named = turn.policy.library.categories.found_in(turn.text)
    what = f"旧{named[0].name}" if named else "旧家电、旧家具"
    unset = _not_fixed(turn)
    first = "文件没有规定旧货的回收价。" if unset else ""
    turn.memory.offered = "book_pickup"
    return Reply(
        f"{first}{what}的回收价要看过实物才能估：牌子、年份、大小、好坏都算，"
        "由上门的回收师傅当面估价（报价），不满意可以不卖。"
        "我不乱报数。要帮您约师傅上门看看吗？",
        "estimate",
        citations=unset,
        suggestions=("预约上门回收",),
        actions=(Action("pickup", "预约上门估价回收"), Action("points", "看回收点")),
    )


def _not_fixed(turn: Turn) -> tuple[Citation, ...]:
    """Where the region's document leaves the price open; nothing where it says nothing of it."""
    found = turn.policy.find(_ABOUT_THE_PRICE, turn.region) if turn.region else None
    if found is None or found.best is None or found.verdict != "answer" or not found.best.unset:
        return ()
    return turn.policy.say(found.best, turn.now).citations


skill = Skill(
    name="estimate",
    wanted=says(
        r"(?:旧|老|废|坏)[^,，。]*(?:几|多少)(?:块|元)?钱?一?斤|(?:旧|老|回收|收|卖|估)[^,，。]*给(?:多少|几)|(?:值|卖|换|折|抵|收|估|回收)(?:得|到|个|的|掉)?(?:多少|几个?)(?:钱|块|元)?"
        r"|值钱|估(?:一下|一估|估看|下)|估(?:个|一下|一估)?(?:价|值)|回收(?:价|报价|行情"
        r"|的价)|(?:旧|老|二手|不要的|坏).{0,8}(?:什么价|啥价|怎么卖|怎么收|多少钱|几个钱"
        r"|作价|报价|能卖)|(?:能|可以)卖(?:多少|几)",
        unless=r"补(?!偿)|券|立减|优惠|新(?:的|冰|空|电|洗)|机构|平台有|有没有.{0,6}(?:服务|平台)"
        r"|目标|回收率|增长|回收量|家企业|几家|多少家|多少万|多少吨|辆|提供|开展|推广|谁|是啥|是什么|怎么弄|标准|车|私人|小作坊|收破烂|两年|国家|在线|当场|几天|哪个部门|机制",
    ),
    finish=estimate,
)
