from __future__ import annotations

from datetime import datetime

import pytest

from bot.policy import Policy
from faq.matcher import Found, Matcher
from faq.packs import Library
from faq.rules import CHINA

NOON = datetime(2024, 9, 1, 12, tzinfo=CHINA)


@pytest.fixture
def policy(library: Library, matcher: Matcher) -> Policy:
    return Policy(library, matcher)


def test_asking_for_the_place_names_all_of_them(policy: Policy, library: Library) -> None:
    reply = policy.ask_place()

    assert reply.intent == "clarify"
    assert all(pack.short in reply.text for pack in library.packs.values())


def test_declining_gives_only_the_number_of_that_place(policy: Policy, library: Library) -> None:
    said = {region: policy.decline(region) for region in library.packs}

    assert "029-" in said["yangling"].text
    assert all("029-" not in reply.text for region, reply in said.items() if region != "yangling")
    assert all(reply.intent == "decline" and not reply.citations for reply in said.values())


def test_a_place_without_documents_is_told_where_there_are_some(policy: Policy, library: Library) -> None:
    reply = policy.decline_elsewhere("青岛")

    assert reply.intent == "decline"
    assert "青岛" in reply.text
    assert "杨凌" in reply.text


def test_suggesting_answers_nothing(policy: Policy, library: Library) -> None:
    answers = library.pack("yangling").answers[:3]

    reply = policy.suggest(Found(answers[0], "yangling", 0.4, "suggest", answers[1:]), NOON)

    assert reply.intent == "suggest"
    assert reply.suggestions == tuple(answer.title for answer in answers)
    assert not reply.citations


def test_a_single_suggestion_is_asked_about_with_its_answer(policy: Policy, library: Library) -> None:
    answer = library.pack("yangling").about("item_cap")
    assert answer is not None

    reply = policy.suggest(Found(answer, "yangling", 0.33, "suggest", ()), NOON)

    assert reply.intent == "suggest"
    assert f"是不是想问「{answer.title}」" in reply.text
    assert "1000 元" in reply.text
    assert reply.citations


def test_a_question_with_a_word_of_no_document_is_not_answered_by_the_only_suggestion(
    policy: Policy, library: Library
) -> None:
    answer = library.pack("yangling").about("item_cap")

    reply = policy.suggest(Found(answer, "yangling", 0.33, "suggest", (), heard=False), NOON)

    assert reply.intent == "suggest"
    assert "1000 元" not in reply.text
    assert not reply.citations


def test_the_place_matters_only_where_some_document_says_something(policy: Policy) -> None:
    assert policy.is_told_anywhere("补贴多少钱")
    assert policy.is_told_anywhere("券几点发")
    assert not policy.is_told_anywhere("低保户有什么补贴")
    assert not policy.is_told_anywhere("消费券要不要交个人所得税")


def test_an_answer_brings_its_clauses(policy: Policy, library: Library) -> None:
    reply = policy.on_topic("subsidy_amount", "yangling", NOON)

    assert reply is not None
    assert reply.citations
    assert reply.intent == "answer"
