from datetime import timedelta

import pytest

from bot.replies import Reply
from miniapi.chat import missed
from miniapi.chat.models import Miss, MissedQuestion
from tests.factories.people import a_resident


@pytest.fixture
def say(web):
    async def say(text, *, region="yangling", by=None):
        answer = await web.post("/chat", by=by, text=text, session="session-1", region=region)
        assert answer.status == 200, answer.json
        return answer.json

    return say


async def kept():
    return [(one.why, one.region, one.words) for one in await MissedQuestion.all().order_by("id")]


@pytest.mark.parametrize(
    ("intent", "cited", "miss"),
    [
        ("decline", False, Miss.DECLINED),
        ("decline", True, None),
        ("suggest", False, Miss.UNSURE),
        ("answer", True, None),
        ("smalltalk", False, None),
    ],
)
def test_a_reply_misses_what_it_leaves_open(library, noon, intent, cited, miss):
    clause = library.pack("yangling").citation("yangling#细则三", noon)

    reply = Reply("…", intent, citations=(clause,) if cited else ())

    assert missed.missed_by(reply) == miss


class TestKeeping:
    async def test_a_question_nobody_answers_is_kept_without_who_and_where(self, say, noon):
        await say("我叫李梓萱，住康乐路12号，电话13812345678，小区停车位怎么申请", by=await a_resident(noon))

        ((why, region, words),) = await kept()
        assert (why, region) == (Miss.DECLINED, "yangling")
        assert {"小区", "停车位", "申请"} <= set(words.split())
        assert not {"李", "康乐", "12", "138"} & set(words)

    @pytest.mark.parametrize("text", ["一台冰箱最高补多少", "你好", "预约上门回收", "asdfgh"])
    async def test_what_was_answered_is_not_kept(self, say, text):
        await say(text)

        assert await kept() == []

    async def test_a_disliked_answer_is_kept_once(self, web, say):
        said = await say("一台冰箱最高补多少")

        for helpful in (False, False, True):
            await web.post(f"/chat/{said['message']}/feedback", helpful=helpful)

        assert await kept() == [(Miss.DISLIKED, None, "冰箱 最高 多少")]


class TestListing:
    async def test_the_most_frequent_come_first(self, database, noon):
        for number, words in enumerate(("停车位 申请", "社保", "停车位 申请", "公积金")):
            await missed.note(words, "yangling", Miss.DECLINED, at=noon + timedelta(minutes=number))

        found = await missed.listed(2)

        assert [(one.words, one.times) for one in found] == [("停车位 申请", 2), ("公积金", 1)]
        assert found[0].last_at == noon + timedelta(minutes=2)

    async def test_what_is_a_year_old_is_forgotten(self, database, noon):
        await missed.note("停车位", None, Miss.DECLINED, at=noon - missed.KEEP)
        await missed.note("公积金", None, Miss.DECLINED, at=noon - missed.KEEP + timedelta(seconds=1))

        gone = await missed.forget_old(at=noon)

        assert gone == 1
        assert [words for _, _, words in await kept()] == ["公积金"]

    async def test_a_question_of_no_common_word_is_not_kept(self, database, noon):
        await missed.note("", "yangling", Miss.DECLINED, at=noon)

        assert await kept() == []
