"""Which day somebody means: 明天, 这周六, 下周二, 9月3号, 三号, 09-03, 国庆."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FAR = timedelta(days=183)  # a day without a year that lies further back than this is meant for next year
RELATIVE = {
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "今": 0,
    "明": 1,
    "大后天": 3,
    "后天": 2,
    "后日": 2,
}
WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
HOLIDAYS = {"国庆": (10, 1), "元旦": (1, 1), "五一": (5, 1), "劳动节": (5, 1)}
DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
NUMBER = r"(\d{1,2}|[零〇一二两三四五六七八九十廿]{1,3})"

_RELATIVE = re.compile(r"大前天|前天|昨天|昨日|大后天|后天|后日|今(?:天|日|儿|晚|早)|明(?:天|日|儿|晚|早)")
_IN_DAYS = re.compile(NUMBER + r"(?:天|日)(?:之?后|以后)")
_WEEKDAY = re.compile(r"(下下个?|下个?|这个?|本|上上个?|上个?)?(?:周|星期|礼拜)([一二三四五六日天末])(?!期)")
_FULL = re.compile(r"(?<!\d)(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)[日号]?")
_MONTH_DAY = re.compile(NUMBER + r"月(?:份)?" + NUMBER + r"(?:[日号](?!楼|院|线))?")
_DASHED = re.compile(r"(?<![\d.\-/元块])(\d{1,2})[-/](\d{1,2})(?![\d.\-/]|号?[楼栋幢室元块])")
_DAY_ALONE = re.compile(
    r"(?<![\d第.路街巷道弄村苑园区里坊楼院城庄月])"
    + NUMBER
    + r"[号日](?!楼|院|线|门|单元|店|栋|幢|房|库|仓|内|之内|\d)"
)
_HOLIDAY = re.compile("|".join(HOLIDAYS))
_OF_NEXT_MONTH = re.compile(r"下个?月" + NUMBER + r"[日号]")
_MONTH_END = re.compile(
    r"(?:(这个?|本|下个?)月|(?<![\d上下])" + NUMBER + r"月(?:份)?|(?<![年个\d])月)(?:底|末|尾)"
)
_IN_WEEKS = re.compile(NUMBER + r"个?(?:周|星期|礼拜)(?:之?后|以后)")
_NOT_THAT = re.compile(r"不是|不行|不要|不方便|没空|改|换")
_WITHOUT_DAY = re.compile(r"(下下?个?|这个?|本)(周|星期|礼拜)(?![一二三四五六日天末])")


class Unclear(Exception):
    """What was said cannot be meant; str() is the kind sentence to say so."""


@dataclass(frozen=True, slots=True)
class Named:
    """A day that stands in a text."""

    day: date
    start: int
    said: str


def day(text: str, today: date) -> date | None:
    """The day somebody asks for; `Unclear` where there is no such day or it has passed."""
    named = _meant(text, today)
    if named is None:
        if _WITHOUT_DAY.search(text):
            raise Unclear("请说具体是哪一天，比如下周二。")
        return None
    if named.day < today:
        raise Unclear(f"「{named.said}」是{named.day.month}月{named.day.day}日，已经过去了，请换一天。")
    return named.day


def any_day(text: str, today: date) -> date | None:
    """The day a text talks about, also one that has passed; None where there is none."""
    try:
        named = _meant(text, today)
    except Unclear:
        return None
    return named.day if named else None


def impossible(text: str, today: date) -> str | None:
    """The kind sentence for a day that does not exist, None where every day that is named does."""
    try:
        _meant(text, today)
    except Unclear as unclear:
        return str(unclear)
    return None


def days_named(text: str, today: date) -> list[date]:
    """Every day that stands in a text, in order."""
    try:
        return [named.day for named in sorted(_all(text, today), key=lambda named: named.start)]
    except Unclear:
        return []


def _meant(text: str, today: date) -> Named | None:
    """The first day named, or the last one where somebody corrects themselves (明天不行，后天)."""
    found = sorted(_all(text, today), key=lambda named: named.start)
    if not found:
        return None
    return found[-1] if _NOT_THAT.search(text) else found[0]


def _all(text: str, today: date) -> list[Named]:
    """Every day in the text; a piece read one way is not read another way again."""
    taken: list[tuple[int, int]] = []
    found: list[Named] = []
    for pattern, read in _READERS:
        for match in _free(pattern, text, taken):
            meant = read(match, today)
            if meant is not None:
                taken.append(match.span())
                found.append(Named(meant, match.start(), match.group()))
    return found


def _free(pattern: re.Pattern[str], text: str, taken: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    for match in pattern.finditer(text):
        if all(match.end() <= start or end <= match.start() for start, end in taken):
            yield match


def _relative(match: re.Match[str], today: date) -> date | None:
    said = match.group()
    offset = RELATIVE.get(said, RELATIVE.get(said[0]))
    return None if offset is None else today + timedelta(days=offset)


def _in_days(match: re.Match[str], today: date) -> date | None:
    count = number(match.group(1))
    return None if count is None else today + timedelta(days=count)


def _weekday(match: re.Match[str], today: date) -> date | None:
    which, name = match.groups()
    monday = today - timedelta(days=today.weekday())
    wanted = monday + timedelta(days=WEEKDAYS[name])
    if which is None:
        return wanted if wanted >= today else wanted + timedelta(days=7)
    return wanted + timedelta(days=7 * (which.count("下") - which.count("上")))


def _full(match: re.Match[str], today: date) -> date | None:
    year, month, day_of_month = (int(part) for part in match.groups())
    return _real(year, month, day_of_month)


def _month_day(match: re.Match[str], today: date) -> date | None:
    month, day_of_month = number(match.group(1)), number(match.group(2))
    if month is None or day_of_month is None:
        return None
    in_a_leap_year = (month, day_of_month) == (2, 29) and isleap(today.year + 1)
    meant = _real(today.year + in_a_leap_year, month, day_of_month)
    if today - meant > FAR:
        return _real(meant.year + 1, month, day_of_month)
    return meant


def _dashed(match: re.Match[str], today: date) -> date | None:
    if not 1 <= int(match.group(1)) <= 12:
        return None
    return _month_day(match, today)


def _day_alone(match: re.Match[str], today: date) -> date | None:
    wanted = number(match.group(1))
    if wanted is None or wanted > 39:
        return None
    if not 1 <= wanted <= 31:
        raise Unclear(f"没有「{match.group()}」这一天，请再说一次日期。")
    year, month = today.year, today.month
    for _ in range(3):  # the next month that has this day and has not passed it
        try:
            meant = date(year, month, wanted)
        except ValueError:
            meant = None
        if meant is not None and meant >= today:
            return meant
        year, month = _month_after(date(year, month, 1))
    return None


def _of_next_month(match: re.Match[str], today: date) -> date | None:
    wanted = number(match.group(1))
    return None if wanted is None else _real(*_month_after(today), wanted)


def _month_end(match: re.Match[str], today: date) -> date | None:
    """The last day of a month: 月底, 这个月底, 下月底, 9月底."""
    which, named = match.groups()
    month = number(named) if named else None
    if named and (month is None or not 1 <= month <= 12):
        return None
    if month is not None:
        begun = date(today.year + (month < today.month), month, 1)
    else:
        begun = date(*_month_after(today), 1) if which and "下" in which else today
    return date(*_month_after(begun), 1) - timedelta(days=1)


def _month_after(day: date) -> tuple[int, int]:
    """The year and the month behind the one of a day."""
    return (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)


def _in_weeks(match: re.Match[str], today: date) -> date | None:
    count = number(match.group(1))
    return None if count is None else today + timedelta(days=7 * count)


def _holiday(match: re.Match[str], today: date) -> date | None:
    month, day_of_month = HOLIDAYS[match.group()]
    this_year = date(today.year, month, day_of_month)
    return this_year if this_year >= today else date(today.year + 1, month, day_of_month)


def _real(year: int, month: int, day_of_month: int) -> date:
    if not 1 <= month <= 12:
        raise Unclear(f"没有 {month} 月，请再说一次日期，比如 9月3号。")
    try:
        return date(year, month, day_of_month)
    except ValueError:
        raise Unclear(f"{month} 月没有 {day_of_month} 号，请再说一次日期，比如 9月3号。") from None


def number(said: str) -> int | None:
    """A small number in digits or Chinese: 3, 十二, 二十三, 廿三."""
    if said.isdigit():
        return int(said)
    said = said.replace("廿", "二十")
    if "十" in said:
        tens, _, ones = said.partition("十")
        if (tens and tens not in DIGITS) or (ones and ones not in DIGITS):
            return None
        return (DIGITS[tens] if tens else 1) * 10 + (DIGITS[ones] if ones else 0)
    return DIGITS.get(said)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...] = (
    (_FULL, _full),
    (_OF_NEXT_MONTH, _of_next_month),
    (_MONTH_END, _month_end),
    (_MONTH_DAY, _month_day),
    (_DASHED, _dashed),
    (_IN_DAYS, _in_days),
    (_IN_WEEKS, _in_weeks),
    (_RELATIVE, _relative),
    (_WEEKDAY, _weekday),
    (_DAY_ALONE, _day_alone),
    (_HOLIDAY, _holiday),
)
