"""Promises a word before a drop opens, and takes the promise back."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from bot import days, understanding, wording
from bot.ports import Declined, DropSeen, ReminderSeen
from bot.replies import Action, Reply
from bot.skill import Skill, Slot, Turn, says

USUAL_MINUTES = 10
SHORTER_MINUTES = (5, 3, 1)
MOST_TOLD = 4
ALL = "all"


async def remind(turn: Turn) -> Reply:
    """A reminder before the drop somebody means, else before the next one."""
    seen = sorted(await turn.city.drops(turn.place), key=lambda drop: drop.opens_at)
    drop = _meant(turn, seen)
    if drop is None:
        return Reply(
            "现在没有要开抢的场次，没法设抢券提醒。有新场次时再来找我。",
            "reminder",
            actions=(Action("drop", "看发券场次"),),
        )
    wanted = understanding.minutes(turn.text) or USUAL_MINUTES
    minutes = _still_possible(wanted, drop.opens_at, turn.now)
    when = wording.moment(drop.opens_at, turn.now)
    if minutes is None:
        return Reply(
            f"{when} 这一场不到一分钟就开抢了，来不及提醒，请现在就准备。",
            "reminder",
            actions=(Action("drop", "去抢券", drop.id),),
        )
    try:
        made = await turn.city.remind_before_drop(turn.caller, drop.id, minutes)
    except Declined as no:
        return Reply(
            f"提醒没有设上：{no}",
            "reminder",
            citations=no.citations,
            actions=(Action("drop", "看发券场次", drop.id),),
        )
    shorter = f"离开抢已不到 {wanted} 分钟，改为" if minutes != wanted else ""
    through = (
        "用微信服务通知发给您"
        if made.delivery == "wechat"
        else "放在小程序的消息里；想收微信通知，请在小程序里允许订阅消息"
    )
    return Reply(
        f"提醒设好了：{when} 开抢，{shorter}提前 {minutes} 分钟提醒您，{through}。",
        "reminder",
        suggestions=("取消提醒",),
        actions=(Action("reminder", "看这条提醒", made.id),),
    )


def _meant(turn: Turn, seen: list[DropSeen]) -> DropSeen | None:
    coming = [drop for drop in seen if drop.opens_at > turn.now]
    day = days.any_day(turn.text, turn.today)
    on_that_day = next((drop for drop in coming if drop.opens_at.date() == day), None)
    return on_that_day or next(iter(coming), None)


def _still_possible(wanted: int, opens_at: datetime, now: datetime) -> int | None:
    """The wanted minutes before the opening, or the most that is left."""
    return next(
        (
            minutes
            for minutes in (wanted, *SHORTER_MINUTES)
            if minutes <= wanted and opens_at - timedelta(minutes=minutes) > now
        ),
        None,
    )


async def list_reminders(turn: Turn) -> Reply | None:
    """What there is to cancel; a single one needs no question."""
    seen = list(await turn.city.reminders(turn.caller))
    if not seen:
        return Reply(
            "您没有设过提醒，不用取消。", "reminder_cancel", actions=(Action("reminder", "设一个提醒"),)
        )
    turn.known["choices"] = [[one.id, one.at.date().isoformat(), _label(one, turn.now)] for one in seen[:12]]
    if len(seen) == 1:
        turn.known["which"] = seen[0].id
    return None


async def cancel(turn: Turn) -> Reply:
    """Takes back one reminder, or all of them."""
    chosen = turn.known["which"]
    choices = [choice for choice in turn.known["choices"] if chosen in (ALL, choice[0])]
    try:
        for choice in choices:
            await turn.city.cancel_reminder(turn.caller, choice[0])
    except Declined as no:
        return Reply(f"提醒没有取消成：{no}", "reminder_cancel", citations=no.citations)
    return Reply(
        f"已取消提醒：{'；'.join(choice[2] for choice in choices)}。",
        "reminder_cancel",
        suggestions=("开抢前提醒我",),
    )


def which(turn: Turn) -> str | None:
    """The reminder somebody means: all, by its day, or by its place in the list."""
    choices: list[list[Any]] = turn.known.get("choices", [])
    if re.search(r"全部|所有|都取消|都不要|全取消|都", turn.text):
        return ALL
    day: date | None = days.any_day(turn.text, turn.today)
    for identity, on, _ in choices:
        if day is not None and on == day.isoformat():
            return str(identity)
    position = re.search(r"第([一二三四五六七八九]|\d)", turn.text)
    index = days.number(position.group(1)) if position else None
    return str(choices[index - 1][0]) if index and 0 < index <= len(choices) else None


def _label(one: ReminderSeen, now: datetime) -> str:
    return f"{one.about}（{wording.moment(one.at, now)} 提醒）"


async def tell_reminders(turn: Turn) -> Reply:
    """The reminders still to come."""
    seen = list(await turn.city.reminders(turn.caller))[:MOST_TOLD]
    if not seen:
        return Reply(
            "您还没有设提醒。要在开抢前提醒您，说「开抢前提醒我」就行。",
            "reminder",
            suggestions=("开抢前提醒我",),
            actions=(Action("reminder", "设一个提醒"),),
        )
    return Reply(
        f"您设了这些提醒：{'；'.join(_label(one, turn.now) for one in seen)}。",
        "reminder",
        suggestions=("取消提醒",),
        actions=tuple(Action("reminder", "看这条提醒", one.id) for one in seen),
    )


my_reminders = Skill(
    name="reminder",
    wanted=says(
        r"我的提醒|(?:看|查)(?:看|一下|下)?.{0,4}提醒|我?(?:设|定|约|有)(?:了|过)?(?:哪些|什么|几个|几条)提醒"
        r"|提醒(?:设|定)?(?:了没|好了没|有没有|有哪些|列表)",
        unless=r"取消|关掉|关闭|不要|删|前提醒我",
    ),
    finish=tell_reminders,
    needs_sign_in="看提醒要先登录，登录后我才看得到您设过的提醒。",
)

reminder = Skill(
    name="reminder",
    wanted=says(
        r"提醒(?:我|一?下|一声|下我)|(?:设|加|订|开|要|弄|定)(?:置|个|一个|上|阅"
        r"|通)?.{0,8}(?:提醒|闹钟)|(?:抢券|开抢|发券|放券|到期|过期|上门"
        r"|领券)(?:前)?(?:的)?提醒"
        r"|(?:开抢|放券|发券|到时候|到点|有券|快到|开始|抢券)[^?？]{0,6}(?:叫|喊|通知|告诉"
        r"|招呼|提醒)(?:一声|一下|下|声)?我?|(?:叫|喊|通知|招呼)我(?:一声|一下)?(?:抢|领)",
        unless=r"取消|关掉|关闭|不要|别再?提醒|不用提醒|退订|删",
    ),
    finish=remind,
    needs_region=True,
    needs_sign_in="设提醒要先登录。登录后我会在开抢前提醒您。",
)

reminder_cancel = Skill(
    name="reminder_cancel",
    wanted=says(
        r"(?:取消|关掉?|关闭|不要|别|撤销?|退订|删除?|去掉|不用|停).{0,8}(?:提醒|闹钟|通知)"
        r"|(?:提醒|通知|闹钟).{0,6}(?:取消|关了|关掉|不要了|删|撤|退订|停)"
    ),
    begin=list_reminders,
    slots=(Slot("which", ask="您有几个提醒，要取消哪一个？说日期，或者说「全部」。", understand=which),),
    finish=cancel,
    needs_sign_in="取消提醒要先登录，登录后我才看得到您的提醒。",
)
