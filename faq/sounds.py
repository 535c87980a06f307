"""Hears what was meant where another character of the same sound was typed: 退获 is 退货, 崇庆 is 重庆."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path

from faq.fields import Fields

FILE = Path(__file__).parent / "data" / "sounds.toml"
LONGEST = 6  # characters of a word that is listened for
MOST_TEXT = 200  # characters of a message that are listened to

# Sounds that many people do not tell apart: zh and z, ing and in, n and l at the beginning.
_ALIKE = ((re.compile("^([zcs])h"), r"\1"), (re.compile("ng$"), "n"), (re.compile("^n(?=[a-z])"), "l"))
# Words of one character that stand everywhere; they are never a slip for something else.
_EVERYWHERE = frozenset(
    "的了是我你您他她它在有和就都也还不没要会能可去来到给买卖换吗呢吧啊呀个这那哪上下里外大小多少几什么怎为谁再又才只把被让从向一二两三四五六七八九十"
)


class Ears:
    """Knows the words of the trade by their sound."""

    def __init__(self, names: Sequence[str], words: Sequence[str], is_a_word: Callable[[str], bool]) -> None:
        """Names are believed more readily than words; of those that sound alike the first one counts."""
        self._is_a_word = is_a_word
        self._names = frozenset(names)
        self._own = self._names.union(words)
        self._by_sound: dict[tuple[str, ...], str] = {}
        for word in (*names, *words):
            if 2 <= len(word) <= LONGEST:
                for sound in sounds(word):
                    self._by_sound.setdefault(sound, word)

    def mended(self, tokens: list[str]) -> str:
        """The text of which these are the words, with the right characters where a word was misspelt."""
        heard: list[str] = []
        at = 0
        while at < len(tokens):
            width, meant = self._slip_at(tokens, at)
            heard.append(meant)
            at += width
        return "".join(heard)

    def _slip_at(self, tokens: list[str], at: int) -> tuple[int, str]:
        """How many words from here are really one, and which; the longest first."""
        for width in range(min(LONGEST, len(tokens) - at), 1, -1):
            written = "".join(tokens[at : at + width])
            if len(written) <= LONGEST and (meant := self._meant_by(written)) is not None:
                return width, meant
        return 1, tokens[at]

    def _meant_by(self, written: str) -> str | None:
        if written in self._own or self._is_a_word(written):
            return None
        for sound in sounds(written):
            meant = self._by_sound.get(sound)
            if meant is not None and self._is_a_slip(written, meant):
                return meant
        return None

    def _is_a_slip(self, written: str, meant: str) -> bool:
        """Whether at most half of the characters differ, none of them a word by itself: 店能 is not 电能."""
        differing = {one for one, other in zip(written, meant, strict=True) if one != other}
        if not differing or len(differing) > len(meant) // 2:
            return False
        if meant in self._names and len(meant) > 2:
            return len(meant) > 3 or not differing & _EVERYWHERE
        return not differing & _EVERYWHERE and (len(meant) > 3 or not differing & self._own)


def sounds(word: str) -> Iterator[tuple[str, ...]]:
    """Every way to read a word; none where a character is not a common one."""
    readings = _readings()
    return product(*(readings.get(character, ()) for character in word))


@cache
def syllables(file: Path = FILE) -> Mapping[str, str]:
    """Every syllable as it is typed in Latin letters, and as it is heard."""
    fields = Fields.of(file)
    heard = {syllable: _folded(syllable) for syllable in fields.names() if fields.text(syllable)}
    fields.done()
    return heard


@cache
def _readings(file: Path = FILE) -> Mapping[str, tuple[str, ...]]:
    fields = Fields.of(file)
    readings: dict[str, tuple[str, ...]] = {}
    for syllable in fields.names():
        sound = _folded(syllable)
        for character in fields.text(syllable):
            readings[character] = (*readings.get(character, ()), sound)
    fields.done()
    return readings


def _folded(syllable: str) -> str:
    for pattern, same in _ALIKE:
        syllable = pattern.sub(same, syllable)
    return syllable
