"""Finds words in a text, or puts others in their place: the longest that fits, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NOTHING = re.compile(r"(?!)")
_LOOKS_BACK = re.compile(r"^\(\?<[!=][^)]*\)")


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of the words, longer ones first; Latin words only where they stand alone."""
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    if not longest_first:
        return _NOTHING
    firsts = re.escape("".join(sorted({word[0] for word in longest_first})))
    return re.compile(f"(?=[{firsts}])(?:{'|'.join(map(_standing, longest_first))})")


def _standing(word: str) -> str:
    before = r"(?<![a-z])" if _is_latin(word[0]) else ""
    after = r"(?![a-z])" if _is_latin(word[-1]) else ""
    return before + re.escape(word) + after


def _firsts(pattern: str) -> set[str]:
    """The characters a pattern may begin with: a look at them spares most places of a text the whole list."""
    begins = _LOOKS_BACK.sub("", pattern)
    return set(begins[1 : begins.index("]")]) if begins[0] == "[" else {begins[0]}


def _is_latin(character: str) -> bool:
    return "a" <= character.lower() <= "z"


class Rewriting:
    """Replaces whatever one of several patterns finds by the word meant, in one pass."""

    def __init__(self, meant_by_pattern: Mapping[str, str]) -> None:
        patterns = sorted(meant_by_pattern, key=lambda pattern: (-len(pattern), pattern))
        names = {pattern: _name_of(pattern, n) for n, pattern in enumerate(patterns)}
        self._meant = {name: meant_by_pattern[pattern] for pattern, name in names.items()}
        every = "|".join(
            pattern if name == pattern else f"(?P<{name}>{pattern})" for pattern, name in names.items()
        )
        firsts = "".join(sorted(set().union(*map(_firsts, patterns))))
        self._pattern = re.compile(f"(?=[{re.escape(firsts)}])(?:{every})") if every else _NOTHING

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._meant[found.lastgroup or found.group()], text)


def _name_of(pattern: str, number: int) -> str:
    """What tells that a pattern was found: a group of its own, or its text where that is all it finds.

    A plain word outside any group is passed over by its first character alone, which is much quicker.
    """
    return pattern if re.escape(pattern) == pattern else f"p{number}"
