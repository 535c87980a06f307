"""Promises a word before a drop opens, and takes the promise back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot import days, understanding, visits, wording
from bot.ports import Declined, DropSeen, ReminderSeen
from bot.replies import Action, Reply
from bot.skill import Skill, Slot, Turn, says

USUAL_MINUTES = {"drop": 10, "pickup": 120, "voucher_expiry": 24 * 60}
SHORTER_MINUTES = (120, 60, 30, 10, 5, 3, 1)
MOST_TOLD = 4
ALL = "all"


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody wants to be reminded of: its kind, which one, when it is, and how it is called."""

    kind: str
    subject: str
    at: datetime
    called: str


async def remind_of_drop(turn: Turn) -> Reply:
    """A reminder before the drop somebody means, else before the next one."""
    seen = sorted(await turn.city.drops(turn.place), key=lambda drop: drop.opens_at)
    drop = _meant(turn, seen)
    if drop is None:
        return Reply(
            "现在没有要开抢的场次，没法设抢券提醒。有新场次时再来找我。",
            "reminder",
            actions=(Action("drop", "看发券场次"),),
        )
    what = "开始报名抽签" if drop.draws_at else "开抢"
    called = f"{wording.moment(drop.opens_at, turn.now)} {what}"
    return await _promise(turn, Event("drop", drop.id, drop.opens_at, called))


async def remind_of_visit(turn: Turn) -> Reply:
    """A reminder before the crew comes: of the booking somebody means, else of the next one."""
    bookings = await visits.still_to_come(turn)
    day = days.any_day(turn.text, turn.today)
    visit = next((one for one in bookings if one.starts_at.date() == day), None) or next(iter(bookings), None)
    if visit is None:
        return Reply(
            "您现在没有上门回收的预约，不用设提醒。约好了再跟我说一声就行。",
            "reminder",
            suggestions=("预约上门回收",),
            actions=(Action("slots", "预约上门回收"),),
        )
    return await _promise(
        turn,
        Event("pickup", visit.id, visit.starts_at, f"{wording.span(visit.starts_at, visit.ends_at)} 上门"),
    )


async def remind_of_expiry(turn: Turn) -> Reply:
    """A reminder before the voucher that lapses first."""
    usable = [one for one in (await turn.city.wallet(turn.caller)).vouchers if one.state == "issued"]
    if not usable:
        return Reply(
            "您现在没有能用的券，不用设到期提醒。", "reminder", actions=(Action("drop", "看发券场次"),)
        )
    first = min(usable, key=lambda one: one.valid_until)
    called = f"券 {first.code} 用到 {wording.last_moment(first.valid_until)}"
    return await _promise(turn, Event("voucher_expiry", first.id, first.valid_until, called))


async def _promise(turn: Turn, event: Event) -> Reply:
    """Sets the reminder as early as was wanted, or as early as is still possible."""
    wanted = understanding.minutes(turn.text) or USUAL_MINUTES[event.kind]
    minutes = _still_possible(wanted, event.at, turn.now)
    about = Action("reminder", "看我的提醒")
    if minutes is None:
        said = f"{event.called}，已经不到一分钟了，来不及提醒，请现在就准备。"
        return Reply(said, "reminder", actions=(about,))
    try:
        made = await turn.city.remind_before(turn.caller, event.kind, event.subject, minutes)
    except Declined as no:
        return Reply(f"提醒没有设上：{no}", "reminder", citations=no.citations, actions=(about,))
    shorter = f"离那时已不到 {_length(wanted)}，改为" if minutes != wanted else ""
    through = (
        "用微信服务通知发给您"
        if made.delivery == "wechat"
        else "放在小程序的消息里；想收微信通知，请在小程序里允许订阅消息"
    )
    return Reply(
        f"提醒设好了：{event.called}，{shorter}提前 {_length(minutes)}提醒您，{through}。",
        "reminder",
        suggestions=("取消提醒",),
        actions=(Action("reminder", "看这条提醒", made.id),),
    )


def _meant(turn: Turn, seen: list[DropSeen]) -> DropSeen | None:
    coming = [drop for drop in seen if drop.opens_at > turn.now]
    day = days.any_day(turn.text, turn.today)
    on_that_day = next((drop for drop in coming if drop.opens_at.date() == day), None)
    return on_that_day or next(iter(coming), None)


def _still_possible(wanted: int, happens_at: datetime, now: datetime) -> int | None:
    """The wanted minutes before something, or the most that is left."""
    return next(
        (
            minutes
            for minutes in (wanted, *SHORTER_MINUTES)
            if minutes <= wanted and happens_at - timedelta(minutes=minutes) > now
        ),
        None,
    )


def _length(minutes: int) -> str:
    """Minutes as people say them: 10 分钟, 2 小时, 1 天."""
    for unit, name in ((24 * 60, "天"), (60, "小时")):
        if minutes >= unit and minutes % unit == 0:
            return f"{minutes // unit} {name}"
    return f"{minutes} 分钟"


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
        r"我的提醒|(?:看|查)(?:看|一下|下)?.{0,4}提醒|我?(?:设|定|约|有)(?:了|过)?(?:哪些|什么|几个|几条)提醒|(?:设|定|订)(?:了|过|好)*提醒了?(?:吗|没|么)"
        r"|提醒(?:设|定)?(?:了没|好了没|有没有|有哪些|列表)",
        unless=r"取消|关掉|关闭|不要|删|前提醒我",
    ),
    finish=tell_reminders,
    needs_sign_in="看提醒要先登录，登录后我才看得到您设过的提醒。",
)

_wants_one = says(
    r"(?:到点|到时候?|到期|快到|开抢|发券|放券)[^?？]{0,8}(?:通知|说一声|打个招呼)|"
    r"[点分钟半一二三四五六七八九十\d](?:的时候)?(?:叫|喊|通知)我(?!们?去|别)|提醒(?:我|一?下|一声|下我)|(?:设|加|订|开|要|弄|定)(?:置|个|一个|上|阅"
    r"|通)?.{0,8}(?:提醒|闹钟)|(?:抢券|开抢|发券|放券|到期|过期|上门"
    r"|领券)(?:前)?(?:的)?提醒"
    r"|(?:开抢|放券|发券|抢券|有券|开始|到点|到时).{0,6}(?:给我|跟我|向我)(?:发|说|打|推)"
    r"|有(?:新|了)*券了?.{0,3}(?:告诉|通知|叫|喊)|(?:开抢|放券|发券|到时候|到点|有券|快到|开始|抢券|上门|过期|到期)[^?？]{0,6}(?:叫|喊|通知|告诉"
    r"|招呼|提醒)(?:一声|一下|下|声)?我?|(?:叫|喊|通知|招呼)我(?:一声|一下)?(?:抢|领)",
    unless=r"取消|关掉|关闭|不要|不需要|不想要|别再?提醒|不用提醒|退订|删|哪里|在哪|哪儿|定几点",
)
_OF_EXPIRY = re.compile(r"过期|到期|失效|作废")
_OF_VISIT = re.compile(r"上门|师傅|回收|预约|收旧|来收|来拉")

expiry_reminder = Skill(
    name="reminder",
    wanted=lambda turn: _wants_one(turn) and _OF_EXPIRY.search(turn.text) is not None,
    finish=remind_of_expiry,
    needs_sign_in="设提醒要先登录。登录后我会在券过期前提醒您。",
)

visit_reminder = Skill(
    name="reminder",
    wanted=lambda turn: _wants_one(turn) and _OF_VISIT.search(turn.text) is not None,
    finish=remind_of_visit,
    needs_sign_in="设提醒要先登录。登录后我会在师傅上门前提醒您。",
)

reminder = Skill(
    name="reminder",
    wanted=_wants_one,
    finish=remind_of_drop,
    needs_region=True,
    needs_sign_in="设提醒要先登录。登录后我会在开抢前提醒您。",
)

reminder_cancel = Skill(
    name="reminder_cancel",
    wanted=says(
        r"(?:取消|关掉?|关闭|不要|不需要|不想要?|别|撤销?|退订|删除?|去掉|不用|停).{0,8}(?:提醒|闹钟|通知)"
        r"|(?:提醒|通知|闹钟).{0,6}(?:取消|关了|关掉|不要了|删|撤|退订|停)",
        unless=r"企业|单位|在哪|哪里",
    ),
    begin=list_reminders,
    slots=(Slot("which", ask="您有几个提醒，要取消哪一个？说日期，或者说「全部」。", understand=which),),
    finish=cancel,
    needs_sign_in="取消提醒要先登录，登录后我才看得到您的提醒。",
)
