"""How far a confidence can be trusted: how many questions it answers, and how many of those rightly."""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from types import ModuleType

from faq.answers import render
from faq.matcher import ANSWER_FROM, SUGGEST_FROM, Found, Matcher
from faq.packs import Answer, Library
from faq.rules import CHINA
from tests.bench import questions

PARTS = 5  # of the askings, each held back in turn
IN_SEASON = datetime(2024, 9, 1, 9, 58, tzinfo=CHINA)
LONGEST = 700  # characters of a reply
STEPS = (0.0, SUGGEST_FROM, ANSWER_FROM, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)

Seen = Sequence[tuple[Found, bool]]  # what was found, and whether it is right


def on_development(library: Library, cache: Path) -> Iterator[str]:
    """Facts and what is out of scope, asked of the matcher alone and not of the whole conversation."""
    scoring, matcher = _scoring(), Matcher(library, cache)
    facts: list[tuple[Found, bool]] = []
    beside: list[tuple[Found, bool]] = []
    for item in questions.development():
        if item["tag"] == "fact" or item["kind"] == "out_of_scope":
            found = matcher.find(item["question"], item["doc"] or item["region"])
            of = facts if item["tag"] == "fact" else beside
            of.append((found, _is_right(found, item, library, scoring)))
    asked = [text for name in questions.SETS for text, _ in questions.public(name).asked]
    yield from _table("development questions: facts", facts)
    yield from _table("development questions: out of scope (right: said to be left open)", beside)
    yield from _table(
        "public pairs, asked of every region (all wrong)",
        [(matcher.find(text, None), False) for text in asked],
    )


def held_back(library: Library, cache: Path) -> Iterator[str]:
    """The packs' own askings, each asked of packs that lack it, and of packs that lack its answer."""
    lacking_it: list[tuple[Found, bool]] = []
    lacking_answer: list[tuple[Found, bool]] = []
    for part in range(PARTS):
        matcher = Matcher(
            questions.changed(library, lambda all_, p=part: [_less(one, p) for one in all_]), cache
        )
        for answer, number, asking in questions.askings(library):
            if _is_held_back(answer, number, part):
                found = matcher.find(asking, answer.region)
                right = found.best is not None and found.best.id == answer.id
                lacking_it.append((found, right))
        matcher = Matcher(
            questions.changed(library, lambda all_, p=part: [one for one in all_ if _part(one) != p]), cache
        )
        lacking_answer += [
            (matcher.find(asking, answer.region), False)
            for answer, _, asking in questions.askings(library)
            if _part(answer) == part
        ]
    yield from _table("askings held back: their answer is there", lacking_it)
    yield from _table("askings whose answer is held back (all wrong)", lacking_answer)


def _table(name: str, seen: Seen) -> Iterator[str]:
    """Coverage and precision by confidence, and what becomes of the questions."""
    yield f"\n{f'{name} ({len(seen)})':66}{'of all':>8}{'right':>8}"
    for low, high in pairwise(STEPS):
        yield _line(
            f"  confidence {low:.2f} to {min(high, 1.0):.2f}",
            [right for found, right in seen if low <= found.confidence < high],
            len(seen),
        )
    for verdict, meaning in (("answer", "answered"), ("suggest", "did you mean"), ("none", "declined")):
        yield _line(f"  {meaning}", [right for found, right in seen if found.verdict == verdict], len(seen))


def _line(name: str, right: Sequence[bool], of: int) -> str:
    return f"{name:66}{len(right) / of:>8.1%}" + (f"{mean(right):>8.1%}" if right else f"{'-':>8}")


def _scoring() -> ModuleType:
    file = questions.FOLDER / questions.SCORING
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_right(found: Found, item: dict, library: Library, scoring: ModuleType) -> bool:
    if found.best is None:
        return False
    said = render(found.best, library.pack(found.best.region), IN_SEASON)
    citations = [
        {"region": one.region, "clause": one.clause, "document": one.document} for one in said.citations
    ]
    reply = {
        "reply": said.text,
        "citations": citations,
        "action": "decline" if said.declined else "answer",
    }
    passed, _, cited, _ = scoring.judge(item, reply, LONGEST)
    return bool(passed) and cited is not False


def _less(answer: Answer, part: int) -> Answer:
    kept = [asking for number, asking in enumerate(answer.asks) if not _is_held_back(answer, number, part)]
    return replace(answer, asks=tuple(kept))


def _is_held_back(answer: Answer, number: int, part: int) -> bool:
    return number % PARTS == part and len(answer.asks) > 1


def _part(answer: Answer) -> int:
    return sum(map(ord, answer.id)) % PARTS
