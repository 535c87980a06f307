"""Shops where a voucher can be used, and points where old things can be handed in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.ports import Place
from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says

MOST_SHOWN = 5

_KIND_OF_DISTRICT = re.compile(r"(?<=..)(?:街道|镇|乡|区|县|市)$")
_OPEN_NOW = re.compile(r"现在|这会儿|开着|还开|开门的|营业的")


async def shops(turn: Turn) -> Reply:
    """The shops that take part, and what the document says about them."""
    found = await turn.city.shops(turn.place)
    name = turn.pack.short if turn.pack else ""
    if found:
        head = f"{name}参与活动的商家（门店）有 {len(found)} 家："
    else:
        head = f"{name}还没有公布参与活动的商家名单，公布后在小程序「参与商家」里能看到。"
    return _with_document(
        turn, Reply(_listed(head, found), "shops", actions=(Action("shops", "看参与商家"),)), "shops"
    )


async def points(turn: Turn) -> Reply:
    """The points of the district that was named, else of the region, and the document's word on them."""
    everywhere = await turn.city.points(turn.place)
    here = [one for one in everywhere if one.district and _is_named(one.district, turn.text)]
    found, name = here or everywhere, turn.pack.short if turn.pack else ""
    if _OPEN_NOW.search(turn.text):
        found = sorted(found, key=lambda one: one.open_now is not True)
    if here:
        head = f"{here[0].district}的旧家电家具回收点（网点）有 {len(here)} 个："
    elif found:
        head = f"{name}的旧家电家具回收点（网点）有 {len(found)} 个："
    else:
        head = f"{name}附近的回收点（网点）地址还没有公布，公布后在小程序「回收点」里能看到。"
    actions = (Action("points", "看回收点"), Action("pickup", "预约上门回收"))
    return _with_document(turn, Reply(_listed(head, found), "points", actions=actions), "recycling_points")


def _listed(head: str, found: Sequence[Place]) -> str:
    lines = [
        f"· {one.name}，{one.address}" + (f"，电话 {one.phone}" if one.phone else "") + _opening(one)
        for one in found[:MOST_SHOWN]
    ]
    more = [f"还有 {len(found) - MOST_SHOWN} 个，在小程序里看。"] if len(found) > MOST_SHOWN else []
    return "\n".join([head, *lines, *more])


def _opening(place: Place) -> str:
    """When it is open, and whether it is now."""
    if place.hours is None:
        return ""
    return f"，{place.hours}（现在{'开着' if place.open_now else '没开'}）"


def _is_named(district: str, text: str) -> bool:
    """Whether a message names a district, with or without what kind it is: 五泉镇, 五泉."""
    return (_KIND_OF_DISTRICT.sub("", district) or district) in text


def _with_document(turn: Turn, reply: Reply, topic: str) -> Reply:
    """The list first; the document's own word on the matter behind it where there is one."""
    found = turn.policy.find(turn.text, turn.region)
    if found.best is not None and found.verdict == "answer" and not found.best.unset:
        return reply.followed_by(turn.policy.say(found.best, turn.now))
    said = turn.policy.on_topic(topic, turn.place, turn.now)
    return reply.followed_by(said) if said and said.intent == "answer" else reply


shops_skill = Skill(
    name="shops",
    wanted=says(
        r"(?:哪些?|哪几|哪里|哪儿|什么|附近|最近|周边|周围|旁边|身边|几).{0,8}(?:家店"
        r"|店(?!铺资料)|门店|商家|商户|卖场|商场|专卖店|商店|超市).{0,10}"
        r"|(?:参与|参加|指定|合作|定点|活动)(?:活动|以旧换新)?的?.{0,4}(?:商家|门店|店|商户"
        r"|卖场|商场)(?:有哪|名单|在哪|列表|地址|都有|是哪|位置|$)|(?:商家|门店|商户"
        r"|店铺)(?:名单|列表|地址|位置|在哪|有哪)"
        r"|(?:券|补贴).{0,6}(?:在哪|哪里|哪儿|去哪|到哪)[里儿]?.{0,3}(?:用|花|使|消费|买)"
        r"|(?:附近|周边|周围|旁边|最近|离我).{0,6}(?:用|花|使).{0,6}券"
        r"|(?:门店|商家|商户|店)[^,，。]{0,4}(?:哪些?|哪几)(?:家|个)?(?:可以|能)"
        r"|(?:去|到|在)(?:哪里?|哪儿|啥地方|什么地方)(?:能|可以)?(?:买|用券|用掉|花|消费)",
        unless=r"申请|报名|资料|上传|垫付|要求|条件|责任|怎么(?:参加|加入)|罚|违|投诉|不少于|几家才"
        r"|回收点|二手|确定|选出来|产生|什么时候|啥时候|几号|哪天|公布时间|骗|提价|提前|之前|以前|多久|发到|公布",
    ),
    finish=shops,
    needs_region=True,
)

points_skill = Skill(
    name="points",
    wanted=says(
        r"(?:回收|交投|投放|收旧|废品|旧货|收废品|旧家电|收购)的?(?:网?点|站点?|中心|的?地方"
        r"|地点|门店|点)[^,，。]{0,6}(?:在哪|哪里|哪儿|地址|位置|有哪|多远|怎么走|电话|导航"
        r"|最近|营业|几点|开门|名单|列表|查询|$)"
        r"|(?:附近|最近|周边|周围|身边|离我|旁边|哪里|哪儿|哪)[^,，。]{0,12}(?:回收点|回收站"
        r"|回收网点|网点|站点|交投点|投放点|回收的?地方|收旧|收废|可以回收|能回收|回收中心)"
        r"|导航.{0,4}回收"
        r"|(?:旧|废|老)[^,，。]{0,8}(?:交|送|拿|拉|卖)(?:到|去|给)?(?:哪|什么地方|啥地方)"
        r"|(?:交|送|处理|卖)(?:旧|老|废)[^,，。]{1,6}(?:去|到)哪"
        r"|(?:哪里?|哪儿|什么地方|啥地方)(?:能|可以|好)?(?:交|送|卖|收|处理)(?:掉|走)?(?:旧|老|废)(?!.{0,4}(?:车|券))"
        r"|(?:附近|周边|周围|旁边)[^,，。]{0,6}(?:有没有|有)[^,，。]{0,6}(?:收|回收)(?!费)",
        unless=r"设在|建设|规划|建多少|建几个|鼓励|支持|谁建|怎么建|补贴|目标|政策|设在哪类|[可能]以?设|设立|设置|设点|[能可]以?建|新建|增设|合并",
    ),
    finish=points,
    needs_region=True,
)
