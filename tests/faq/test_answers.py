from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faq import packs
from faq.answers import LONGEST, render
from faq.check import moments
from faq.rules import CHINA
from tests.faq.conftest import moment

LIBRARY = packs.load()
EVERY = [(pack, answer) for pack in LIBRARY.packs.values() for answer in pack.answers]

NEW_YEAR = datetime(2022, 1, 1, tzinfo=CHINA)
any_time = st.integers(0, 8 * 365 * 86_400).map(lambda seconds: NEW_YEAR + timedelta(seconds=seconds))


@pytest.fixture
def say(yangling):
    return lambda answer_id, at: render(yangling.answer(answer_id), yangling, moment(at))


@pytest.mark.parametrize("pack", LIBRARY.packs.values(), ids=lambda pack: pack.region)
def test_every_answer_is_whole_at_every_turn(pack):
    for answer in pack.answers:
        for at in moments(pack):
            said = render(answer, pack, at)

            assert "{" not in said.text
            assert "}" not in said.text
            assert 10 <= len(said.text) <= LONGEST
            assert said.citations


@settings(max_examples=300)
@given(st.sampled_from(EVERY), any_time)
def test_every_answer_is_whole_at_any_time(pack_and_answer, at):
    pack, answer = pack_and_answer

    said = render(answer, pack, at)

    assert "{" not in said.text
    assert 10 <= len(said.text) <= LONGEST
    assert said.declined == answer.unset
    assert {citation.status for citation in said.citations} == {pack.status(at)}


def test_the_amount_comes_from_the_rules(say):
    said = say("subsidy-amount", "2024-09-01T09:58")

    assert "10%" in said.text
    assert "1000 元" in said.text
    assert "3000 元" in said.text
    assert said.citations[0].clause == "细则三"


class TestCanIStill:
    """还能领吗, through the season."""

    def test_not_yet(self, say):
        text = say("window", "2024-08-01T12:00").text

        assert "还没开始" in text
        assert "8月16日 10:00" in text

    def test_today_at_ten(self, say):
        text = say("window", "2024-09-01T09:58").text

        assert "今天（9月1日）10:00" in text
        assert "10月15日" in text
        assert "1号、16号" in text

    def test_no_more_drops_but_vouchers_to_use(self, say):
        text = say("window", "2024-10-03T12:00").text

        assert "10月1日 那次是最后一次发券" in text
        assert "可以用到 10月8日" in text
        assert "下一次发券" not in text

    def test_nothing_left_to_use(self, say):
        text = say("window", "2024-10-09T08:00").text

        assert "所有券都已过期" in text
        assert "已经领不到、也用不了了" in text
        assert "10月15日" in text

    @pytest.mark.parametrize("at", ["2024-10-16T00:00", "2026-11-21T12:00"])
    def test_over(self, say, at):
        said = say("window", at)

        assert "活动已经结束" in said.text
        assert "2024年10月15日" in said.text
        assert said.citations[0].status == "expired"


@pytest.mark.parametrize("day", range(0, 90, 3))
def test_until_when_always_names_the_end_and_the_days(say, day):
    at = datetime(2024, 8, 1, 12, tzinfo=CHINA) + timedelta(days=day)

    text = say("window", f"{at:%Y-%m-%dT%H:%M}").text

    assert "10月15日" in text
    assert "1号、16号 10:00" in text


def test_an_answer_without_words_of_its_own_says_first_that_it_is_over(say):
    text = say("item-cap", "2026-01-01T00:00").text

    assert text.startswith("这轮活动已在 2024年10月15日 结束")


def test_pickup_goes_on_after_the_programme(say):
    assert "可以预约" in say("pickup", "2026-01-01T00:00").text


def test_what_the_document_leaves_open_is_declined(say):
    said = say("stacking", "2024-09-01T09:58")

    assert said.declined
    assert "没有提到" in said.text


@pytest.mark.parametrize(("region", "word"), [("jining", "草案"), ("qingzhou", "征求意见稿")])
def test_a_draft_says_so_in_every_answer(region, word):
    if region in LIBRARY.packs:
        pack = LIBRARY.pack(region)
        for answer in pack.answers:
            assert word in render(answer, pack, moment("2024-09-01T09:58")).text
