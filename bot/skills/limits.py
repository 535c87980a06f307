"""What follows from the rules alone: a family's cap, how far the fund goes, a month outside."""

from __future__ import annotations

import re
from datetime import date

from bot import days, wording
from bot.replies import Action, Reply
from bot.skill import Skill, Turn
from bot.skills import drops
from faq.amounts import amounts
from faq.rules import CalendarRule

_FAMILY = re.compile(r"(?:一家|我们家?|全家)([两二三四五六七八]|\d)口|(?<!每)([两二三四五六七八]|\d)个人")
_COUPLE = re.compile(r"夫妻|两口子|老两口|小两口")
_AT_MOST = re.compile(r"(?:最多|最高|一共|总共|合计|合起来|加起来|上限).{0,6}(?:补|领|拿|享受|多少)")
_HOW_FAR = re.compile(r"(?:够|能给|能补|可以补).{0,4}(?:多少|几)个?(人|台|件)")
_FUND = re.compile(r"资金|总额|这笔钱|这些钱|预算|万|(?:总共|一共|全部).{0,6}(?:多少|几)个?人")
_MONTH = re.compile(
    r"(?<![\d个])(1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月(?:份|底|初|中旬)?(?!\d|[一二三四五六七八九十]+[号日])"
)
_HOLIDAYS = {"国庆": 10, "十一": 10, "中秋": 9, "五一": 5, "开学季": 9}  # by the month they fall in
_HOLIDAY = re.compile(r"国庆|十一(?=期间|假|长假|黄金周|那几天|的时候)|中秋|五一(?!十)|开学季")
_LATER = re.compile(r"明年|后年|年底|下半年以后|20(?:2[5-9]|[3-9]\d)年|双十一|双11|双十二|春节|过年|元旦")
_STILL = re.compile(
    r"就没有?了|截止了|停了|还(?:搞|办|有|能|可以|会|补|发|给)|有没有|有吗|来得及|赶得上|能不能|能.{0,4}[吗不么]|可以.{0,6}[吗不么]|行不行|行吗|晚不晚"
)
_STILL_NOW = re.compile(
    r"(?:那|请问)?(?:我们?)?(?:现在|今天|这会儿?|眼下|目前|如今|这时候)*(?:再|才)?(?:去)?(?:(?:买|换|购买)[个台件]?)?(?:新的?)?"
    r"(?:家电|家居|家具|东西|#)?(?:的)?(?:补贴|消费券|券|优惠|活动|以旧换新)?(?:还|来得及|赶得上|晚不晚|晚了)"
    r"(?:能|可以|会|有|来得及|赶得上)?(?:不能|没有)?"
    r"(?:用|补贴?|领|抢|享受|参加|拿|买|申请|办|换)?(?:到|上)?(?:家电|补贴|优惠|活动|以旧换新|消费券|券|#)*(?:吗|么|不|没|没有|啊|呢)*"
)
_BOUGHT = re.compile(r"买(?:的|过|了|好)")
_TO_GET = re.compile(r"补|券|活动|买|换新|优惠|领|政策|搞|办")


def family_cap(turn: Turn) -> bool:
    return (
        _at_most_for(turn.text) is not None
        and turn.pack is not None
        and turn.pack.rules.subsidy(turn.today) is not None
    )


def fund_reach(turn: Turn) -> bool:
    has_fund = turn.pack is not None and turn.pack.rules.fund(turn.today) is not None
    return has_fund and bool(_HOW_FAR.search(turn.text) and _FUND.search(turn.text))


def outside_question(turn: Turn) -> bool:
    """12月还能买吗: a time is named, and whether there is still something then."""
    if turn.pack is None or turn.pack.rules.calendar(turn.today) is None:
        return False
    named = _MONTH.search(turn.text) or _LATER.search(turn.text) or _HOLIDAY.search(turn.text)
    if named is None or _is_about_what_was_bought(turn):
        return False
    return bool(_STILL.search(turn.text) and _TO_GET.search(turn.text))


def _is_about_what_was_bought(turn: Turn) -> bool:
    """八月份买的还能补领吗: bought before today, so not whether the programme runs then."""
    calendar = turn.pack.rules.calendar(turn.today) if turn.pack else None
    if calendar is None or _BOUGHT.search(turn.text) is None:
        return False
    when = _month_meant(turn.text, calendar)
    return when is not None and when <= turn.today


def asks_whether_still(turn: Turn) -> bool:
    """现在买冰箱还能补吗: nothing is asked but whether there is still something to be had."""
    if turn.pack is None or turn.pack.rules.calendar(turn.today) is None:
        return False
    text = re.sub(r"[?？。!！~\s]+$", "", turn.text)
    for mention in reversed(turn.policy.library.categories.mentions(text)):
        text = text[: mention.start] + "#" + text[mention.end :]
    about = _TO_GET.search(text) is not None or "#" in text or "用" in text
    if not about or _STILL_NOW.fullmatch(text) is None:
        return False
    found = turn.policy.find(turn.text, turn.region)
    return found.best is None or found.best.topic not in ("window", "drop_calendar")


async def say_whether_still(turn: Turn) -> Reply:
    """Whether vouchers can still be had or used at this moment, and until when."""
    pack = turn.policy.library.pack(turn.place)
    calendar = pack.rules.calendar(turn.today)
    if calendar is None:
        return turn.policy.decline(turn.region)
    seen = sorted(await turn.city.drops(turn.place), key=lambda drop: drop.opens_at)
    usable, coming = calendar.usable_drop(turn.now), calendar.next_drop(turn.now)
    until = f"{calendar.last_day.year}年{calendar.last_day.month}月{calendar.last_day.day}日"
    phase = calendar.phase(turn.now)
    if phase == "after":
        said = f"不能了，这轮活动已在 {until} 结束，不再发券，也不能再用券；有没有新一轮，文件没有写。"
    elif phase == "before":
        begins = drops.how_it_stands(calendar, seen, turn.now)
        said = f"活动还没开始。{begins}有了券，活动到 {until} 为止都能补。"
    elif usable is None and coming is None:
        last = calendar.valid_until(calendar.drops()[-1].date())
        said = (
            f"不能了：最后一场的券用到 {wording.last_moment(last)}，都已过期；"
            f"到 {until} 活动截止，也不再发券。"
        )
    else:
        used = ""
        if usable is not None:
            last_use = wording.last_moment(calendar.valid_until(usable.date()))
            used = f"{usable.month}月{usable.day}日 发的券可以用到 {last_use}。"
        stands = drops.how_it_stands(calendar, seen, turn.now)
        said = f"还能，有券就能补。{used}{stands}活动到 {until} 截止，资金先用完就提前停。"
    return Reply(
        said,
        "answer",
        citations=(pack.citation(calendar.cites_last_day, turn.now), pack.citation(calendar.cites, turn.now)),
        suggestions=("怎么领券",),
        actions=(Action("drop", "看发券场次"),),
    )


async def say_family_cap(turn: Turn) -> Reply:
    pack = turn.policy.library.pack(turn.place)
    rule, people = pack.rules.subsidy(turn.today), _at_most_for(turn.text)
    if rule is None or people is None:
        return turn.policy.decline(turn.region)
    total = wording.money(rule.person_cap_yuan * people * 100)
    return Reply(
        f"每人最高补 {rule.person_cap_yuan} 元，{people} 个人合起来最高 {total}。"
        f"要各自实名、各自领券，单件最高 {rule.item_cap_yuan} 元。",
        "quote",
        citations=(pack.citation(rule.cites, turn.now),),
        actions=(Action("quote", "算一算补贴"),),
    )


async def say_fund_reach(turn: Turn) -> Reply:
    pack = turn.policy.library.pack(turn.place)
    rule, money, unit = (
        pack.rules.subsidy(turn.today),
        pack.rules.fund(turn.today),
        _HOW_FAR.search(turn.text),
    )
    if rule is None or money is None or unit is None:
        return turn.policy.decline(turn.region)
    each = rule.person_cap_yuan if unit.group(1) == "人" else rule.item_cap_yuan
    return Reply(
        f"资金共 {money.total_yuan} 元。都按最高 {each} 元算，"
        f"够 {money.total_yuan // each} {unit.group(1)}领满；"
        "实际多数人领不到最高，能补的会更多。先到先得，用完为止。",
        "quote",
        citations=(pack.citation(money.cites, turn.now), pack.citation(rule.cites, turn.now)),
    )


async def say_window(turn: Turn) -> Reply:
    """Whether the programme still runs at the time somebody names."""
    pack = turn.policy.library.pack(turn.place)
    calendar = pack.rules.calendar(turn.today)
    if calendar is None:
        return turn.policy.decline(turn.region)
    first, last = calendar.first_drop, calendar.last_day
    until = f"{last.year}年{last.month}月{last.day}日"
    when = _month_meant(turn.text, calendar)
    if calendar.phase(turn.now) == "after":
        answer = f"没有了，这轮活动已在 {until} 结束，不再发券，也不能再用券；有没有新一轮，文件没有写。"
    elif when is None or when > last:
        answer = f"没有了。活动到 {until} 截止，那以后不发券，也不能再用券；有没有新一轮，文件没有写。"
    elif when < date(first.year, first.month, 1):
        answer = f"那时还没有：活动从 {first.month}月{first.day}日 第一次发券开始，到 {until} 截止。"
    else:
        start = f"{first.month}月{first.day}日"
        given = [f"{drop.month}月{drop.day}日" for drop in calendar.drops() if drop.month == when.month]
        drops_then = f"那个月发券的是 {'、'.join(given)} {calendar.opens:%H:%M}。" if given else ""
        answer = f"那时活动还没结束：从 {start} 到 {until}，有券才能补；资金先用完就提前停。{drops_then}"
    citations = (pack.citation(calendar.cites_last_day, turn.now), pack.citation(calendar.cites, turn.now))
    return Reply(answer, "answer", citations=citations, actions=(Action("drop", "看发券场次"),))


def _month_meant(text: str, calendar: CalendarRule) -> date | None:
    """The first day of the month a text names, in the programme's year; None for what lies beyond it."""
    if _LATER.search(text):
        return None
    said, holiday = _MONTH.search(text), _HOLIDAY.search(text)
    month = days.number(said.group(1)) if said else _HOLIDAYS[holiday.group()] if holiday else None
    if month is None or not 1 <= month <= 12:
        return None
    return date(calendar.first_drop.year, month, 1)


def _at_most_for(text: str) -> int | None:
    """For how many people the most is asked; None where something else is asked."""
    if _AT_MOST.search(text) is None or amounts(text):
        return None
    members = _FAMILY.search(text)
    if members:
        return days.number(members.group(1) or members.group(2))
    return 2 if _COUPLE.search(text) else None


family = Skill(name="quote", wanted=family_cap, finish=say_family_cap, needs_region=True)
fund = Skill(name="quote", wanted=fund_reach, finish=say_fund_reach, needs_region=True)
still = Skill(name="answer", wanted=asks_whether_still, finish=say_whether_still, needs_region=True)
window = Skill(name="answer", wanted=outside_question, finish=say_window, needs_region=True)
