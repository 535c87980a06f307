"""Cuts a message into words, with the terms of the trade kept whole."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes
    import jieba

_AS_COMMON_AS_A_WORD_CAN_BE = 200_000


class WordCutter:
    """A jieba of our own: its dictionary, our terms, and its cache where we say."""

    def __init__(self, terms: Iterable[str], cache_folder: Path) -> None:
        jieba.setLogLevel(logging.WARNING)
        self._jieba = jieba.Tokenizer()
        self._jieba.tmp_dir = str(cache_folder)  # never the machine's: anybody could leave a file there
        self._jieba.initialize()
        for term in terms:
            self._jieba.add_word(term, _AS_COMMON_AS_A_WORD_CAN_BE)

    def knows(self, word: str) -> bool:
        """Whether the dictionary has a word."""
        return bool(self._jieba.FREQ.get(word))

    def cut(self, text: str) -> list[str]:
        """The words of a text, spaces left out; what no dictionary knows falls into characters."""
        return [word for word in self._jieba.cut(text, HMM=False) if word.strip()]
