"""The words of the trade: slips of the pen, synonyms, words that weigh little, places of the country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from faq.fields import Fields

FILE = Path(__file__).parent / "data" / "vocabulary.toml"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a reader of residents' messages has to know about words."""

    slips: Mapping[str, str]  # a pattern of what is typed by mistake -> what is meant
    synonyms: Mapping[str, str]  # what is said -> the word the askings use
    aspects: Mapping[str, tuple[str, ...]]  # what a question is about -> words that show it
    fillers: tuple[str, ...]  # patterns of what can be dropped before matching
    light_words: tuple[str, ...]  # words so common here that they tell little
    words: tuple[str, ...]  # terms that must not be cut apart
    typed_words: tuple[str, ...]  # what people also type in Latin letters, believed before all other words
    other_benefits: tuple[str, ...]  # what stands before 补贴 where another office's benefit is meant
    brands: tuple[str, ...]
    builds: tuple[str, ...]  # patterns of how a thing is built, said before its name: 变频, 双开门, 1.5匹
    places: tuple[str, ...]  # provinces and cities of the country
    places_with_suffix: tuple[str, ...]  # cities whose bare name is also an ordinary word
    names_with_digits: tuple[str, ...]  # 5G: digits that are no figure


@cache
def read(file: Path = FILE) -> Vocabulary:
    """The vocabulary of a file, read once."""
    fields = Fields.of(file)
    slips = fields.table("slips")
    synonyms = fields.table("synonyms")
    aspects = fields.table("aspects")
    vocabulary = Vocabulary(
        slips={typed: meant for meant in slips.names() for typed in slips.texts(meant)},
        synonyms={said: word for word in synonyms.names() for said in synonyms.texts(word)},
        aspects={aspect: aspects.texts(aspect) for aspect in aspects.names()},
        fillers=fields.texts("fillers"),
        light_words=fields.texts("light_words"),
        words=fields.texts("words"),
        typed_words=fields.texts("typed_words"),
        other_benefits=fields.texts("other_benefits"),
        brands=fields.texts("brands"),
        builds=fields.texts("builds"),
        places=fields.texts("places"),
        places_with_suffix=fields.texts("places_with_suffix"),
        names_with_digits=fields.texts("names_with_digits"),
    )
    fields.done()
    return vocabulary
