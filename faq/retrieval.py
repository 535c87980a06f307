"""Finds who has texts like a query: TF-IDF over an inverted index of what each one's texts hold."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]  # one for each owner, in their order


class Index:
    """The terms of texts, by who owns them; made once, then only read. A term many own tells little."""

    def __init__(self, owners: Sequence[Sequence[Sequence[str]]], heed: Callable[[str], float]) -> None:
        """Each owner has texts, each text is its terms; `heed` weighs a term apart from how rare it is."""
        self._heed = heed
        self._size = len(owners)
        self._unknown = math.log(1 + len(owners))
        counts = Counter(term for texts in owners for term in set(chain.from_iterable(texts)))
        self._weights = {
            term: math.log(1 + len(owners) / (1 + count)) * heed(term) for term, count in counts.items()
        }
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, texts in enumerate(owners):
            for term, weight in self._direction(texts).items():
                postings[term].append((owner, weight))
        self._spans: dict[str, slice] = {}
        at = 0
        for term, found in postings.items():
            self._spans[term] = slice(at, at + len(found))
            at += len(found)
        flat = chain.from_iterable(postings.values())
        both = np.fromiter(flat, dtype=[("owner", np.int32), ("weight", np.float32)], count=at)
        self._owners, self._owned = both["owner"].copy(), both["weight"].copy()

    def __contains__(self, term: str) -> bool:
        """Whether any text has a term."""
        return term in self._spans

    def terms(self) -> Iterable[str]:
        """Every term, the most common first."""
        return sorted(self._spans, key=lambda term: self._spans[term].start - self._spans[term].stop)

    def fit(self, terms: Sequence[str], *, likeness: float, share: float) -> Scores:
        """How each owner fits a query: `likeness` times the cosine of its texts with the query, and
        `share` times how much of what the query tells it has in any text.
        """
        query = self._vector(terms)
        known = [term for term in query if term in self._spans]
        if not known:
            return np.zeros(self._size)
        spans = [self._spans[term] for term in known]
        told = sum(map(self._weight, query)) or 1.0
        lengths = [span.stop - span.start for span in spans]
        alike = np.repeat([likeness * query[term] for term in known], lengths)
        there = np.repeat([share * self._weight(term) / told for term in known], lengths)
        owned = np.concatenate([self._owned[span] for span in spans])
        owners = np.concatenate([self._owners[span] for span in spans])
        return np.bincount(owners, alike * owned + there, self._size).astype(np.float64, copy=False)

    def _direction(self, texts: Iterable[Sequence[str]]) -> Mapping[str, float]:
        """The mean direction of all texts of an owner."""
        total: dict[str, float] = defaultdict(float)
        for terms in texts:
            for term, weight in self._vector(terms).items():
                total[term] += weight
        return _of_length_one(total)

    def _vector(self, terms: Iterable[str]) -> Mapping[str, float]:
        weight = self._weight
        return _of_length_one(
            {
                term: weight(term) if count == 1 else (1 + math.log(count)) * weight(term)
                for term, count in Counter(terms).items()
            }
        )

    def _weight(self, term: str) -> float:
        """How much a term tells; one never seen tells most, for it speaks of something else."""
        known = self._weights.get(term)
        return self._unknown * self._heed(term) if known is None else known


def pairs(text: str) -> list[str]:
    """Every two characters that stand side by side."""
    return [text[at : at + 2] for at in range(len(text) - 1)]


def _of_length_one(vector: Mapping[str, float]) -> Mapping[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {term: weight / length for term, weight in vector.items()} if length else {}
