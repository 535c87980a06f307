"""What a field of a subscribe message may hold, by its type: texts are cut to fit, the rest is checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

ENTRY = "pages/index/index"  # of our mini-program: every link and code leads there, and says where on
LONGEST_REPLY = 2048  # bytes of a customer-service message

_CHINESE = "[\u3400-\u9fff]"
_HOUR = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAY = (
    r"(?:(?:\d{4}年)?\d{1,2}月\d{1,2}日|\d{4}年(?:\d{1,2}月)?"
    r"|\d{4}-\d{1,2}(?:-\d{1,2})?|\d{4}/\d{1,2}(?:/\d{1,2})?|\d{1,2}-\d{1,2})"
)
_TIME, _DATE = rf"(?:{_DAY} ?)?{_HOUR}", rf"{_DAY}(?: ?{_HOUR})?"

ALLOWED = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,32}$)\d+(?:\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"{_TIME}(?: ?~ ?{_TIME})?"),
    "date": re.compile(rf"{_DATE}(?: ?~ ?{_DATE})?"),
    "amount": re.compile(r"[¥￥]?\d{1,10}(?:\.\d{1,2})?元?"),
    "phone_number": re.compile(r"[\d+-]{1,17}"),
    "car_number": re.compile(rf"{_CHINESE}[A-Z0-9]{{5,6}}(?:[A-Z0-9]|{_CHINESE})"),
    "name": re.compile(rf"(?=.*{_CHINESE}).{{1,10}}|[^\u3400-\u9fff]{{1,20}}"),
    "phrase": re.compile(rf"{_CHINESE}{{1,5}}"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A way into our mini-program that stands in a customer-service text: what it says, where it leads."""

    says: str
    path: str


class DoesNotFit(ValueError):
    """A value that WeChat would refuse in this field."""


@lru_cache(maxsize=1024)  # thousands are told of one drop
def fitted(field: str, value: str) -> str:
    """A value as it may stand in a field such as `thing1`. Free text is cut; nothing else is changed."""
    kind, tidy = field.rstrip("0123456789"), _one_line(value)
    if kind not in ALLOWED:
        raise DoesNotFit(f"{field}: no such type of field")
    if kind == "thing":
        tidy = _cut(tidy, 20)
    elif kind == "name":
        tidy = _cut(tidy, 10 if re.search(_CHINESE, tidy) else 20)
    if not ALLOWED[kind].fullmatch(tidy):
        raise DoesNotFit(f"{field}: WeChat would refuse this value")
    return tidy


def reply_of(text: str, appid: str, links: Sequence[Link] = ()) -> str:
    """A customer-service text as it may be sent: our own links alone, below the words, and not too long."""
    plain = text.replace("<", "＜").replace(">", "＞")
    below = "".join(f"\n{_written(link, appid)}" for link in links)
    written, room = plain.encode(), LONGEST_REPLY - len(below.encode())
    if len(written) > room:
        plain = written[: room - len("…".encode())].decode(errors="ignore") + "…"
    return plain + below


def _written(link: Link, appid: str) -> str:
    path = escape(link.path)
    return (
        f'<a href="#" data-miniprogram-appid="{appid}" data-miniprogram-path="{path}">{escape(link.says)}</a>'
    )


def _one_line(value: str) -> str:
    """Without control characters and line breaks, which WeChat refuses in every field."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", value).split())


def _cut(value: str, longest: int) -> str:
    return value if len(value) <= longest else value[: longest - 1].rstrip() + "…"
