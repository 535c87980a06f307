"""What WeChat accepts as the value of a subscribe message's field, by the field's type."""

import re

_HOUR = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAY = (
    r"(?:\d{4}-\d{1,2}(?:-\d{1,2})?|\d{4}/\d{1,2}(?:/\d{1,2})?|\d{4}\.\d{1,2}(?:\.\d{1,2})?"
    r"|\d{1,2}[-/]\d{1,2}|\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日)"
)
_TIME = rf"(?:{_DAY} ?)?{_HOUR}"
_DATE = rf"{_DAY}(?: ?{_HOUR})?"
_CHINESE = r"[\u3400-\u9fff]"

SHAPES = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,33}$)-?\d+(?:\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"{_TIME}(?: ?~ ?{_TIME})?"),
    "date": re.compile(rf"{_DATE}(?: ?~ ?{_DATE})?"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-() ]{1,17}"),
    "car_number": re.compile(rf"[A-Z0-9\u3400-\u9fff][A-Z0-9]{{1,6}}(?:[A-Z0-9]|{_CHINESE})?"),
    "name": re.compile(rf"(?=.*{_CHINESE}).{{1,10}}|[^\u3400-\u9fff]{{1,20}}"),
    "phrase": re.compile(rf"{_CHINESE}{{1,5}}"),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_accepted(field: str, value: str) -> bool:
    """Whether this value may stand in a field such as `thing1`; lengths are counted in characters."""
    shape = SHAPES[field.rstrip("0123456789")]
    return not _CONTROL.search(value) and shape.fullmatch(value) is not None
