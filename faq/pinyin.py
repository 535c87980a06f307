"""Reads what is typed in Latin letters by its sound: bu tie duo shao is 补贴多少."""

from __future__ import annotations

import re
from collections.abc import Iterable

from faq.sounds import LONGEST, sounds, syllables

MOST_LETTERS = 80
_FEWEST_SYLLABLES = 3  # what is shorter is as often a name or a word of another language
_LONGEST_SYLLABLE = 6
_LATIN = re.compile(r"[a-z\d\s,.?!']*[a-z]{2}[a-z\d\s,.?!']*")
_RUN = re.compile(r"[a-z' ]*[a-z]")
_Way = tuple[float, int, str]  # what a reading costs, how many syllables it has, what it says


class Pinyin:
    """Knows words by the way they are typed; of those that sound alike the first one counts."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[tuple[str, ...], tuple[int, str]] = {}
        for rank, word in enumerate(dict.fromkeys(words)):
            if len(word) <= LONGEST:
                for sound in sounds(word):
                    self._words.setdefault(sound, (rank, word))

    def read(self, text: str) -> str | None:
        """The message in characters; None where it is none in Latin letters, or not every sound is a word."""
        if len(text) > MOST_LETTERS or _LATIN.fullmatch(text) is None:
            return None
        heard = [self._heard(run) for run in _RUN.findall(text)]
        if None in heard or sum(way[1] for way in heard if way) < _FEWEST_SYLLABLES:
            return None
        rest = iter(way[2] for way in heard if way)
        return _RUN.sub(lambda _: next(rest), text).strip()

    def _heard(self, run: str) -> _Way | None:
        """The reading with the fewest words, and among those the one with the most common words."""
        known = syllables()
        best: dict[int, dict[tuple[str, ...], _Way]] = {0: {(): (0.0, 0, "")}}
        for at in range(len(run)):
            for open_sounds, (cost, count, said) in list(best.get(at, {}).items()):
                if run[at] in " '":
                    _keep(best, at + 1, open_sounds, (cost, count, said))
                    continue
                for end in range(at + 1, min(at + _LONGEST_SYLLABLE, len(run)) + 1):
                    if run[at:end] not in known or len(open_sounds) == LONGEST:
                        continue
                    now = (*open_sounds, known[run[at:end]])
                    _keep(best, end, now, (cost, count + 1, said))
                    if now in self._words:
                        rank, word = self._words[now]
                        _keep(best, end, (), (cost + 1 + rank * 1e-5, count + 1, said + word))
        return best.get(len(run), {}).get(())


def _keep(best: dict[int, dict[tuple[str, ...], _Way]], at: int, state: tuple[str, ...], way: _Way) -> None:
    """Remembers a way to read up to here, if it is the cheapest one in this state."""
    ways = best.setdefault(at, {})
    if state not in ways or way < ways[state]:
        ways[state] = way
