"""Books a door-to-door pickup: what, when, where, read back once."""

from __future__ import annotations

import re

from bot import days, understanding, visits, wording
from bot.ports import Declined
from bot.replies import Action, Reply
from bot.skill import Again, Proposal, Skill, Slot, Turn, says

HOW_OR_WHETHER = (
    r"(?:可以|能|能否|可否|能不能|可不可以|是否|支不支持|支持|有没有|有无|会不会|会"
    r"|提供).{0,14}[吗么嘛不没?？]$|是否|有没有|有无|支不支持|收费|要钱|免费|多少钱|值多少"
    r"|几个工作日|流程"
    r"|能不能(?!帮|给我|派|安排)|可不可以(?!帮|给我|派|安排)|是(?:啥|什么)|^[^我]{0,8}(?:收|拉)[吗不没?？]+$"
    r"|都有|什么样|哪些.{0,4}(?:可以|能)|谁(?:来|会|负责)|有人|服务吗|给谁|归谁|为什么|会不会"
)


def _things(turn: Turn) -> list[str] | None:
    return understanding.things(turn.text, turn.policy.library.categories) or None


def is_wanted(turn: Turn) -> bool:
    """A wish to have something fetched, not the question whether that is possible."""
    return _asked_for(turn) or _told(turn) or _for_a_day(turn) or _somebody_sent_for(turn)


_asked_for = says(
    r"叫(?:你们|人|个人|师傅)(?:来|上门)|上门(?:来)?把.{1,8}(?:收|拉|搬|拆|取)(?:了|走|掉)"
    r"|(?:登记|申请|下单|下)(?:一?[个下次台件])?[^,，。]{0,6}回收(?:单|$)|(?:旧|老|坏)[^,，。]{1,5}(?:帮忙|麻烦|请)[^,，。]{0,4}(?:处理|收"
    r"|拉|搬)"
    r"|^(?:约|订)(?:在|到)?(?:今|明|后|大后|这|下)?(?:天|周|星期|礼拜)[一二三四五六日天末]?(?:上午|下午)?$|"
    r"(?:帮我|给我|替我|帮忙|我要|我想|我们想|想要?|请).{0,8}(?:预约|约|叫人|叫个人|安排"
    r"|派人|派个).{0,12}|怎么(?:预约|约)(?:上门|回收|收)|(?:如何|咋)预约.{0,4}(?:上门|回收"
    r"|收)"
    r"|(?:帮我|给我|替我)(?:把|来)?.{0,8}(?:收走|拉走|回收|收一下|搬走|处理掉)"
    r"|派(?:个|一个|几个)?(?:人|师傅)(?:来|上门|过来)|(?:上门|回收|收旧).{0,10}(?:怎么|咋|如何)(?:预约|约|叫)(?!束|.{0,6}(?:政策|规定))"
    r"|(?:今|明|后|大后)[天日晚早]?.{0,10}来(?:我家)?(?:收|拉|取|搬|拆|拿|拖|运)|(?:周|星期|礼拜)[一二三四五六日天末].{0,10}来(?:我家)?(?:收|拉"
    r"|取|搬|拆|拿|拖|运)"
    r"|(?:来|上门)(?:收|拉|取|搬|拆)(?:走|掉)?(?:我家|我的|我们家|家里|吧|一下)",
    unless=r"券|提醒|取消|改|人工|投诉|实名|进度|到哪|状态|有(?:没有|这个?|这种|啥|什么)?.{0,6}(?:服务|活动)|多少钱|收费|要钱|取车|车|维修|多久|几天|模式|地方|乱|(?:怎么|咋)(?:还"
    r"|没)|还来|来不来|别来|不来|没来",
)
_told = says(
    r"(?:要|想)卖(?:掉|了)?(?:旧|老|废|破|坏|这|那|我|一)(?!.{0,6}(?:车|券))|^(?:一键|马上|立即|现在|就)*预约(?:一下|吧|了)?$|约(?:个|人)?收旧"
    r"|^(?:你好|您好)?[,，]?预约|(?:预约|约|叫|安排|申请|下单)(?:一?[个下次台]|人)?(?:旧|上门"
    r"|回收|免费|师傅|来)|上门(?:回收|收|拉|取|拿)|来(?:我家)?(?:收|拉|取|搬|回收)|(?:收|拉"
    r"|搬|处理)(?:走|掉)|^(?:我要|我想)?回收(?=一?[台个张下]|旧|老|废|坏|我|家(?!电(?:目|企|率))|冰|空|电|洗|沙|床|热|预约|登记|下单|吧|$)|要(?:收(?!钱|费)|回收|处理|扔)|来收|收一下|收一台"
    r"|有.{0,8}(?:想|要)(?:处理|回收|收)",
    unless=HOW_OR_WHETHER
    + r"|券|提醒|取消|改|怎么|如何|什么时候|几点|哪里|哪儿|去哪|扔哪|在哪|哪个|不来|没来"
    r"|不要(?:来|上门)|进度|状态|到哪|我约|我预约的|多久|企业|厂家|政策|规定|方案|补贴|鼓励"
    r"|支持|几号|开票|发票|投诉|人工|卖给谁|标准|网络|体系|率|目标|成功|责任|约束|公司|计划|回收量|量要|量比|试点|指标|凭证|车|地方|谁搬|花钱|给钱|模式|多长时间|几天|维修|送货"
    r"|自己卖|站点|布局|取车|服务有|乱",
)


_COME_AND_FETCH = says(
    r"(?:来|上门)(?:我家|家里|一趟)?[^,，。]{0,4}(?:收|拉|取|搬|拆|拿|拖|运)",
    unless=r"券|提醒|取消|改|投诉|人工|补贴|政策|来不来|还来|没来|师傅|收费|要钱",
)


def _for_a_day(turn: Turn) -> bool:
    """有人能来我家收旧床吗，明天下午: with a day and a thing it is a wish, however it is put."""
    said = _COME_AND_FETCH(turn) and days.any_day(turn.text, turn.today) is not None
    return said and _things(turn) is not None


_SENT_FOR = says(
    r"(?:派|叫|来|喊|安排)(?:一?[个位]|两个?|俩|几个)?(?:人|师傅)|(?:叫|喊|找|约)个?收(?:旧|废|破)[^,，。]{0,8}(?:上门|来)"
    r"|^约[^,，。?？]{1,10}(?:收|拉|取|搬|拆)",
    unless=HOW_OR_WHETHER + r"|券|提醒|取消|改|投诉|人工|还来|没来|师傅(?:什么|几点|到)|多久",
)


def _somebody_sent_for(turn: Turn) -> bool:
    """我要把旧洗衣机处理了，来个人: people are called for a thing."""
    return _SENT_FOR(turn) and (_things(turn) is not None or re.search("家电|家具", turn.text) is not None)


async def look_first(turn: Turn) -> Reply | None:
    """A region without any times to book is told so before anything is asked."""
    if await visits.look_where(turn):
        return None
    name = turn.pack.short if turn.pack else ""
    first = Reply(
        f"{name}还没有开通上门回收预约，这里约不了。", "book_pickup", actions=(Action("points", "看回收点"),)
    )
    said = turn.policy.on_topic("pickup", turn.place, turn.now)
    return first.followed_by(said) if said else first


async def propose(turn: Turn) -> Proposal | Again:
    """The earliest free time that fits, with everything that will be booked."""
    picked = await visits.pick(turn, frozenset(turn.known.get("gone", ())))
    if isinstance(picked, Again):
        return picked
    slot, note = picked
    turn.known["slot"] = slot.id
    what = wording.names(turn.known["categories"], turn.policy.library.categories)
    return Proposal(
        f"{note}{wording.span(slot.starts_at, slot.ends_at)}，上门回收{what}，地址：{_where(turn)}。"
        "没问题就回复「确认」，要改哪一项直接说。"
    )


def _where(turn: Turn) -> str:
    """The district and the street, said once."""
    district, address = turn.known["district"], turn.known["address"]
    return str(address) if district in address else f"{district}{address}"


async def book(turn: Turn) -> Reply | Again:
    """Books it; a time that went to somebody else meanwhile is replaced by the next one."""
    known = turn.known
    try:
        pickup = await turn.city.book_pickup(
            turn.caller, known["slot"], known["categories"], known["address"]
        )
    except Declined as no:
        if no.code in ("slot_full", "slot_closed"):
            known["gone"] = [*known.get("gone", []), known.pop("slot")][-20:]
            return Again("", f"没有约上：{no}")
        return Reply(
            f"没有约上：{no}", "book_pickup", citations=no.citations, actions=(Action("slots", "看可约时间"),)
        )
    what = wording.names(pickup.categories, turn.policy.library.categories)
    return Reply(
        f"约好了：{wording.span(pickup.starts_at, pickup.ends_at)} 上门回收{what}，"
        f"单号 {pickup.number}，地址：{pickup.address}。"
        f"要改时间或取消，请在 {wording.moment(pickup.change_until, turn.now)} 前告诉我。",
        "book_pickup",
        suggestions=("取消预约", "改时间"),
        actions=(Action("pickup", "看这个预约", pickup.id),),
    )


skill = Skill(
    name="book_pickup",
    wanted=is_wanted,
    begin=look_first,
    slots=(
        Slot("categories", ask="要回收哪种旧家电或家具？比如冰箱、空调、沙发。", understand=_things),
        visits.DAY,
        visits.HALF,
        visits.HOUR,
        Slot(
            "address",
            ask="请告诉我上门地址，写到小区、楼栋和门牌。",
            understand=lambda turn: understanding.address(turn.raw),
            when_asked=lambda turn: understanding.address_when_asked(turn.raw),
        ),
        visits.DISTRICT,
    ),
    propose=propose,
    finish=book,
    needs_region=True,
    needs_sign_in="预约上门回收要先登录。登录后告诉我收什么、哪天、什么地址，我帮您约。",
    stopped="好的，这次先不约了。想预约时再叫我。",
)
