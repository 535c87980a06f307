"""How well and how fast questions are understood, beside plain lexical peers and beside cutting words."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import jieba

import faq.packs
from faq import text, vocabulary
from faq.categories import Categories
from faq.matcher import Matcher
from faq.packs import Answer, Library
from faq.ranking import Candidate, Ranker
from faq.wording import Normaliser
from faq.words import WordCutter
from tests.bench import confidence, questions
from tests.bench.lexical import Search, by_both, by_characters, by_words
from tests.bench.questions import Pairs

LCUT_AT_MOST = 20.0  # times jieba.lcut of the same questions
LARGE_AT_MOST = 5.0  # times its own with the packs alone
LARGE = 50_000  # askings
AUROC_BEHIND_AT_MOST = 0.04
PAIRS = 5
QUESTIONS = 300  # distinct ones in each measure


def show(cache: Path) -> None:
    """Measure everything that needs no service, and print it."""
    library = faq.packs.load()
    jieba.setLogLevel("WARNING")
    jieba.dt.tmp_dir = str(cache)
    if missing := questions.missing():
        print(f"public pairs and development questions: not measured, {questions.FOLDER} lacks {missing}")
    else:
        _print(_beside_peers(cache))
        _print(confidence.on_development(library, cache))
    _print(confidence.held_back(library, cache))
    _print(_speed(library, cache))


def asked_of(library: Library, number: int) -> list[tuple[str, str]]:
    """So many askings as somebody else might type them, each with its region."""
    chance = random.Random(5)
    every = [(asking, answer.region) for answer, _, asking in questions.askings(library)]
    drawn = chance.sample(every, min(number, len(every)))
    return [(f"请问{asking[:-1]}啊", region) for asking, region in drawn]


def target(name: str, value: float, relation: str, wanted: float) -> str:
    """A value beside what is to be reached."""
    reached = value >= wanted if relation == ">=" else value <= wanted
    return f"{name}: {value:.4g} ({relation} {wanted:g}: {'reached' if reached else 'MISSED'})"


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, flush=True)


# --- right candidates, beside peers


def _beside_peers(cache: Path) -> Iterator[str]:
    sets = {name: questions.public(name) for name in questions.SETS}
    methods = {
        "Huanxin's ranking": _ranking(cache),
        "characters 1-3": by_characters,
        "jieba's words": by_words,
        "both, added": by_both,
    }
    total = sum(number is not None for of in sets.values() for _, number in of.asked)
    heads = "".join(f"{name:>14}" for name in sets)
    yield f"\n{f'public pairs, right of {total} and AUROC':44}{'right':>6}{heads}"
    right: dict[str, int] = {}
    auroc: dict[str, list[float]] = {}
    for name, make in methods.items():
        seen = [_judged(make(of.candidates), of) for of in sets.values()]
        right[name], auroc[name] = sum(one for one, _ in seen), [area for _, area in seen]
        yield f"{name:44}{right[name]:>6}" + "".join(f"{f'{one} {area:.3f}':>14}" for one, area in seen)
    ours, *peers = methods
    best = max(right[peer] for peer in peers)
    behind = max(max(by_set) - by_set[0] for by_set in zip(*auroc.values(), strict=True))
    yield target("right candidates", right[ours], ">=", best)
    yield target("AUROC behind the best of them", behind, "<=", AUROC_BEHIND_AT_MOST)


def _ranking(cache: Path) -> Callable[[Sequence[str]], Search]:
    """The ranking that answers residents, with its words and without its documents."""
    words = vocabulary.read()
    normaliser = Normaliser(Library({}, Categories(()), words))
    cutter = WordCutter(words.words, cache)

    def make(candidates: Sequence[str]) -> Search:
        listed = [Candidate("", (normaliser.wording(candidate),)) for candidate in candidates]
        ranker = Ranker(listed, cutter, words.light_words)

        def search(question: str) -> tuple[int | None, float]:
            ranked = ranker.ranked(normaliser.wording(question), [""])
            return ranked[0] if ranked else (None, 0.0)

        return search

    return make


def _judged(search: Search, of: Pairs) -> tuple[int, float]:
    """How many are right, and the chance that a question with an answer scores above one without."""
    found = [(search(question), number) for question, number in of.asked]
    right = sum(number is not None and best == number for (best, _), number in found)
    present = [score for (_, score), number in found if number is not None]
    absent = [score for (_, score), number in found if number is None]
    return right, mean((a > b) + (a == b) / 2 for a in present for b in absent)


# --- speed


def _speed(library: Library, cache: Path) -> Iterator[str]:
    enlarged = _enlarged(library)
    small, large = Matcher(library, cache), Matcher(enlarged, cache)
    asked = asked_of(library, QUESTIONS)
    here_or_anywhere = [(question, region if at % 2 else None) for at, (question, region) in enumerate(asked)]
    jieba.initialize()
    times = [
        (
            _p50(lambda question, _: jieba.lcut(question), here_or_anywhere),
            _p50(small.find, here_or_anywhere),
            _p50(large.find, here_or_anywhere),
        )
        for _ in range(PAIRS)
    ]
    names = (
        "jieba.lcut",
        f"matcher, the packs' {_count(library):,} askings",
        f"matcher, {_count(enlarged):,} askings",
    )
    yield f"\n{f'{len(asked)} distinct questions, medians of {PAIRS}':44}{'p50 us':>8}"
    for name, each in zip(names, zip(*times, strict=True), strict=True):
        yield f"{name:44}{median(each) * 1e6:>8.0f}"
    yield target("times jieba.lcut", median(own / cut for cut, own, _ in times), "<=", LCUT_AT_MOST)
    yield target(
        f"times its own, {LARGE:,} askings", median(more / own for _, own, more in times), "<=", LARGE_AT_MOST
    )


def _p50(ask: Callable[[str, str | None], object], asked: Sequence[tuple[str, str | None]]) -> float:
    """The median seconds of a question, of which nothing is remembered."""
    text.plain.cache_clear()
    took = []
    for question, region in asked:
        began = time.perf_counter()
        ask(question, region)
        took.append(time.perf_counter() - began)
    return median(took)


def _enlarged(library: Library) -> Library:
    """The packs, each asking of which brings others: they are made of the halves of two."""
    chance = random.Random(7)
    pool = [asking for _, _, asking in questions.askings(library)]
    times = -(-LARGE // len(pool))

    def more(answers: Sequence[Answer]) -> Iterator[Answer]:
        yield from answers
        for copy in range(1, times):
            for answer in answers:
                asks = tuple(_mixed(chance, pool) for _ in answer.asks)
                yield replace(answer, id=f"{answer.id}-{copy}", asks=asks)

    return questions.changed(library, more)


def _mixed(chance: random.Random, pool: Sequence[str]) -> str:
    first, second = chance.choice(pool), chance.choice(pool)
    return first[: len(first) // 2 + 1] + second[len(second) // 2 :]


def _count(library: Library) -> int:
    return sum(1 for _ in questions.askings(library))
