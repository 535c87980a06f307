"""Candidates of any kind: the ranking knows no policy."""

import pytest

from faq.ranking import Candidate, Ranker
from faq.wording import Wording
from faq.words import WordCutter

FLOWERS, TREES, PRICES, ELSEWHERE = range(4)


def asked(text: str, *aspects: str, things: tuple[str, ...] = ()) -> Wording:
    return Wording(text, things, frozenset(aspects))


@pytest.fixture(scope="module")
def cutter(tmp_path_factory) -> WordCutter:
    return WordCutter([], tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def ranker(cutter) -> Ranker:
    candidates = [
        Candidate("garden", (asked("怎么种花"), asked("花种在哪里")), said=asked("春天种在阳台上")),
        Candidate("garden", (asked("怎么种树"), asked("树苗去哪里买"))),
        Candidate("garden", (asked("玫瑰多少钱", "amount"),)),
        Candidate("park", (asked("怎么种花"),)),
    ]
    return Ranker(candidates, cutter, light_words=["怎么"])


def first(ranker: Ranker, question: Wording, *shelves: str) -> int:
    return ranker.ranked(question, shelves)[0][0]


def test_who_is_asked_for_like_this_comes_first(ranker):
    assert first(ranker, asked("花要怎么种"), "garden") == FLOWERS
    assert first(ranker, asked("哪里买树苗"), "garden") == TREES


def test_word_for_word_is_certain(ranker):
    (_, score), *others = ranker.ranked(asked("怎么种树"), ["garden"])

    assert score >= 1.0
    assert all(other < score for _, other in others)


def test_what_a_candidate_says_itself_counts(ranker):
    assert first(ranker, asked("阳台"), "garden") == FLOWERS


def test_only_the_shelves_named_are_searched(ranker):
    assert first(ranker, asked("怎么种花"), "park") == ELSEWHERE
    assert {number for number, _ in ranker.ranked(asked("怎么种花"), ["garden", "park"])} >= {
        FLOWERS,
        ELSEWHERE,
    }
    assert ranker.ranked(asked("怎么种花"), ["forest"]) == []
    assert ranker.ranked(asked("怎么种花"), []) == []


def test_what_nobody_knows_finds_nobody(ranker):
    assert ranker.ranked(asked("股票"), ["garden"]) == []
    assert ranker.ranked(asked(""), ["garden"]) == []


def test_another_aspect_is_less_likely_meant(ranker):
    (_, same), *_ = ranker.ranked(asked("玫瑰多少", "amount"), ["garden"])
    (_, other), *_ = ranker.ranked(asked("玫瑰多少", "when"), ["garden"])

    assert other < same


def test_the_thing_named_tells_two_like_questions_apart(cutter):
    candidates = [Candidate("", (asked("〇补多少", things=(thing,)),)) for thing in ("fridge", "ac")]

    assert first(Ranker(candidates, cutter, []), asked("〇补多少", things=("ac",)), "") == 1


def test_of_very_many_the_likest_are_still_found(cutter):
    many = [Candidate("", (asked(f"怎么种花{n}号"),)) for n in range(300)]
    ranker = Ranker([*many, Candidate("", (asked("怎么种树"),))], cutter, [])

    assert first(ranker, asked("想种树怎么办"), "") == len(many)
