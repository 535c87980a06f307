"""What a log must not show, by its shape: the belt. The braces are that nobody passes such things."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

HIDDEN = "***"
TOO_LONG = 10**10  # for an amount: it may be a telephone number
SHORTEST = 8  # characters; nothing shorter has such a shape

_ID = (
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?<![0-9a-fA-F])(?:[0-9a-fA-F]{32}){1,2}(?![0-9a-fA-F])"  # of a request, or a hash of the audit log
    r"|(?<=rid: )[0-9a-f]{8}(?:-[0-9a-f]{8}){2}(?![0-9a-f])"  # of a call, for which WeChat's support asks
)
_NUMBER = r"(?<!\d)\d{17}[\dXx](?![0-9A-Za-z])"  # a citizen's
_PHONE = r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
_OPENID = r"(?<![\w-])o(?=[\w-]*[0-9A-Z])[A-Za-z0-9_-]{25,30}(?![\w-])"
_TOKEN = r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[A-Za-z0-9_-]{43}(?![\w-])"  # noqa: S105  256 bits

_GAP = r"[\s()_.·\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff-]{0,3}"  # between digits, written by hand
_NUMBER_BY_HAND = rf"(?<!\d)\d(?:{_GAP}\d){{16}}{_GAP}[\dXx](?![0-9A-Za-z])"
_PHONE_BY_HAND = rf"(?<!\d)(?:(?:00)?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)"

_BY_HAND = re.compile(f"{_NUMBER_BY_HAND}|{_PHONE_BY_HAND}")
_SHAPE = re.compile(f"(?P<id>{_ID})|{_NUMBER}|{_PHONE}|{_OPENID}|{_TOKEN}")
_SAID = (
    (re.compile(r"(?i)\b(bearer)\s+[^\s\"',;]+"), r"\1 " + HIDDEN),
    (
        re.compile(r"(?i)\b((?:access_|refresh_)?token|secret|session_key|js_code|password)=[^\s&\"']+"),
        rf"\1={HIDDEN}",
    ),
    # PostgreSQL and asyncpg quote a row's values where they refuse them, pydantic what it was given
    (re.compile(r"(DETAIL:\s+).*?(?=\n(?:HINT:|\n|Traceback| {2,}File )|\Z)", re.DOTALL), r"\1" + HIDDEN),
    (re.compile(r"(invalid input for query argument \$\d+: ).*", re.DOTALL), r"\1" + HIDDEN),
    (re.compile(r"(invalid input (?:syntax|value) [^\n\"]*: )\"[^\n]*\""), r"\1" + HIDDEN),
    (re.compile(r"(input_value=).*?(, input_type=)", re.DOTALL), rf"\1{HIDDEN}\2"),
)


def masked(text: str) -> str:
    """The text without telephone and citizen numbers, openids, tokens and quoted rows; ids of ours and of
    WeChat's calls stay, and hashes."""
    if len(text) < SHORTEST:
        return text
    for said, instead in _SAID:
        text = said.sub(instead, text)
    return _SHAPE.sub(lambda found: found["id"] or HIDDEN, text)


def masked_words(text: str) -> str:
    """The same for what people write: also full-width numbers, and those with spaces or dashes within."""
    narrow = "".join(one if len(one := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)
    left, end = "", 0
    for found in _BY_HAND.finditer(narrow):
        left, end = left + text[end : found.start()] + HIDDEN, found.end()
    return masked(left + text[end:])


def masked_value(value: Any) -> Any:
    """The same for what stands in a field: numbers that are amounts stay numbers."""
    if isinstance(value, str):
        return _masked_field(value)
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < TOO_LONG):
        return value
    if isinstance(value, Mapping):
        return {masked(str(name)): masked_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked_value(one) for one in value]
    return _masked_field(str(value))


@lru_cache(maxsize=1024)  # the same routes and words come again and again
def _masked_field(text: str) -> str:
    return masked(text)
