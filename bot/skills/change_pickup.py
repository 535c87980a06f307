"""Cancels a booked pickup, moves it to another time, tells how it stands."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import visits, wording
from bot.ports import Declined
from bot.replies import Action, Reply
from bot.skill import Again, Proposal, Skill, Turn, says

NAMED = "named"


_NEW_TIME = re.compile(r".*(?:改|换|推迟|延后|延期|调整?|提前)(?:一?下)?(?:到|成|在|为)?(.*)$")


def new_day(turn: Turn) -> str | None:
    """The day to move to: what stands behind 改到, not the day of the booking."""
    said = _NEW_TIME.match(turn.text)
    return visits.day(turn.saying(said.group(1))) if said else visits.day(turn)


async def look_what_to_cancel(turn: Turn) -> Reply | None:
    return await _look(turn, "cancel_booking", "您现在没有预约，不用取消。")


async def look_what_to_move(turn: Turn) -> Reply | None:
    return await _look(turn, "reschedule", "您现在没有可以改时间的预约。要约上门回收吗？")


async def _look(turn: Turn, intent: str, nothing: str) -> Reply | None:
    """The bookings there are; nothing to change is said at once."""
    bookings = await visits.still_to_come(turn)
    if not bookings:
        return Reply(nothing, intent, actions=(Action("slots", "预约上门回收"),))
    visits.remember_choices(turn, bookings)
    if any(one.number.lower() in turn.text.lower() for one in bookings):
        turn.known[NAMED] = True
    return None


async def propose_cancelling(turn: Turn) -> Proposal | Reply | Again:
    """Asks once more, naming the booking; one that was named by its number is cancelled right away."""
    booking = await visits.chosen(turn)
    if booking is None:
        return visits.gone("cancel_booking")
    if turn.known.get(NAMED):
        return await cancel(turn)
    return Proposal(f"要取消这个预约吗：{visits.describe(booking, turn)}。回复「确认」就取消。")


async def cancel(turn: Turn) -> Reply:
    """The crew does not come; the time is free for others."""
    try:
        pickup = await turn.city.cancel_pickup(turn.caller, turn.known["which"])
    except Declined as no:
        return Reply(
            f"没有取消成预约：{no}",
            "cancel_booking",
            citations=no.citations,
            actions=(Action("ticket", "转人工"),),
        )
    return Reply(
        f"已取消预约：{visits.describe(pickup, turn)}。",
        "cancel_booking",
        suggestions=("重新预约上门回收",),
        actions=(Action("pickup", "看这个预约", pickup.id),),
    )


async def propose_moving(turn: Turn) -> Proposal | Reply | Again:
    """The earliest free time that fits the new wish."""
    booking = await visits.chosen(turn)
    if booking is None:
        return visits.gone("reschedule")
    if booking.district is not None:
        turn.known["district"] = booking.district
    picked = await visits.pick(turn, frozenset(turn.known.get("gone", ())))
    if isinstance(picked, Again):
        return picked
    slot, note = picked
    turn.known["slot"] = slot.id
    return Proposal(
        f"{note}把预约（单号 {booking.number}）改到 {wording.span(slot.starts_at, slot.ends_at)}，可以吗？"
        "回复「确认」就改。"
    )


async def move(turn: Turn) -> Reply | Again:
    """The same booking at another time."""
    try:
        pickup = await turn.city.reschedule_pickup(turn.caller, turn.known["which"], turn.known["slot"])
    except Declined as no:
        if no.code in ("slot_full", "slot_closed"):
            turn.known["gone"] = [*turn.known.get("gone", []), turn.known.pop("slot")][-20:]
            return Again("", f"没有改成：{no}")
        return Reply(
            f"没有改成预约：{no}", "reschedule", citations=no.citations, actions=(Action("ticket", "转人工"),)
        )
    return Reply(
        f"改好了：{visits.describe(pickup, turn)}。",
        "reschedule",
        actions=(Action("pickup", "看这个预约", pickup.id),),
    )


async def status(turn: Turn) -> Reply:
    """Each booking that is still to come, or that there is none."""
    bookings = await visits.still_to_come(turn)
    if not bookings:
        return Reply(
            "您现在没有进行中的上门回收预约。",
            "booking_status",
            suggestions=("预约上门回收",),
            actions=(Action("slots", "预约上门回收"),),
        )
    lines = [
        f"· {visits.describe(one, turn)}，{visits.STATES.get(one.state, '处理中')}，地址：{one.address}"
        for one in bookings[:4]
    ]
    return Reply(
        "您的预约：\n" + "\n".join(lines),
        "booking_status",
        suggestions=("改时间", "取消预约"),
        actions=tuple(Action("pickup", f"预约 {one.number}", one.id) for one in bookings[:4]),
    )


cancel_booking = Skill(
    name="cancel_booking",
    wanted=says(
        r"(?:取消|退掉|退了|撤销|撤回|撤掉|推掉)[^,，。]{0,8}回收(?!点|站|网|企业)|预约.{0,4}(?:能|可以)退"
        r"|改主意.{0,3}不|^(?:我|那)?不(?:想)?(?:收|卖)了(?:吧|啊)?$"
        r"|撤(?:了|掉|销|回)?(?:这|那)?个?单|(?:取消|退掉|退了|撤销|撤回|撤掉|推掉|不要|不需要|不想要?).{0,8}(?:预约|上门"
        r"|回收单|约的|订单|工单|单子)|(?:预约|上门|回收|约的|订单|工单|单子).{0,8}(?:取消"
        r"|退掉|退了|撤|不要了|不用了|作废)"
        r"|(?:别|不用|不要|甭|莫|不必)(?:再|过)?来(?:收|拉|取|上门)?了|(?:别"
        r"|不用)(?:再)?上门了|不(?:想)?约了|^(?:(?:那就?)?算了|还是|那|要不)?[,，]?取消(?:掉|吧|了|一下|算了)*$|(?:把|将).{0,6}(?:约|单子?)[^,，。]{0,4}(?:取消|退掉|撤)",
        unless=r"提醒|券|资格|改(?!造|主意)|换(?:成|到|个)|推迟|延后",
    ),
    begin=look_what_to_cancel,
    slots=(visits.WHICH,),
    propose=propose_cancelling,
    finish=cancel,
    needs_sign_in="取消预约要先登录，登录后我才看得到您的预约。",
    also_yes=("取消", "取消吧", "取消了", "是的取消", "确定取消", "取消预约", "对取消"),
    stopped="好的，预约还留着，没有取消。",
)

reschedule = Skill(
    name="reschedule",
    wanted=says(
        r"往后(?:挪|推|延|改)(?!进)|(?:推迟|延后|挪|往后推|顺延)(?:一?下)?(?:到|至)(?:下|这|本|今|明|后|大后|周|星期|礼拜|\d)|"
        r"改(?!造|善|革|装|进|变|良|制|厨|水|电|建)(?:(?:到|成|在|为)(?!.{0,2}(?:什么程度|多少|啥程度|啥样|什么样|哪一?步))|约|期|下|一下|个|一个|天"
        r"|时间|上午|下午|今|明|后|大后|周|星期|礼拜|下周|\d"
        r"|[一二三四五六七八九十]+[号日点月]|日期|预约|上门|地址)|修改|更改"
        r"|(?:预约|上门|回收|师傅|时间|日期|订单).{0,8}(?:改|变更|调整|推迟|延后|延期|往后"
        r"|提前|换)(?!造|善|新)|(?:变更|调整|推迟|延后|延期|提前|换(?!新))(?:一?下|个|到|成"
        r"|预约|上门)?.{0,4}(?:预约|上门|时间|日子|日期|周[一二三四五六日天]|[今明后]天|上午"
        r"|下午)"
        r"|(?:那天|明天|后天|今天|当天|到时候|临时).{0,4}(?:没空|不在家|不方便"
        r"|有事).{0,8}(?:换|改|推|晚)|(?:晚|早|提前|推迟|延后)[一两几]?(?:天|点|小时|个小时)(?:再)?来",
        unless=r"提前(?:几|多久|多少|\d+个?(?:分|小时))|提醒|券|取消|方案|政策|设备|发改|提前预约|老旧小区|厨卫|适老|技术",
    ),
    begin=look_what_to_move,
    slots=(
        visits.WHICH,
        replace(visits.DAY, ask="想改到哪天？比如明天下午、周六、9月3号。", understand=new_day),
        visits.HALF,
        visits.HOUR,
    ),
    propose=propose_moving,
    finish=move,
    needs_sign_in="改预约时间要先登录，登录后说「改到哪天」，我帮您变更预约。",
    stopped="好的，预约时间不变。",
)

booking_status = Skill(
    name="booking_status",
    wanted=says(
        r"(?:说好|约好|定好|约的|讲好)[^,，。]{0,6}点[^。]{0,8}(?:人呢|没来|没到|没人|咋没|不见人)|(?:回收|上门|预约)?(?:订单|工单|单子|回收单|预约单)(?:的)?(?:号|编号)"
        r"|预约.{0,3}(?:到|是)(?:什么时候|啥时候|哪天|几号|几点)|[今明后]天(?:会|真的|到底|上午|下午)*有(?:没有)?人(?:会)?来"
        r"(?:收|拉|上门|取)?(?:吗|么|不|没|$)|"
        r"^(?:查|看)?(?:一下)?(?:我的)?(?:回收|上门|预约)(?:的)?(?:进度|进展|状态|情况)|(?:查|看)(?:一?下|看|询)?我的(?:订单|工单|单子)"
        r"|我约的?.{0,6}(?:来不来|还来|会来|来吗)|(?:说好|约好|定好).{0,8}(?:来|上门).{0,6}(?:没|不)|(?:师傅|师父|回收员|收货的|上门的人?"
        r"|收旧[^,，。]{0,4}(?:的人?|人)|工人|小哥|工作人员|回收的人?"
        r"|你们的人|来收的人?)[^,，。]{0,8}(?:几点|什么时候|啥时候|咋还|啥时间|多久|何时|到哪"
        r"|到了|在哪|来不来|还来|还没|来了|怎么还|电话|出发|能到|会到|来吗)"
        r"|(?:(?<!离)我的?|我[们家](?:的)?|我约的?|我预约的?|之前|昨天|上次)[^,，。?？]{0,6}(?:预约"
        r"|回收|订单|工单|单子|上门|约)[^,，。]{0,8}(?:到哪|进度|进展|状态|怎么样|什么时候"
        r"|啥时候|几点|哪一?步|成功|好了|受理|派单|派人|查|情况|了没|约上|有没有|安排|在哪"
        r"|还没|哪天)"
        r"|(?:预约|工单|回收单|上门单|回收订单).{0,3}(?:进度|状态|查询|记录|情况|成功|详情"
        r"|列表|到哪)|(?:查|看)(?:一?下|看|询|看我)?.{0,6}(?:预约|回收单|回收订单|上门时间"
        r"|工单|上门进度|回收进度|回收订单)|我约(?:的|了|好).{0,6}(?:吗|没|什么|几|哪|啥)"
        r"|我的预约"
        r"|(?:什么|啥)时候(?:来|上门)(?:收|拉|取)|几点(?:来|上门|到我家)|(?:怎么|咋|为啥|为什么)还(?:没|不)(?:来|上门"
        r"|人来)|还没(?:人)?(?:来|上门)|今天(?:会|能|还)?来(?:收)?(?:吗|不)",
        unless=r"取消|提醒|券|改(?!造)|投诉|补贴|怎么预约|回收(?:网?点|站)|乱|维修|要等",
    ),
    finish=status,
    needs_sign_in="查预约进度（上门时间、回收订单）要先登录，登录后我马上告诉您。",
)
