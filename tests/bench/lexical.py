"""Plain lexical peers of the ranking: TF-IDF with smoothed idf and cosine, as textbooks have it."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import jieba
import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Search = Callable[
    [str], tuple[int | None, float]
]  # a question -> the number of the best candidate, its score
Terms = Callable[[str], list[str]]


def by_characters(candidates: Sequence[str]) -> Search:
    """Runs of one to three characters."""
    return _best(_cosine(_characters, candidates))


def by_words(candidates: Sequence[str]) -> Search:
    """The words that jieba finds."""
    return _best(_cosine(_words, candidates))


def by_both(candidates: Sequence[str]) -> Search:
    """Both cosines, added."""
    characters, words = _cosine(_characters, candidates), _cosine(_words, candidates)
    return _best(lambda question: characters(question) + words(question))


def _characters(text: str) -> list[str]:
    return [text[at : at + size] for size in (1, 2, 3) for at in range(len(text) - size + 1)]


def _words(text: str) -> list[str]:
    return jieba.lcut(text)


def _best(scores: Callable[[str], Scores]) -> Search:
    def search(question: str) -> tuple[int | None, float]:
        found = scores(question)
        best = int(found.argmax())
        return best, float(found[best])

    return search


def _cosine(terms: Terms, candidates: Sequence[str]) -> Callable[[str], Scores]:
    counts = [Counter(terms(candidate.lower())) for candidate in candidates]
    held = Counter(term for count in counts for term in count)
    number = {term: at for at, term in enumerate(held)}
    rarity = np.array([math.log((1 + len(candidates)) / (1 + held[term])) + 1 for term in number])
    matrix = np.zeros((len(candidates), len(number)))
    for row, count in enumerate(counts):
        for term, times in count.items():
            matrix[row, number[term]] = times
    matrix *= rarity
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)

    def scores(question: str) -> Scores:
        query = np.zeros(len(number))
        for term, times in Counter(terms(question.lower())).items():
            if term in number:
                query[number[term]] = times
        query *= rarity
        return matrix @ (query / max(float(np.linalg.norm(query)), 1e-12))

    return scores
