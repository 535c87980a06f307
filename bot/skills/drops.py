"""When vouchers are released, what is left now, and until when a voucher can be used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from bot import days, wording
from bot.ports import DropSeen
from bot.replies import Action, Reply
from bot.skill import Skill, Turn, says
from faq.packs import Citation, Pack
from faq.rules import CHINA, CalendarRule

_LIVE = (
    r"(?:现在|今天|今晚|今日|此刻|这会儿?|目前|明天|后天|最近|马上|当前).{0,8}(?:能抢|能领"
    r"|可以抢|可以领|有券|有没有券|发券|放券|开抢|抢券|领券|券.{0,4}(?:抢|领))"
    r"|(?:还剩|还有|剩余?|余量|库存).{0,4}(?:多少|几)张?券|(?:还剩|还有|剩余?)(?:多少|几)张"
    r"|券.{0,3}(?:还剩|剩余|余量|库存)"
    r"|下一?(?:场|轮|批|次|回|期).{0,8}(?:抢|发|放|领|券|几|哪|什么时候|啥时候|何时|时间|开)"
    r"|最近一(?:场|轮|次)|(?:还有|还剩|总共|一共|发|抢|领|券).{0,4}(?:哪|几)场|^(?:哪|几)场|场次|还有(?:没有)?(?:消费|优惠)?券(?:可以"
    r"|能)?[领抢发]?[吗么没]"
    r"|券.{0,4}(?:抢完|领完|发完|抢光|没了)了?(?:吗|没|么)|抢(?:完|光)了(?:吗|没|么)"
    r"|(?:这|本)一?(?:场|轮|批|次|期).{0,4}(?:抢|领|发)(?:完|光)"
    r"|没.{0,3}券了(?:吗|么)|(?:多久|什么时候|啥时候|几点|几时).{0,4}开抢|距离?开抢|倒计时"
)
_OF_OTHERS = r"提醒|通知我|叫我|我的|我领|我抢|我有|过期|有效|预约|上门|一直|每个?月|每月|车|展|办"
_VALIDITY = re.compile(
    r"过期|到期|失效|作废|有效|最晚|最迟|用到|还能用|能用到|几天内用|(?:可以|能)(?:不能)?(?:继续|接着)?用(?!手机|微信)|用(?:行|可以|得上)|作数|来得及"
)
_USES_ONE_GOT = re.compile(r"用[^,，。]{0,6}[领抢]到?的")
_AFTER_THE_DAY = re.compile(r"[号日](?:以|之|过)?后")
_USED_ON = re.compile(r"(?:还|才|也)?(?:能|可以|能够)(?:继续|接着)?(?:不能)?(?:用|使|花|核销)")
_GIVEN_ON = re.compile(r"[领抢发放](?!.{0,2}(?:补贴|钱))")
_OF_A_DROP = re.compile(r"领|抢|发|放|券|那场|那批")
_ON_A_DAY = re.compile(
    r"(?:还|会|能|要)?(?:发|放|抢|领)(?:不发|不放)?.{0,2}券|券.{0,3}(?:发|放|抢|领)|开抢|能抢|抢券"
)


def is_about_drops(turn: Turn) -> bool:
    return _is_live(turn) or _asks_about_a_day(turn)


_is_live = says(_LIVE, unless=_OF_OTHERS)


def _asks_about_a_day(turn: Turn) -> bool:
    """10月16号还发券吗: a question about one day of the calendar."""
    if _ON_A_DAY.search(turn.text) is None or re.search(_OF_OTHERS, turn.text):
        return False
    return _day_of_programme(turn) is not None or days.impossible(turn.text, turn.today) is not None


def is_about_validity(turn: Turn) -> bool:
    """9月1号领的券哪天过期."""
    if not (_VALIDITY.search(turn.text) and _OF_A_DROP.search(turn.text) and turn.pack):
        return False
    return turn.pack.rules.calendar(turn.today) is not None and _day_of_programme(turn) is not None


async def drops(turn: Turn) -> Reply:
    """The rule, and how things stand at this moment."""
    pack = turn.policy.library.pack(turn.place)
    calendar = pack.rules.calendar(turn.today)
    seen = sorted(await turn.city.drops(turn.place), key=lambda drop: drop.opens_at)
    if calendar is None:
        return _without_calendar(turn, pack)
    asked = _day_of_programme(turn)
    over = calendar.phase(turn.now) == "after"
    parts = [
        days.impossible(turn.text, turn.today) or "",
        _that_day(calendar, asked)
        if asked and not over and not _is_told_anyway(asked, seen, turn.now)
        else "",
        how_it_stands(calendar, seen, turn.now),
        ("当时的" if over else "") + _rule(calendar, by_lot=_by_lot(seen, turn.now)),
    ]
    upcoming = next_planned(seen, turn.now)
    actions = [_see(drop) for drop in seen if drop.state == "open"]
    if upcoming:
        actions.append(Action("reminder", "开抢前提醒我", upcoming.id))
    return Reply(
        "\n".join(part for part in parts if part),
        "drops",
        citations=_cites(pack, calendar, turn.now),
        suggestions=("怎么领券", "券多久过期"),
        actions=tuple(actions) or (Action("drop", "看发券场次"),),
    )


async def validity(turn: Turn) -> Reply:
    """Until when the vouchers of a day can be used."""
    pack = turn.policy.library.pack(turn.place)
    calendar = pack.rules.calendar(turn.today)
    asked = _day_of_programme(turn)
    if calendar is None or asked is None:
        return turn.policy.decline(turn.region)
    begun = [drop for drop in calendar.drops() if drop.date() <= asked]
    got, used = got_and_used(turn)
    if got is not None and used is not None:
        text = _usable_later(calendar, got, used)
    elif _USES_ONE_GOT.search(turn.text) or (_USED_ON.search(turn.text) and not _GIVEN_ON.search(turn.text)):
        after = timedelta(days=1 if _AFTER_THE_DAY.search(turn.text) else 0)
        text = _usable_on(calendar, asked + after)
    elif not begun or asked > calendar.last_day:
        text = f"{asked.month}月{asked.day}日没有可领的券。{_rule(calendar)}"
    else:
        opened = begun[-1].date()
        until = calendar.valid_until(opened)
        same = (
            ""
            if opened == asked
            else f"{asked.month}月{asked.day}日领的是 {opened.month}月{opened.day}日这一场的券。"
        )
        over = "，已经过期" if until < turn.now else ""
        text = (
            f"{same}{opened.month}月{opened.day}日这一场的券，自发放之日起 {calendar.validity_days} 日内用，"
            f"最晚用到 {wording.last_moment(until)}{over}。以券面显示的时间为准，过期自动作废。"
        )
    return Reply(
        text, "answer", citations=_cites(pack, calendar, turn.now), actions=(Action("voucher", "我的券"),)
    )


def got_and_used(turn: Turn) -> tuple[date | None, date | None]:
    """8月16号领的券9月1号能用吗: when a voucher was got and when it is to be used, where both are said."""
    named = sorted(set(days.days_named(turn.text, turn.today)))
    if len(named) != 2 or _GIVEN_ON.search(turn.text) is None:
        return None, None
    return named[0], named[1]


def _usable_later(calendar: CalendarRule, got: date, used: date) -> str:
    """Whether a voucher got on one day is still good on another."""
    drop = calendar.latest_drop(datetime.combine(got, time.max, CHINA))
    if drop is None:
        return f"{got.month}月{got.day}日那时还没有发过券。{_rule(calendar)}"
    until = calendar.valid_until(drop.date())
    good = "还能用" if used <= until.date() else "已经用不了，逾期自动失效"
    return (
        f"{drop.month}月{drop.day}日这一场的券最晚用到 {wording.last_moment(until)}，"
        f"{used.month}月{used.day}日{good}。以券面显示的时间为准。"
    )


def _usable_on(calendar: CalendarRule, asked: date) -> str:
    """10月15号当天还能用券吗: which vouchers are good on a day, if any are."""
    that_day, last = f"{asked.month}月{asked.day}日", calendar.last_day
    drop = calendar.latest_drop(datetime.combine(asked, time.max, CHINA))
    until = calendar.valid_until(drop.date()) if drop else None
    if drop is not None and until is not None and asked <= until.date():
        return (
            f"{that_day}能用：{drop.month}月{drop.day}日发的券可以用到 {wording.last_moment(until)}。"
            "以券面显示的时间为准，过期自动作废。"
        )
    why = (
        f"之前最近一场是 {drop.month}月{drop.day}日发的，只能用到 {wording.last_moment(until)}"
        if drop is not None and until is not None
        else "那时还没有发过券"
    )
    until_then = f"活动到 {last.year}年{last.month}月{last.day}日 截止"
    return f"{that_day}没有能用的券：{why}。{until_then}，券以券面时间为准。"


def how_it_stands(calendar: CalendarRule, seen: Sequence[DropSeen], now: datetime) -> str:
    """What can be had now, and what comes next."""
    if calendar.phase(now) == "after":
        last = calendar.last_day
        return f"活动已在 {last.year}年{last.month}月{last.day}日 结束，不再发券，也不能再用券。"
    parts = [what_is_open(seen, now)]
    upcoming = next_planned(seen, now)
    if upcoming is not None:
        parts.append(_announced(upcoming, now))
    elif (opens := calendar.next_drop(now)) is not None:
        parts.append(f"下一场 {wording.moment(opens, now)} 开抢。")
    else:
        last_use = calendar.valid_until(calendar.drops()[-1].date())
        parts.append(f"这轮活动后面没有新的场次了，最后一场的券用到 {wording.last_moment(last_use)}。")
    return "".join(parts)


def _announced(drop: DropSeen, now: datetime) -> str:
    begins = "开抢" if drop.draws_at is None else "开始报名"
    drawn = f"{wording.moment(drop.draws_at, now)} 抽签，" if drop.draws_at else ""
    return (
        f"下一场 {wording.moment(drop.opens_at, now)} {begins}，{drawn}共 {drop.quota} 张，"
        f"券用到 {wording.last_moment(drop.valid_until)}。"
    )


def what_is_open(seen: Sequence[DropSeen], now: datetime) -> str:
    """What can be had at this very moment; empty where no drop is under way."""
    current = open_now(seen, now)
    if current is None:
        return _just_drawn(seen, now)
    when = wording.moment(current.opens_at, now)
    if current.state == "frozen":
        return f"{when} 这一场暂停发放，请留意通知。"
    if current.draws_at is not None:
        return (
            f"现在可以报名：{when} 这一场先报名、后抽签，共 {current.quota} 张，"
            f"{wording.moment(current.draws_at, now)} 截止并抽签，早报晚报机会一样。"
        )
    if current.state == "open" and current.remaining > 0:
        return f"现在就能抢：{when} 这一场还剩 {current.remaining} 张（共 {current.quota} 张）。"
    return f"{when} 这一场已经领完。"


def _just_drawn(seen: Sequence[DropSeen], now: datetime) -> str:
    """The draw that is done while the vouchers it gave are still good."""
    drawn = [drop for drop in seen if drop.draws_at is not None and drop.draws_at <= now < drop.valid_until]
    if not drawn:
        return ""
    when = wording.moment(max(drawn, key=lambda drop: drop.opens_at).opens_at, now)
    return f"{when} 这一场的报名已经截止，中签的券直接进卡包。"


def open_now(seen: Sequence[DropSeen], now: datetime) -> DropSeen | None:
    """The latest drop in which one can take part, as long as its vouchers are good for anything."""
    current = (drop for drop in seen if drop.opens_at <= now < min(drop.ends_at, drop.valid_until))
    return max(current, key=lambda drop: drop.opens_at, default=None)


def next_planned(seen: Sequence[DropSeen], now: datetime) -> DropSeen | None:
    """The next drop still to open."""
    return min((drop for drop in seen if drop.opens_at > now), key=lambda drop: drop.opens_at, default=None)


async def with_what_is_open(turn: Turn, reply: Reply) -> Reply:
    """The document's word on when vouchers come, behind the drop that is open at this moment."""
    if turn.region is None:
        return reply
    seen = await turn.city.drops(turn.region)
    note = what_is_open(seen, turn.now)
    if not note and _by_lot(seen, turn.now) and (coming := next_planned(seen, turn.now)):
        note = _announced(coming, turn.now)
    if not note:
        return reply
    if _by_lot(seen, turn.now):  # the document's word behind it says the opposite
        note += "下面是文件的一般规定，这一场以抽签为准。"
    drop = open_now(seen, turn.now)
    actions = (_see(drop), *reply.actions) if drop else reply.actions
    return replace(reply, text=f"{note}\n{reply.text}", actions=actions)


def _see(drop: DropSeen) -> Action:
    return Action("drop", "看这一场", drop.id)


def _by_lot(seen: Sequence[DropSeen], now: datetime) -> bool:
    """Whether the drop that is open, or else the next one, is drawn by lot."""
    shown = open_now(seen, now) or next_planned(seen, now)
    return shown is not None and shown.draws_at is not None


def _rule(calendar: CalendarRule, *, by_lot: bool = False) -> str:
    on = "、".join(f"{day}号" for day in calendar.days)
    last = calendar.last_day
    manner = "这一场由平台抽签" if by_lot else "先到先得"
    return (
        f"规则：每月 {on} 上午 {calendar.opens:%H:%M} 发券，{manner}，资金核销完或到 "
        f"{last.year}年{last.month}月{last.day}日 截止；券自发放之日起 {calendar.validity_days} 日内有效。"
    )


def _is_told_anyway(asked: date, seen: Sequence[DropSeen], now: datetime) -> bool:
    """Whether the day somebody names is that of the drop that is open or next."""
    shown = (open_now(seen, now), next_planned(seen, now))
    return any(drop is not None and drop.opens_at.date() == asked for drop in shown)


def _that_day(calendar: CalendarRule, asked: date) -> str:
    on = {drop.date() for drop in calendar.drops()}
    if asked in on:
        return f"{asked.month}月{asked.day}日有一场，上午 {calendar.opens:%H:%M} 开抢。"
    if asked > calendar.last_day:
        last = calendar.last_day
        return f"{asked.month}月{asked.day}日不发券，活动到 {last.month}月{last.day}日 就截止了。"
    return f"{asked.month}月{asked.day}日没有场次，不发券。"


def _without_calendar(turn: Turn, pack: Pack) -> Reply:
    """A document that fixes no release: its own words on that, filed as what was asked for."""
    said = turn.policy.on_topic("drop_calendar", pack.region, turn.now)
    if said is not None:
        return Reply(said.text, "drops", citations=said.citations, actions=said.actions)
    text = f"《{pack.document.title}》没有规定发券的日期和场次，所以这里没有可抢的券。"
    return Reply(text, "drops", actions=turn.policy.decline(pack.region).actions)


def _day_of_programme(turn: Turn) -> date | None:
    """The day a message names, in the year of the programme unless another year is said."""
    day = days.any_day(turn.text, turn.today)
    calendar = turn.pack.rules.calendar(turn.today) if turn.pack else None
    if day is None or calendar is None or re.search(r"20\d\d|今天|明天|后天|周|星期", turn.text):
        return day
    try:
        return day.replace(year=calendar.first_drop.year)
    except ValueError:
        return None


def _cites(pack: Pack, calendar: CalendarRule, now: datetime) -> tuple[Citation, ...]:
    return (pack.citation(calendar.cites, now), pack.citation(calendar.cites_last_day, now))


skill = Skill(name="drops", wanted=is_about_drops, finish=drops, needs_region=True)
validity_skill = Skill(name="answer", wanted=is_about_validity, finish=validity, needs_region=True)
