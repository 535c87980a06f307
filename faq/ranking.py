"""Ranks whatever can be asked for by how well it fits a question; knows no policy and no document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from faq.retrieval import Index, Scores, pairs
from faq.wording import THING, Wording
from faq.words import WordCutter

# What a score is made of (DECISIONS 11 tells how the shares were found). Words and pairs of characters count
# twice: how like all askings of a candidate together, and how much of the question it knows at all.
_WORDS_ALIKE, _WORDS_KNOWN = 0.215, 0.30
_PAIRS_ALIKE, _PAIRS_KNOWN = 0.14, 0.15
_ORDER = 0.325  # the likest single asking, character by character
_OTHER_ASPECT = 0.15  # taken off where one asks who and the other when
_WORD_FOR_WORD = 0.1  # added where it is asked just as it is written down
_LIGHT = 0.25
_LOOKED_AT = 20  # candidates whose askings are read one by one
_NOBODY = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to be found: where it belongs, how it is asked for, what it says itself."""

    shelf: str
    askings: tuple[Wording, ...]
    said: Wording | None = None


class Ranker:
    """Candidates ready to be searched; made once, then only read."""

    def __init__(
        self, candidates: Sequence[Candidate], cutter: WordCutter, light_words: Iterable[str]
    ) -> None:
        self._askings = [frozenset(candidate.askings) for candidate in candidates]
        self._by_aspects = [_by_aspects(candidate.askings) for candidate in candidates]
        self._cutter = cutter
        light = frozenset(light_words)
        texts = [_texts(candidate) for candidate in candidates]
        self._by_words = Index([[self._words(text) for text in of] for of in texts], _heeding(light))
        light_pairs = frozenset(pair for word in light for pair in pairs(word))
        self._by_pairs = Index([[pairs(text.text) for text in of] for of in texts], _heeding(light_pairs))
        shelves = np.array([candidate.shelf for candidate in candidates])
        self._on_shelf = {str(shelf): np.flatnonzero(shelves == shelf) for shelf in np.unique(shelves)}

    def ranked(self, question: Wording, shelves: Iterable[str]) -> list[tuple[int, float]]:
        """The likeliest candidates of the shelves, by number, best first, with their scores: 1 is certain."""
        here = np.concatenate([_NOBODY, *(self._on_shelf.get(shelf, _NOBODY) for shelf in shelves)])
        fits = self._fits(question)[here]
        if len(here) > _LOOKED_AT:
            likest = np.argpartition(fits, -_LOOKED_AT)[-_LOOKED_AT:]
            here, fits = here[likest], fits[likest]
        ranked = [
            (number, fit + self._nearest(question, number))
            for number, fit in zip(here.tolist(), fits.tolist(), strict=True)
            if fit > 0
        ]
        return sorted(ranked, key=lambda each: (-each[1], each[0]))

    def words(self) -> Iterable[str]:
        """Every word of all texts, the most common first."""
        return self._by_words.terms()

    def has_heard(self, question: Wording) -> bool:
        """Whether every word of a question, but for single characters, stands in some text."""
        return all(word in self._by_words for word in self._cutter.cut(question.text) if len(word) > 1)

    def _fits(self, question: Wording) -> Scores:
        by_words = self._by_words.fit(self._words(question), likeness=_WORDS_ALIKE, share=_WORDS_KNOWN)
        return by_words + self._by_pairs.fit(pairs(question.text), likeness=_PAIRS_ALIKE, share=_PAIRS_KNOWN)

    def _nearest(self, question: Wording, number: int) -> float:
        """What the likest asking of a candidate adds to its score."""
        nearest = max(
            _ORDER * process.extractOne(question.text, texts, scorer=fuzz.ratio)[1] / 100
            - _OTHER_ASPECT * len(question.aspects ^ aspects)
            for aspects, texts in self._by_aspects[number]
        )
        return nearest + _WORD_FOR_WORD if question in self._askings[number] else nearest

    def _words(self, wording: Wording) -> list[str]:
        return self._cutter.cut(wording.text) + [f"{THING}{thing}" for thing in wording.things]


def _texts(candidate: Candidate) -> list[Wording]:
    return [*candidate.askings, *([candidate.said] if candidate.said else [])]


def _by_aspects(askings: Iterable[Wording]) -> list[tuple[frozenset[str], list[str]]]:
    """The texts of askings, those about the same together: so they are compared in few calls."""
    texts: dict[frozenset[str], list[str]] = defaultdict(list)
    for asking in askings:
        texts[asking.aspects].append(asking.text)
    return list(texts.items())


def _heeding(light: frozenset[str]) -> Callable[[str], float]:
    return lambda term: _LIGHT if term in light else 1.0
