"""Finds the answer to a question: lexical retrieval over the askings, re-ranked, with a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from faq.packs import Answer, Library
from faq.pinyin import Pinyin
from faq.placeholders import PATTERN
from faq.ranking import Candidate, Ranker
from faq.sounds import MOST_TEXT, Ears
from faq.text import plain
from faq.wording import THING, Normaliser
from faq.words import WordCutter

Verdict = Literal["answer", "suggest", "none"]

# Where right answers begin to outweigh wrong ones, over questions with an answer and questions without.
ANSWER_FROM = 0.37
SUGGEST_FROM = 0.30

NOT_OURS = ("other_benefits", "other_years")  # topics that are there to say that no document is about them

_OTHERS = 4
_UNLISTED, _LISTED, _FURNITURE = "products_unlisted", "product_listed", "furniture"
_QUOTED = re.compile(r"“([\u4e00-\u9fff]{3,6})”")
_BENEFITS = frozenset(("补贴", "补助", "津贴"))
_BEFORE_BENEFIT = re.compile(r"(?<=[\u4e00-\u9fff]{2})(?:补贴|补助|津贴)")
# Words before 补贴 that tell whose, how much or what to do with it, and not another benefit.
_NO_BENEFIT = re.compile(
    r"[这那哪你我他她咱谁啥么有没要想不能会可领拿给发到得边里时次轮期多少几全双级阶单惠最停取户师生员者器]|人$"
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the matcher makes of a question."""

    best: Answer | None
    region: str | None
    confidence: float
    verdict: Verdict
    others: tuple[Answer, ...]
    heard: bool = True  # whether no word of the question is new to all documents


class Matcher:
    """All answers of a library, ready to be searched; made once, then only read."""

    def __init__(self, library: Library, cache_folder: Path) -> None:
        self._library = library
        self._normaliser = Normaliser(library)
        self._answers = [answer for pack in library.packs.values() for answer in pack.answers]
        self._cutter = WordCutter(_terms(library), cache_folder)
        self._other_benefits = frozenset(library.vocabulary.other_benefits)
        self._own_benefits: dict[str, set[str]] = {region: set() for region in library.packs}
        self._askings: list[str] = []  # of what is ours, in plain writing
        candidates = []
        for answer in self._answers:
            candidates.append(self._candidate(answer))
            if answer.topic not in NOT_OURS:
                for asking in map(plain, answer.asks):
                    self._askings.append(asking)
                    self._own_benefits[answer.region] |= self._benefits_in(asking)
        self._ranker = Ranker(candidates, self._cutter, library.vocabulary.light_words)
        self._pinyin = Pinyin([*library.vocabulary.typed_words, *_names(library), *self._ranker.words()])
        self._ears = Ears([*_names(library)], [*self._ranker.words()], self._cutter.knows)

    def _candidate(self, answer: Answer) -> Candidate:
        return Candidate(
            answer.region,
            askings=tuple(map(self._normaliser.wording, answer.asks)),
            said=self._normaliser.wording(PATTERN.sub("", answer.says)),
        )

    def aright(self, text: str) -> str:
        """A message in plain writing, with slips that sound like a word of the trade mended: 退获, 崇庆.

        What is typed in Latin letters is read by its sound first: bu tie duo shao.
        """
        text = self._pinyin.read(text) or text
        return self._ears.mended(self._cutter.cut(text[:MOST_TEXT])) + text[MOST_TEXT:]

    def find(self, text: str, region: str | None) -> Found:
        """The answer to a question; a place named in it wins over the region handed over."""
        named = self._library.region_named_in(text)
        if named is None and self._library.foreign_place_in(text) is not None:
            return Found(None, None, 0.0, "none", ())
        here = named or region
        regions = list(self._library.packs) if here is None else [here]
        question = self._normaliser.wording(text)
        ranked = [
            (number, score)
            for number, score in self._ranker.ranked(question, regions)
            if not self._is_contradicted(self._answers[number], question.things)
        ]
        if not ranked:
            return Found(None, here, 0.0, "none", ())
        number, score = ranked[0]
        best, confidence = self._answers[number], min(1.0, max(0.0, score))
        if best.topic not in NOT_OURS and self._is_another_benefit(text, best.region):
            return self._not_ours(best.region)
        others = tuple(
            self._answers[other] for other, score in ranked[1 : 1 + _OTHERS] if score >= SUGGEST_FROM
        )
        return Found(
            best, best.region, confidence, _verdict(confidence), others, self._ranker.has_heard(question)
        )

    def _is_contradicted(self, answer: Answer, things: tuple[str, ...]) -> bool:
        """Whether goods would be told to be unlisted that the rules list, or listed that they do not, or
        appliances to be furniture."""
        if answer.topic == _FURNITURE and things:
            return all(self._library.categories[thing].kind == "appliance" for thing in things)
        if answer.topic not in (_UNLISTED, _LISTED) or not things:
            return False
        rules = self._library.pack(answer.region).rules.subsidies
        listed = [any(thing in rule.categories for rule in rules) for thing in things]
        return bool(rules) and (all(listed) if answer.topic == _UNLISTED else not any(listed))

    def _is_another_benefit(self, text: str, region: str) -> bool:
        """Whether a benefit is named that is none of the region's document: 生育补贴, 高温津贴."""
        clean = plain(text)
        if _BEFORE_BENEFIT.search(clean) is None:
            return False
        if self._library.categories.mentions(clean) or self._library.names_a_brand(clean):
            return False
        kinds = self._benefits_in(self._library.without_places(clean)) - self._own_benefits[region]
        return any(kind in self._other_benefits or self._is_unheard_of(kind) for kind in kinds)

    def _benefits_in(self, text: str) -> set[str]:
        """What stands before 补贴 in a text, as a word or as a benefit known to be another: 人才, 高温."""
        if not any(benefit in text for benefit in _BENEFITS):
            return set()
        pieces = pairwise(self._cutter.cut(text))
        words = {before for before, word in pieces if word in _BENEFITS and len(before) > 1}
        for found in _BEFORE_BENEFIT.finditer(text):
            words.update(kind for kind in self._other_benefits if text[: found.start()].endswith(kind))
        return words

    def _is_unheard_of(self, noun: str) -> bool:
        """Whether no asking has the word, and it could name a benefit."""
        if _NO_BENEFIT.search(noun) is not None:
            return False
        return not any(noun in asking and noun in self._cutter.cut(asking) for asking in self._askings)

    def _not_ours(self, region: str) -> Found:
        """What a region says of matters that are none of its document's; nothing where it says nothing."""
        said = self._library.pack(region).about(NOT_OURS[0])
        return Found(said, region, ANSWER_FROM if said else 0.0, "answer" if said else "none", ())


def _verdict(confidence: float) -> Verdict:
    if confidence >= ANSWER_FROM:
        return "answer"
    return "suggest" if confidence >= SUGGEST_FROM else "none"


def _names(library: Library) -> Iterable[str]:
    """What people hear by name: places, things, the campaigns that the answers put in quotes."""
    for pack in library.packs.values():
        yield from (pack.name, pack.short, *pack.aliases)
        for answer in pack.answers:
            yield from _QUOTED.findall(answer.says)
    yield from library.vocabulary.words
    yield from library.categories.words()


def _terms(library: Library) -> Iterable[str]:
    yield THING
    yield from library.vocabulary.words
    yield from library.categories.words()
    for pack in library.packs.values():
        yield from (pack.name, pack.short, *pack.aliases)
        for clause in pack.clauses.values():
            yield from clause.lead
