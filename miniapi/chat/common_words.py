"""What may be kept of a question: its common words, and no name, place or number."""

import re
import warnings
from functools import cache

from faq.packs import Library
from faq.text import plain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes
    import jieba

LONGEST_WORD = 4  # characters
LONGEST_KEPT = 200
OFTEN = 10  # times that jieba's corpus has a word; what is rarer may be somebody's name
NAMES = ("nr", "ns", "nt", "nz", "m", "x", "eng")  # jieba's tags of people, places, bodies, brands, numbers

_LETTERS = re.compile(r"[\u4e00-\u9fff]+")


def common_words(text: str, library: Library) -> str:
    """The words of a text that stand in a dictionary or in the documents' vocabulary, in their order.

    Longest first; everything else, single characters among it, is left out: so is what people are called,
    where they live, and any number.
    """
    terms = {*library.vocabulary.words, *library.vocabulary.light_words, *library.categories.words()}
    terms |= {pack.short for pack in library.packs.values()}
    known = {term for term in terms if len(term) > 1 and _LETTERS.fullmatch(term)}
    kept: list[str] = []
    for piece in _LETTERS.findall(plain(text)):
        kept += _words_of(piece, known)
    said = " ".join(dict.fromkeys(kept))
    return said if len(said) <= LONGEST_KEPT else said[:LONGEST_KEPT].rpartition(" ")[0]


def _words_of(piece: str, terms: set[str]) -> list[str]:
    common, longest = everyday_words(), max(LONGEST_WORD, *map(len, terms)) if terms else LONGEST_WORD
    found, start = [], 0
    while start < len(piece):
        word = next(
            (
                piece[start : start + length]
                for length in range(min(longest, len(piece) - start), 1, -1)
                if piece[start : start + length] in terms or piece[start : start + length] in common
            ),
            None,
        )
        if word is not None:
            found.append(word)
        start += len(word) if word else 1
    return found


@cache
def everyday_words() -> frozenset[str]:
    """The words of jieba's dictionary that are in everybody's mouth and name nobody; read once a process."""
    found = []
    with jieba.get_module_res("dict.txt") as lines:
        for line in lines:
            word, times, tag = line.decode("utf-8").split()
            often = 1 < len(word) <= LONGEST_WORD and int(times) >= OFTEN
            if often and not tag.startswith(NAMES):
                found.append(word)
    return frozenset(found)
