"""Finds the answer to a question: lexical retrieval over the askings, re-ranked, with a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faq.packs import Answer, Library
from faq.placeholders import PATTERN
from faq.ranking import Candidate, Ranker
from faq.wording import THING, Normaliser
from faq.words import WordCutter

Verdict = Literal["answer", "suggest", "none"]

# Where right answers begin to outweigh wrong ones, over questions with an answer and questions without.
ANSWER_FROM = 0.37
SUGGEST_FROM = 0.30

_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What the matcher makes of a question."""

    best: Answer | None
    region: str | None
    confidence: float
    verdict: Verdict
    others: tuple[Answer, ...]


class Matcher:
    """All answers of a library, ready to be searched; made once, then only read."""

    def __init__(self, library: Library, cache_folder: Path) -> None:
        self._library = library
        self._normaliser = Normaliser(library)
        self._answers = [answer for pack in library.packs.values() for answer in pack.answers]
        self._ranker = Ranker(
            [self._candidate(answer) for answer in self._answers],
            WordCutter(_terms(library), cache_folder),
            library.vocabulary.light_words,
        )

    def _candidate(self, answer: Answer) -> Candidate:
        return Candidate(
            answer.region,
            askings=tuple(map(self._normaliser.wording, answer.asks)),
            said=self._normaliser.wording(PATTERN.sub("", answer.says)),
        )

    def find(self, text: str, region: str | None) -> Found:
        """The answer to a question; a place named in it wins over the region handed over."""
        named = self._library.region_named_in(text)
        if named is None and self._library.foreign_place_in(text) is not None:
            return Found(None, None, 0.0, "none", ())
        here = named or region
        regions = list(self._library.packs) if here is None else [here]
        ranked = self._ranker.ranked(self._normaliser.wording(text), regions)
        if not ranked:
            return Found(None, here, 0.0, "none", ())
        number, score = ranked[0]
        best, confidence = self._answers[number], min(1.0, max(0.0, score))
        others = tuple(
            self._answers[other] for other, score in ranked[1 : 1 + _OTHERS] if score >= SUGGEST_FROM
        )
        return Found(best, best.region, confidence, _verdict(confidence), others)


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
