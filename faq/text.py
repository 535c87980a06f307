"""One way to write what people type: simplified, half-width, slips mended."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC

from faq import vocabulary
from faq.names import Rewriting

_SPACES = re.compile(r"\s+")
_SPACE_BESIDE_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")
_REPEATED_MARK = re.compile(r"([?!,.;:~。、])\1+")
_MARKS = str.maketrans("“”‘’「」【】～", '""\'\'""[]~')


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The text as it would stand in a file of ours; plain twice is plain once."""
    tidy = _SPACES.sub(" ", unicodedata.normalize("NFKC", text).translate(_MARKS)).strip()
    tidy = _SPACE_BESIDE_CHINESE.sub("", _simplified(tidy).lower())
    tidy = _REPEATED_MARK.sub(r"\1", tidy)
    return _mended()(tidy)


def _simplified(text: str) -> str:
    if text.isascii():
        return text
    return str(_converter().convert(text))


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _mended() -> Rewriting:
    return Rewriting(vocabulary.read().slips)
