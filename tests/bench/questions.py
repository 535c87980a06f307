"""Questions to measure with: the packs' own askings, and those that may be used and not shipped.

The public pairs and the development questions are looked for in the folder that HUANXIN_QUESTIONS names, or
in ../shared/questions.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faq.packs import Answer, Library

FOLDER = Path(os.environ.get("HUANXIN_QUESTIONS", "../shared/questions"))
PUBLIC = ("generic_faq.jsonl", "generic_no_answer.jsonl")
DEVELOPMENT, SCORING = "policy_dev.jsonl", "score_policy.py"
SETS = ("lcqmc", "atec", "bq")


@dataclass(frozen=True, slots=True)
class Pairs:
    """A set of public pairs: what can be found, and what is asked with the number of what is right."""

    candidates: Sequence[str]
    asked: Sequence[tuple[str, int | None]]


def missing() -> list[str]:
    """The files that are not there."""
    return [name for name in (*PUBLIC, DEVELOPMENT, SCORING) if not (FOLDER / name).exists()]


def public(name: str) -> Pairs:
    """One of the three sets."""
    rows = [row for file in PUBLIC for row in _rows(file) if row["set"] == name]
    candidates = [row for row in rows if row["type"] == "candidate"]
    number = {row["id"]: at for at, row in enumerate(candidates)}
    asked = [(row["text"], number.get(row["gold"])) for row in rows if row["type"] == "query"]
    return Pairs([row["text"] for row in candidates], asked)


def development() -> list[dict]:
    """The development questions that need no message before them."""
    return [row for row in _rows(DEVELOPMENT) if not row.get("history")]


def askings(library: Library) -> Iterator[tuple[Answer, int, str]]:
    """Every asking with its answer and its place among that answer's."""
    for pack in library.packs.values():
        for answer in pack.answers:
            for number, asking in enumerate(answer.asks):
                yield answer, number, asking


def changed(library: Library, change: Callable[[Sequence[Answer]], Iterable[Answer]]) -> Library:
    """The library with other answers in each pack."""
    packs = {name: replace(pack, answers=tuple(change(pack.answers))) for name, pack in library.packs.items()}
    return Library(packs, library.categories, library.vocabulary)


def _rows(file: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / file).read_text(encoding="utf-8").splitlines()]
