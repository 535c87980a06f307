"""What a field of a subscribe message may hold, by its type: texts are cut to fit, the rest is checked."""

import re

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


class DoesNotFit(ValueError):
    """A value that WeChat would refuse in this field."""


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


def reply_of(text: str) -> str:
    """A customer-service text as it may be sent: no links that a person wrote, and not too long."""
    plain = text.replace("<", "＜").replace(">", "＞")
    written = plain.encode()
    if len(written) <= LONGEST_REPLY:
        return plain
    return written[: LONGEST_REPLY - len("…".encode())].decode(errors="ignore") + "…"


def _one_line(value: str) -> str:
    """Without control characters and line breaks, which WeChat refuses in every field."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", value).split())


def _cut(value: str, longest: int) -> str:
    return value if len(value) <= longest else value[: longest - 1].rstrip() + "…"
