"""Finds the answer to a question: lexical retrieval over the askings, re-ranked, with a verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rapidfuzz import fuzz

from faq.packs import Answer, Library
from faq.placeholders import PATTERN
from faq.retrieval import Index, pieces
from faq.wording import THING, Normaliser, Wording
from faq.words import WordCutter

Verdict = Literal["answer", "suggest", "none"]

# Where right answers begin to outweigh wrong ones, over questions with an answer and questions without.
ANSWER_FROM = 0.38
SUGGEST_FROM = 0.27

# What a score is made of: how like the best asking, and how much of the question the answer knows at all.
_LEXICAL, _ORDER, _WORDS_KNOWN, _PAIRS_KNOWN = 0.15, 0.20, 0.36, 0.29
_OTHER_ASPECT = 0.05  # taken off where one asks who and the other when
_LIGHT = 0.25
_CANDIDATES = 40
_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What the matcher makes of a question."""

    best: Answer | None
    region: str | None
    confidence: float
    verdict: Verdict
    others: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, and every word and pair of characters in its askings and its own words."""

    answer: Answer
    words: frozenset[str]
    pairs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Asking:
    wording: Wording
    belongs_to: _Known


class Matcher:
    """All askings of a library, ready to be searched; made once, then only read."""

    def __init__(self, library: Library, cache_folder: Path) -> None:
        self._library = library
        self._cutter = WordCutter(_terms(library), cache_folder)
        self._normaliser = Normaliser(library)
        light_words = frozenset(library.vocabulary.light_words)
        light_pieces = frozenset(piece for word in light_words for piece in pieces(word))
        self._by_pieces = Index(lambda piece: _LIGHT if piece in light_pieces else 1.0)
        self._by_words = Index(lambda word: _LIGHT if word in light_words else 1.0)
        self._askings: list[_Asking] = []
        for pack in library.packs.values():
            for answer in pack.answers:
                self._learn(answer)
        self._by_pieces.build()
        self._by_words.build()

    def _learn(self, answer: Answer) -> None:
        wordings = [self._normaliser.wording(asking) for asking in answer.asks]
        cut = [self._words(wording) for wording in wordings]
        said = self._normaliser.wording(PATTERN.sub("", answer.says))
        known = _Known(
            answer,
            words=frozenset(self._words(said)).union(*cut),
            pairs=frozenset(pieces(said.text, (2,))).union(*(pieces(each.text, (2,)) for each in wordings)),
        )
        for wording, words in zip(wordings, cut, strict=True):
            number = len(self._askings)
            self._askings.append(_Asking(wording, known))
            self._by_pieces.add(answer.region, number, pieces(wording.text), owner=answer)
            self._by_words.add(answer.region, number, words, owner=answer)

    def find(self, text: str, region: str | None) -> Found:
        """The answer to a question; a place named in it wins over the region handed over."""
        named = self._library.region_named_in(text)
        if named is None and self._library.foreign_place_in(text) is not None:
            return Found(None, None, 0.0, "none", ())
        here = named or region
        regions = list(self._library.packs) if here is None else [here]
        ranked = self._ranked(self._normaliser.wording(text), regions)
        if not ranked:
            return Found(None, here, 0.0, "none", ())
        best, confidence = ranked[0]
        others = tuple(answer for answer, score in ranked[1 : 1 + _OTHERS] if score >= SUGGEST_FROM)
        return Found(best, best.region, confidence, _verdict(confidence), others)

    def _ranked(self, question: Wording, regions: Sequence[str]) -> list[tuple[Answer, float]]:
        """The likeliest answers, best first, each with its score from 0 to 1."""
        words, pairs = self._words(question), pieces(question.text, (2,))
        scores: dict[int, tuple[float, Answer]] = {}
        for likeness, asking in self._likely(question, words, regions):
            known = asking.belongs_to
            score = (
                _LEXICAL * likeness
                + _ORDER * fuzz.ratio(question.text, asking.wording.text) / 100
                + _WORDS_KNOWN * self._by_words.share(words, known.words)
                + _PAIRS_KNOWN * self._by_pieces.share(pairs, known.pairs)
                - _OTHER_ASPECT * len(question.aspects ^ asking.wording.aspects)
            )
            score = min(1.0, max(0.0, score))
            if score > scores.get(id(known), (-1.0, None))[0]:
                scores[id(known)] = (score, known.answer)
        ranked = sorted(scores.values(), key=lambda each: -each[0])
        return [(answer, score) for score, answer in ranked]

    def _likely(
        self, question: Wording, words: Sequence[str], regions: Collection[str]
    ) -> list[tuple[float, _Asking]]:
        """The askings worth a closer look: the sum of both retrievals, likest first."""
        by_pieces = self._by_pieces.likeness(pieces(question.text), regions)
        by_words = self._by_words.likeness(words, regions)
        likest = sorted(
            ((likeness + by_words.get(number, 0.0)) / 2, number) for number, likeness in by_pieces.items()
        )
        return [(likeness, self._askings[number]) for likeness, number in likest[: -_CANDIDATES - 1 : -1]]

    def _words(self, wording: Wording) -> list[str]:
        return self._cutter.cut(wording.text) + [f"{THING}{thing}" for thing in wording.things]


def _verdict(confidence: float) -> Verdict:
    if confidence >= ANSWER_FROM:
        return "answer"
    return "suggest" if confidence >= SUGGEST_FROM else "none"


def _terms(library: Library) -> Iterable[str]:
    yield THING
    yield from library.vocabulary.words
    yield from library.categories.words()
    for pack in library.packs.values():
        yield from (pack.name, pack.short, *pack.aliases)
        for clause in pack.clauses.values():
            yield from clause.lead
