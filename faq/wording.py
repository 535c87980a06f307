"""Brings what is asked and what we wrote down as askings to one form, so that they can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from faq import names
from faq.names import Rewriting
from faq.packs import Library
from faq.text import plain

THING = "〇"  # stands for any appliance or piece of furniture
NUMBER = "#"
_DIGITS = r"\d+(?:\.\d+)?"
_PUNCTUATION = re.compile(r"[\s,，。?？!！、;；:：\"'()（）\[\]《》…—~·.]+")


@dataclass(frozen=True, slots=True)
class Wording:
    """A question in comparable form, and the things it names."""

    text: str
    things: tuple[str, ...]
    aspects: frozenset[str]  # what is asked about: who is in charge, when, how much, where to call


class Normaliser:
    """Knows the synonyms, fillers, places and things of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        vocabulary = library.vocabulary
        self._fillers = [re.compile(pattern) for pattern in vocabulary.fillers]
        told_before = "|".join((*vocabulary.builds, *map(re.escape, map(plain, vocabulary.brands))))
        self._described = re.compile(f"(?:(?:{told_before})(?:牌|家)?的?)+(?={THING})")
        kept = "|".join(re.escape(plain(name)) for name in vocabulary.names_with_digits)
        self._numbers = re.compile(f"({kept})|{_DIGITS}")
        self._synonyms = Rewriting(vocabulary.synonyms)
        self._aspects = {aspect: names.any_of(words) for aspect, words in vocabulary.aspects.items()}

    def wording(self, text: str) -> Wording:
        """The question without greeting, place and spelling; each thing is THING, each number NUMBER."""
        clean = plain(text)
        for filler in self._fillers:
            clean = filler.sub("", clean)
        clean = self._library.without_places(clean)
        mentions = self._library.categories.mentions(clean)
        for mention in reversed(mentions):
            clean = clean[: mention.start] + THING + clean[mention.end :]
        clean = self._described.sub("", clean)
        clean = self._synonyms(clean)
        things = tuple(dict.fromkeys(mention.category.key for mention in mentions))
        aspects = frozenset(aspect for aspect, words in self._aspects.items() if words.search(clean))
        numbered = self._numbers.sub(lambda found: found[1] or NUMBER, clean)
        return Wording(_PUNCTUATION.sub("", numbered), things, aspects)
