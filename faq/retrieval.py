"""Finds the texts most like a query: TF-IDF and cosine over an inverted index."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet


class Index:
    """Texts under the shelf they stand on; a term that many owners use tells little."""

    def __init__(self, heed: Callable[[str], float]) -> None:
        self._heed = heed  # how much to heed a term at all, apart from how rare it is
        self._entries: list[tuple[str, int, Sequence[str]]] = []
        self._owners: dict[str, set[object]] = defaultdict(set)
        self._weights: dict[str, float] = {}
        self._unknown = 0.0
        self._postings: dict[str, dict[str, list[tuple[int, float]]]] = {}

    def add(self, shelf: str, number: int, terms: Sequence[str], *, owner: object) -> None:
        """Put a text on a shelf; its number comes back from `likeness`."""
        self._entries.append((shelf, number, terms))
        for term in terms:
            self._owners[term].add(id(owner))

    def build(self) -> None:
        """Weigh every term and every text; call it once, after the last `add`."""
        total = len(set().union(*self._owners.values())) if self._owners else 0
        self._unknown = math.log(1 + total)
        self._weights = {
            term: math.log(1 + total / (1 + len(owners))) * self._heed(term)
            for term, owners in self._owners.items()
        }
        for shelf, number, terms in self._entries:
            postings = self._postings.setdefault(shelf, {})
            for term, weight in self._vector(terms).items():
                postings.setdefault(term, []).append((number, weight))
        self._entries.clear()
        self._owners.clear()

    def likeness(self, terms: Sequence[str], shelves: Iterable[str]) -> Mapping[int, float]:
        """The cosine of each text on the shelves that shares a term with the query."""
        query = self._vector(terms)
        found: dict[int, float] = defaultdict(float)
        for shelf in shelves:
            postings = self._postings.get(shelf, {})
            for term, weight in query.items():
                for number, other in postings.get(term, ()):
                    found[number] += weight * other
        return found

    def share(self, terms: Iterable[str], known: AbstractSet[str]) -> float:
        """How much of what the terms tell is known: 1 is all of it."""
        total = of_known = 0.0
        for term in set(terms):
            weight = self._weight(term)
            total += weight
            if term in known:
                of_known += weight
        return of_known / total if total else 0.0

    def _weight(self, term: str) -> float:
        """How much a term tells; one never seen tells most, for it speaks of something else."""
        known = self._weights.get(term)
        return self._unknown * self._heed(term) if known is None else known

    def _vector(self, terms: Sequence[str]) -> dict[str, float]:
        vector = {term: (1 + math.log(count)) * self._weight(term) for term, count in Counter(terms).items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values()))
        return {term: weight / length for term, weight in vector.items()} if length else {}


def pieces(text: str, sizes: Collection[int] = (1, 2, 3)) -> list[str]:
    """Every run of 1 to 3 characters of a text (or of the sizes given)."""
    return [text[at : at + size] for size in sizes for at in range(len(text) - size + 1)]
