import asyncio

import pytest

from miniapi.chat.models import ChatMessage, Conversation
from miniapi.ids import new_id
from miniapi.pickup.models import Pickup
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot
from tests.web import serving

SHAPE = {"session", "message", "reply", "intent", "confidence", "citations", "suggestions", "actions"}


@pytest.fixture
def say(web):
    async def say(text, *, by=None, session="session-1", region="yangling"):
        answer = await web.post("/chat", by=by, text=text, session=session, region=region)
        assert answer.status == 200, answer.json
        assert set(answer.json) == SHAPE
        return answer.json

    return say


class TestChat:
    async def test_answers_anybody_with_its_sources(self, web):
        answer = await web.post("/chat", text="杨凌家电以旧换新补多少")

        assert (answer.status, set(answer.json)) == (200, SHAPE)
        assert (answer.json["intent"], len(answer.json["session"]) >= 8) == ("answer", True)
        assert all(figure in answer.json["reply"] for figure in ("10%", "1000", "3000"))
        assert 0 <= answer.json["confidence"] <= 1
        assert ("细则三", "in_force") in [(one["clause"], one["status"]) for one in answer.json["citations"]]

    async def test_takes_one_to_five_hundred_characters(self, web):
        for text in ("补", "补" * 500, "𠮷" * 500, f"  {'补' * 500}\n"):
            answer = await web.post("/chat", text=text, region=None)
            assert (answer.status, len(answer.json["reply"]) <= 700) == (200, True)
        for text in ("", " \n ", "补" * 501):
            answer = await web.post("/chat", text=text)
            assert (answer.status, answer.json["code"]) == (422, "text_invalid")

    async def test_what_cannot_be_is_refused(self, web):
        for body, code in (
            ({"text": "你好", "region": "atlantis"}, "region_unknown"),
            ({"text": "你好", "session": "short"}, "invalid_request"),
            ({"text": "你好", "session": "s" * 65}, "invalid_request"),
            ({"text": "你好", "session": "会话会话会话会话"}, "invalid_request"),
            ({"text": 7}, "invalid_request"),
            ({"session": "session-1"}, "invalid_request"),
        ):
            answer = await web.post("/chat", **body)
            assert (answer.status, answer.json["code"]) == (422, code), body

    async def test_something_personal_without_a_token_asks_to_sign_in(self, web, noon, library):
        await an_open_drop(library, noon)
        await a_slot(noon)

        for text, word in (("我的券", "券"), ("我的预约", "预约"), ("开抢前提醒我", "提醒")):
            answer = await web.post("/chat", text=text, region="yangling")

            assert answer.status == 200
            assert word in answer.json["reply"]
            assert "sign_in" in [one["kind"] for one in answer.json["actions"]]

    async def test_keeps_both_sides_unreadable(self, say):
        said = await say("杨凌家电以旧换新补多少")

        kept = await ChatMessage.get(id=said["message"])
        assert "杨凌" not in kept.text_sealed + kept.reply_sealed + (await Conversation.get()).memory_sealed

    async def test_many_at_once_in_one_conversation_are_all_answered(self, say):
        replies = await asyncio.gather(*(say("券几点发") for _ in range(6)))

        assert len({reply["message"] for reply in replies}) == 6
        assert await Conversation.all().count() == 1


class TestSessions:
    async def test_a_conversation_goes_on(self, say):
        await say("五千二的冰箱能便宜多少")

        assert (await say("那空调呢"))["intent"] == "quote"

    async def test_it_belongs_to_who_began_it(self, say, noon):
        alice, bob = await a_resident(noon), await a_resident(noon)
        await say("明天上午来收旧冰箱", by=alice)

        for other in (bob, None):
            reply = await say("示例路 8 号 2 单元 301", by=other)
            assert reply["intent"] != "book_pickup"
        assert await Conversation.filter(name="session-1").count() == 3

    async def test_one_of_nobodys_goes_on_for_whoever_knows_its_name(self, say, noon):
        await say("五千二的冰箱能便宜多少")

        assert (await say("那空调呢"))["intent"] == "quote"
        assert (await say("那空调呢", by=await a_resident(noon)))["intent"] != "quote"
        assert (await say("那空调呢", session="session-2"))["intent"] != "quote"

    async def test_it_goes_on_with_another_worker_and_after_a_restart(
        self, database, noon, settings, library, matcher, keys
    ):
        resident = await a_resident(noon)
        await a_slot(noon, hours_ahead=22)
        said = []
        for text in ("预约上门回收", "旧冰箱", "明天上午", "示例路 8 号 2 单元 301", "确认"):
            async with serving(settings, library, matcher, keys) as worker:
                answer = await worker.post("/chat", by=resident, text=text, session="session-1")
                said.append(answer.json["reply"])

        assert "约好了" in said[-1]
        assert (await Pickup.get()).resident_id == resident.id

    async def test_a_booking_is_read_back_once_and_then_made(self, say, noon):
        resident = await a_resident(noon)
        slot = await a_slot(noon, hours_ahead=22)
        await say("明天上午来收旧冰箱", by=resident)
        read_back = await say("示例路 8 号 2 单元 301", by=resident)
        assert await Pickup.all().count() == 0

        done = await say("确认", by=resident)

        pickup = await Pickup.get()
        assert "示例路 8 号 2 单元 301" in read_back["reply"]
        assert "约好了" in done["reply"]
        assert (pickup.slot_id, pickup.resident_id) == (slot.id, resident.id)
        assert {"kind": "pickup", "id": str(pickup.id)}.items() <= done["actions"][0].items()


class TestFeedback:
    async def test_is_kept(self, web, say):
        said = await say("你好")

        answer = await web.post(f"/chat/{said['message']}/feedback", helpful=False)

        assert (answer.status, answer.raw) == (204, b"")
        assert (await ChatMessage.get(id=said["message"])).helpful is False

    async def test_is_about_a_message_and_says_yes_or_no(self, web, say):
        said = await say("你好")

        missing = await web.post(f"/chat/{new_id()}/feedback", helpful=True)
        unsaid = await web.post(f"/chat/{said['message']}/feedback", helpful="yes")

        assert (missing.status, missing.json["code"]) == (404, "not_found")
        assert (unsaid.status, unsaid.json["code"]) == (422, "invalid_request")
