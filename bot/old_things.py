"""What somebody says of an old thing: how large, how old, whether it still works."""

from __future__ import annotations

import re
from datetime import date

from bot.days import number
from bot.ports import OldThing

OLDEST = 60  # years; whoever says more means something else

_YEARS = re.compile(
    r"(?:用|买|开|放|住)[^,，。;；\d]{0,4}?(\d{1,2}|[一二两三四五六七八九十]{1,3})年"
    r"|(\d{1,2}|[一二两三四五六七八九十]{1,3})年(?:多)?(?:了|的?[旧老]|前买|以前买|前的)"
)
_BOUGHT_IN = re.compile(r"((?:19|20)\d\d)年?(?:的时候)?(?:买|购|装)")
_BROKEN = re.compile(
    r"坏(?:了|的|掉)|(?:不能|不好|没法|无法)(?:用|使|开机)|用不了|开不了机|报废|故障|漏水"
    r"|不(?:制冷|制热|亮|转|通电|启动|出水|加热|脱水)"
)
_WORKS = re.compile(
    r"(?:还|都|仍)?(?:能|可以)(?:正常)?(?:用|使|开)|没(?:有)?(?:坏|毛病|问题)|好好的|是好的|完好|正常"
)
_LARGE = re.compile(r"大(?:号|型|尺寸|屏|容量)|(?:双|对|三|多)开门|比较大|很大|大的")
_SMALL = re.compile(r"小(?:号|型|尺寸|屏|容量)|单门|迷你|比较小|很小|小的")
_MEDIUM = re.compile(r"中(?:号|型|等)|不大不小")


def described(category: str, text: str, today: date) -> OldThing:
    """All that a message says of a thing of this category."""
    told = text.replace("能不能", "")  # who asks has not said
    works = False if _BROKEN.search(told) else True if _WORKS.search(told) else None
    return OldThing(category, size=_size(text), age_years=_age(text, today), works=works)


def _size(text: str) -> str | None:
    said = [
        size
        for size, words in (("large", _LARGE), ("small", _SMALL), ("medium", _MEDIUM))
        if words.search(text)
    ]
    return said[0] if len(said) == 1 else None


def _age(text: str, today: date) -> int | None:
    """In whole years; from the year of the purchase where that is said."""
    if (bought := _BOUGHT_IN.search(text)) is not None:
        age = today.year - int(bought[1])
        return age if 0 <= age <= OLDEST else None
    said = _YEARS.search(text)
    years = number(said[1] or said[2]) if said else None
    return years if years is not None and years <= OLDEST else None
