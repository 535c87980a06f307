"""Times and bookings of door-to-door visits, as several skills need them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from bot import days, understanding, wording
from bot.ports import PickupSeen, SlotSeen
from bot.replies import Action, Reply
from bot.skill import Again, Slot, Turn

LOOK_AHEAD_DAYS = 14
MOST_NAMED = 12  # districts in one sentence
STATES = {
    "booked": "已约好",
    "assigned": "已派师傅",
    "on_the_way": "师傅在路上",
    "arrived": "师傅到了，请核对报价、出示回收码",
    "collected": "已上门回收",
    "received": "旧物已到回收站",
    "dismantled": "旧物已拆解",
    "cancelled": "已取消",
    "missed_by_resident": "师傅上门时没有人",
    "missed_by_crew": "师傅没有来，很抱歉，可以改约或取消",
    "disputed": "价格有争议，工作人员在处理",
}
MIDDLE = {"morning": 10, "afternoon": 15, "evening": 19, "any": 12}  # the hour meant where none is named
OVER = ("cancelled", "collected", "received", "dismantled", "missed_by_resident")


def day(turn: Turn) -> str | None:
    """The day of a visit, as it is kept."""
    meant = days.day(turn.text, turn.today)
    return meant.isoformat() if meant else None


DAY = Slot("day", ask="哪天方便上门？比如明天、周六、9月3号，也可以带上上午或下午。", understand=day)
HALF = Slot("half", ask="", understand=lambda turn: understanding.half(turn.text), must=False)
HOUR = Slot("hour", ask="", understand=lambda turn: understanding.hour(turn.text), must=False)


async def pick(turn: Turn, without: frozenset[str] = frozenset()) -> tuple[SlotSeen, str] | Again:
    """The earliest free time that fits, else the next one with a word about it, else a question."""
    wanted = date.fromisoformat(turn.known["day"])
    fitting = await free_slots(turn, wanted, without)
    half, hour = turn.known.get("half"), turn.known.get("hour")
    exact = [slot for slot in fitting if _fits(slot, half, hour)]
    if exact:
        return exact[0], ""
    said = f"{wording.day(wanted)}{wording.HALVES.get(half or '', '') if hour is None else f'{hour}点左右'}"
    if fitting:
        wish = hour if hour is not None else MIDDLE[half or "any"]
        nearest = min(fitting, key=lambda slot: (abs(slot.starts_at.hour - wish), slot.starts_at))
        return nearest, f"{said}没有空档了，最近的是这一档："
    for offset in range(1, LOOK_AHEAD_DAYS):
        later = [
            slot
            for slot in await free_slots(turn, wanted + timedelta(days=offset), without)
            if _fits(slot, half, None)
        ]
        if later:
            return later[0], f"{wording.day(wanted)}约不上了，最近的空档是："
    return Again("day", f"{wording.day(wanted)}往后这段时间都没有空档了。换一天试试？说日期就行。")


async def free_slots(turn: Turn, on: date, without: frozenset[str] = frozenset()) -> list[SlotSeen]:
    """The times of a day in the district of the visit that are still to come and not ruled out."""
    seen = await turn.city.slots(turn.place, on)
    free = [slot for slot in seen if slot.starts_at > turn.now and slot.left > 0 and slot.id not in without]
    return [slot for slot in free if slot.district == turn.known.get("district", slot.district)]


async def look_where(turn: Turn) -> bool:
    """Whether crews come anywhere in the region; where they come to one district only, that is the one."""
    found = [
        slot.district
        for offset in range(LOOK_AHEAD_DAYS)
        for slot in await turn.city.slots(turn.place, turn.today + timedelta(days=offset))
    ]
    turn.known["districts"] = sorted(set(found), key=found.index)
    if len(turn.known["districts"]) == 1:
        turn.known["district"] = found[0]
    return bool(found)


def district(turn: Turn) -> str | None:
    """The district that is named, with or without 区: the last one, as people correct themselves."""
    named = [(turn.text.rfind(_short(one)), one) for one in turn.known.get("districts", [])]
    position, last = max(named, default=(-1, None))
    return last if position >= 0 else None


def district_when_asked(turn: Turn) -> str | None:
    """The same; where it is none of those that there are, they are told."""
    if found := district(turn):
        return found
    raise days.Unclear(f"能上门的有：{'、'.join(turn.known['districts'][:MOST_NAMED])}。")


def _short(name: str) -> str:
    """任城区 as 任城, and 兴庆 as it is."""
    return name[:-1] if len(name) > 2 and name[-1] in "区县市" else name


DISTRICT = Slot(
    "district", ask="您家在哪个区（县、市）？", understand=district, when_asked=district_when_asked
)


def _fits(slot: SlotSeen, half: str | None, hour: int | None) -> bool:
    if hour is not None:
        return slot.starts_at.hour <= hour < max(slot.ends_at.hour, slot.starts_at.hour + 1)
    return half in (None, "any") or wording.half_key(slot.starts_at) == half


async def still_to_come(turn: Turn) -> list[PickupSeen]:
    """Somebody's bookings that can still take place, soonest first; behind them what the crew missed."""
    seen = await turn.city.pickups(turn.caller)
    return sorted(
        (one for one in seen if one.state not in OVER),
        key=lambda one: (one.state == "missed_by_crew", one.starts_at),
    )


def describe(one: PickupSeen, turn: Turn) -> str:
    """A booking in one line: 9月2日（周一）上午 09:00–11:00 回收冰箱（单号 P001）."""
    what = wording.names(one.categories, turn.policy.library.categories)
    return f"{wording.span(one.starts_at, one.ends_at)} 上门回收{what}（单号 {one.number}）"


def remember_choices(turn: Turn, bookings: Sequence[PickupSeen]) -> None:
    """Keeps what can be chosen from; a single booking, or one that the message names, is chosen at once."""
    turn.known["choices"] = [
        [one.id, one.number, one.starts_at.date().isoformat(), list(one.categories)] for one in bookings[:12]
    ]
    named = [one.id for one in bookings if one.number.lower() in turn.text.lower()]
    if len(bookings) == 1 or len(named) == 1:
        turn.known["which"] = named[0] if named else bookings[0].id


def which(turn: Turn) -> str | None:
    """The booking somebody means: by number, day, thing or place in the list."""
    choices: list[list[Any]] = turn.known.get("choices", [])
    if not choices:
        return None
    on = {day.isoformat() for day in days.days_named(turn.text, turn.today)}
    named = set(understanding.things(turn.text, turn.policy.library.categories))
    said = turn.text.lower()
    for fitting in (
        [choice for choice in choices if str(choice[1]).lower() in said],
        [choice for choice in choices if choice[2] in on],
        [choice for choice in choices if named & set(choice[3])],
    ):
        if len(fitting) == 1:
            return str(fitting[0][0])
    position = re.search(r"第([一二三四五六七八九]|\d)", turn.text)
    index = days.number(position.group(1)) if position else None
    return str(choices[index - 1][0]) if index and 0 < index <= len(choices) else None


WHICH = Slot("which", ask="您有好几个预约，是哪一个？说日期、单号或者收什么都行。", understand=which)


async def chosen(turn: Turn) -> PickupSeen | None:
    """The booking that was chosen, as it is now."""
    return next((one for one in await turn.city.pickups(turn.caller) if one.id == turn.known["which"]), None)


def gone(intent: str) -> Reply:
    """The booking is not there any more."""
    return Reply("这个预约已经不在了，可能已取消或者完成。", intent, actions=(Action("pickup", "我的预约"),))
