"""The kinds of appliance and furniture people hand in and buy, and what they call them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faq import names
from faq.fields import Fields
from faq.text import plain

KINDS = ("appliance", "furniture")


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of thing: a fridge, a sofa."""

    key: str
    name: str
    kind: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A category named in a text, and where."""

    category: Category
    start: int
    end: int


class Categories:
    """All the categories, found by key, by name or by what people say."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self.all = tuple(categories)
        self._by_key = {category.key: category for category in self.all}
        self._by_word: dict[str, Category] = {}
        for category in self.all:
            for word in (category.key, category.name, *category.synonyms):
                self._by_word[plain(word)] = category
        spoken = [word for word in self._by_word if word not in self._by_key]
        self._pattern = names.any_of(spoken)

    def __getitem__(self, key: str) -> Category:
        return self._by_key[key]

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def named(self, text: str) -> Category | None:
        """The category whose key, name or synonym the text is, exactly."""
        return self._by_word.get(plain(text))

    def mentions(self, text: str) -> list[Mention]:
        """Every naming of a category in the text, left to right; places are those of `plain(text)`."""
        return [
            Mention(self._by_word[found.group()], found.start(), found.end())
            for found in self._pattern.finditer(plain(text))
        ]

    def found_in(self, text: str) -> list[Category]:
        """The categories a text names, each once, in their order."""
        return list(dict.fromkeys(mention.category for mention in self.mentions(text)))

    def words(self) -> list[str]:
        """Everything people may call a category (for the dictionary of the word cutter)."""
        return [word for word in self._by_word if word not in self._by_key]


def read(file: Path) -> Categories:
    """The categories of a file; a word that two categories claim is refused."""
    fields = Fields.of(file)
    found: list[Category] = []
    taken: dict[str, str] = {}
    for entry in fields.tables("category"):
        category = Category(
            key=entry.text("key"),
            name=entry.text("name"),
            kind=entry.text("kind"),
            synonyms=entry.texts("synonyms", ()),
        )
        entry.done()
        if category.kind not in KINDS:
            raise entry.wrong("kind", f"must be one of {', '.join(KINDS)}")
        for word in map(plain, (category.key, category.name, *category.synonyms)):
            if taken.setdefault(word, category.key) != category.key:
                raise entry.wrong("synonyms", f"“{word}” already means {taken[word]}")
        found.append(category)
    fields.done()
    return Categories(found)
