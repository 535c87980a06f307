"""Amounts of money as people write them: 5200, 5,200元, 五千二, 1.2万, 3千9, 4k, 一百块."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = {"〇": 0, "两": 2, **{character: digit for digit, character in enumerate("零一二三四五六七八九")}}
_PLACES = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_CHINESE = "零〇一二两三四五六七八九十百千万"
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_LOWEST_BARE_YUAN = 100  # a smaller number without 元 is a count, a size or a day

_NUMBER = re.compile(
    rf"""
    (?P<sign>[¥￥]\s?)?
    (?P<number>
        \d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?                 # 5,200.50
      | \d+(?:\.\d+)?(?:[万千百wk]零?\d{{0,4}}(?![\d.]))? # 5200  1.2万  3千9  1万零800  4k
        (?:[千百]\d?(?![\d.]))?                         # 1万2千
      | (?:(?!(?<=.)一[台件个套张部共起样总])[{_CHINESE}])+  # 八千八 in 一台八千八一台九千九
    )
    (?P<unit>\s?(?:元|块|圆|rmb|人民币)(?!石)(?:钱|整)?)?
    (?P<dime>(?!一[块共起样台件个套张部])[\d一二两三四五六七八九](?:[毛角](?:[\d一二两三四五六七八九]分?)?)?)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What stands behind a number that is no money: counts, sizes, dates, grades, shares, other units.
_NOT_MONEY_BEHIND = re.compile(
    r"\s?(?:个|台|件|张|套|只|次|人|位|户|家|年|月|日|号|天|周|点|分钟|小时|时|级|寸|吋|英寸|匹|升|l\b|公斤|斤|kg|g|瓦|度|平|米|cm|mm|m|"
    r"楼|层|栋|幢|室|单元|岁|%|％|折|倍|成|部|场|批|期|条|页|版|款|门|双|系|型|p\b|hz|mah|:|/\d|-\d|[a-z])",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"一块(?=儿|买|换|算|下单|付|拿|减|补|来|去|办|弄|结|领|用|打包)")  # and not one yuan
_RESOLUTION_BEHIND = re.compile(r"\s?(?:高清|超清|屏|电视|分辨率|画质|显示)")
_YEAR = re.compile(r"20(?:1[5-9]|2\d)")
_TWO_YEARS = re.compile(r"(?<!\d)20[12]\d[、和与跟及到至~-]20[1-3]\d(?!\d|[元块]|[两几三]?[台件个套张])")
_OF_A_YEAR_BEHIND = re.compile(r"家电|家居|以旧换新|国补|补贴(?:政策|标准|活动)|消费券|政策|活动")
_OF_A_YEAR_BEFORE = re.compile(r"(?:日期|截止|截止时间|政策|活动|标准|以旧换新)$")
_CODE_BEFORE = re.compile(r"(?:[a-z0-9]-?|\d[-/:.]|第|前|[几数上好]|农历)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money named in a text, and where."""

    fen: int
    start: int
    end: int


def amounts(text: str) -> list[Amount]:
    """The amounts a text names, left to right; numbers that are plainly something else are left alone."""
    return list(_found_in(_half_width(text)))


def _found_in(text: str) -> Iterator[Amount]:
    for found in _NUMBER.finditer(text):
        fen, end = _fen(found, text)
        if fen is not None:
            yield Amount(fen, found.start(), end)


def _fen(found: re.Match[str], text: str) -> tuple[int | None, int]:
    number, marked = found["number"], bool(found["sign"] or found["unit"])
    end = found.end("unit") if found["unit"] else found.end("number")
    yuan = _chinese(number) if number[0] in _CHINESE else _written(number)
    if yuan is None or _CODE_BEFORE.search(text[: found.start()]) or _TOGETHER.match(text, found.start()):
        return None, end
    behind = text[end:]
    if not marked and (_is_year(number, text, found) or not _is_bare_price(number, yuan, behind)):
        return None, end
    if found["unit"] and found["dime"]:
        yuan, end = yuan + _dimes(found["dime"]), found.end("dime")
    return int(yuan * 100), end


def _is_year(number: str, text: str, found: re.Match[str]) -> bool:
    """Whether a number names a year though no 年 stands behind: 2024家电补贴政策, 2025和2027的目标."""
    if _YEAR.fullmatch(number) is None:
        return False
    if any(pair.start() <= found.start() < pair.end() for pair in _TWO_YEARS.finditer(text)):
        return True
    before, behind = text[: found.start()], text[found.end("number") :]
    return _OF_A_YEAR_BEHIND.match(behind) is not None or _OF_A_YEAR_BEFORE.search(before) is not None


def _is_bare_price(number: str, yuan: Decimal, behind: str) -> bool:
    """Whether a number without 元 is meant as a price."""
    if yuan < _LOWEST_BARE_YUAN or _NOT_MONEY_BEHIND.match(behind):
        return False
    if number[0] in _CHINESE and not set(number) & set("百千万"):
        return False
    if number[-1] in "kK" and _RESOLUTION_BEHIND.match(behind):
        return False
    return not (number.isdigit() and len(number) > 7)  # a telephone or order number


def _written(number: str) -> Decimal | None:
    """A number written with digits, perhaps with 万, 千, k behind or inside."""
    parts = re.findall(r"([\d.,]+)([万千百wk]?)", number.lower())
    total, place = Decimal(0), 0
    for digits, letter in parts:
        value = Decimal(digits.replace(",", ""))
        if letter:
            place = {"万": 10_000, "w": 10_000, "千": 1000, "k": 1000, "百": 100}[letter]
            if letter in "wk" and value >= 1000:
                return None  # 1500w is a power, 5000k a size
            total += value * place
        elif place and len(digits) == 1 and "零" not in number:
            total += value * place // 10  # 3千9 is 3900
        else:
            total += value
    return total


def _chinese(number: str) -> Decimal | None:
    """A number written in characters; 五千二 is 5200 and 一万零五百 is 10500."""
    if number[0] in "万千百" or not set(number) & (set(_DIGITS) | {"十"}):
        return None
    total, section, digit, place, after_zero = 0, 0, None, 1, False
    for character in number:
        if character in _DIGITS:
            if digit is not None and _DIGITS[character] and digit:
                return None  # 一二三 is no number
            after_zero = after_zero or _DIGITS[character] == 0
            digit = _DIGITS[character]
        elif character == "万":
            if total:
                return None
            total, section, digit, place = (section + (digit or 0)) * 10_000, 0, None, 10_000
            after_zero = False
        else:
            worth = _PLACES[character]
            if place <= worth and section:
                return None
            section, digit, place = section + (1 if digit is None else digit) * worth, None, worth
            after_zero = False
    if digit:
        section += digit if after_zero or place < 100 else digit * place // 10
    return Decimal(total + section)


def _dimes(text: str) -> Decimal:
    """What stands behind 块: 九 or 9毛5 of a yuan."""
    digits = [Decimal(_DIGITS.get(each, each)) for each in text if each in _DIGITS or each.isdigit()]
    return sum((digit / 10**place for place, digit in enumerate(digits, start=1)), Decimal(0))


def _half_width(text: str) -> str:
    """The text with full-width characters narrowed one for one, so that places stay; 壹万 reads 一万."""
    narrowed = "".join(
        narrow if len(narrow := unicodedata.normalize("NFKC", each)) == 1 else each for each in text
    )
    return narrowed.translate(_FORMAL)
