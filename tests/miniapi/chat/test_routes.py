import asyncio
import hashlib

import pytest

from miniapi.chat.models import ChatMessage, Conversation
from miniapi.ids import new_id
from miniapi.pickup.models import Pickup
from miniapi.reminders.models import Grant
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


def signed(**more):
    """A query as WeChat signs it with the sandbox's token."""
    parts = sorted(["sandbox", "1714037059", "486452656"])
    digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324
    query = {"signature": digest, "timestamp": "1714037059", "nonce": "486452656", **more}
    return "&".join(f"{name}={value}" for name, value in query.items())


async def pushed(web, sandbox, nth=-1):
    """Deliver a push that the sandbox made to the application."""
    query, body = sandbox.product.pushes[nth]
    return await web.post(f"/wechat/push?{'&'.join(f'{k}={v}' for k, v in query.items())}", raw=body)


async def until_received(sandbox, count):
    async with asyncio.timeout(5):
        while len(messages := [one for one in await sandbox.received() if one["kind"] == "custom"]) < count:
            await asyncio.sleep(0.02)
    return messages


class TestPush:
    async def test_the_address_is_verified_by_its_echo(self, web):
        answer = await web.get(f"/wechat/push?{signed(echostr='4375120948345356249')}")
        forged = await web.get("/wechat/push?signature=x&timestamp=1&nonce=2&echostr=4375120948345356249")

        assert (answer.status, answer.raw) == (200, b"4375120948345356249")
        assert (forged.status, forged.json["code"]) == (403, "push_forged")
        assert b"4375120948345356249" not in forged.raw

    async def test_what_is_forged_or_unreadable_is_refused(self, web):
        for query, body, status in (
            ("", b"{}", 403),
            (signed(signature="0" * 40), b"{}", 403),
            (signed(), b"garbage", 400),
            (signed(), b"", 400),
            (signed(), b"[]", 400),
            (signed(), b"\xff\xfe", 400),
            (signed(), b"<xml>", 400),
        ):
            assert (await web.post(f"/wechat/push?{query}", raw=body)).status == status, body

    async def test_whatever_it_is_it_is_taken(self, web):
        for body in (
            b'{"MsgType": "event", "Event": "unheard_of", "FromUserName": "oA", "CreateTime": 1}',
            b'{"MsgType": "image", "FromUserName": "oA", "CreateTime": 1, "MsgId": 2}',
            b'{"MsgType": "text", "Content": " ", "FromUserName": "oA", "CreateTime": 1, "MsgId": 3}',
        ):
            answer = await web.post(f"/wechat/push?{signed()}", raw=body)

            assert (answer.status, answer.raw) == (200, b"success")

    async def test_a_consent_counts_once_however_often_it_comes(self, web_and_wechat, sandbox, noon):
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid()
        await resident.save()
        await sandbox.accept()
        await sandbox.accept()

        answers = [await pushed(web_and_wechat, sandbox, nth) for nth in (0, 1, 0, 0, 1)]
        await asyncio.gather(*(pushed(web_and_wechat, sandbox, 1) for _ in range(3)))

        assert {(answer.status, answer.raw) for answer in answers} == {(200, b"success")}
        assert (await Grant.get(resident_id=resident.id, kind="drop")).remaining == 2

    async def test_a_consent_of_somebody_unknown_is_taken_too(self, web_and_wechat, sandbox):
        await sandbox.accept("stranger")

        assert (await pushed(web_and_wechat, sandbox)).raw == b"success"
        assert await Grant.all().count() == 0

    async def test_a_consent_that_comes_while_wechat_is_away_counts_when_it_comes_again(
        self, web_and_wechat, sandbox, noon
    ):
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid()
        await resident.save()
        await sandbox.accept()
        await sandbox.fault("/wxaapi/newtmpl/gettemplate", "error")
        first = await pushed(web_and_wechat, sandbox)
        await sandbox.call("DELETE", "/sandbox/faults")

        again = await pushed(web_and_wechat, sandbox)

        assert (first.status, again.raw) == (503, b"success")
        assert (await Grant.get(resident_id=resident.id)).remaining == 1

    async def test_a_question_is_answered_once_behind_the_push(self, web_and_wechat, sandbox, noon):
        await sandbox.post("/sandbox/say", user="alice", text="杨凌家电以旧换新补多少")

        answers = [await pushed(web_and_wechat, sandbox) for _ in range(3)]
        messages = await until_received(sandbox, 1)
        await asyncio.sleep(0.2)

        assert {answer.raw for answer in answers} == {b"success"}
        assert "10%" in messages[0]["text"]
        assert len(await until_received(sandbox, 1)) == 1

    async def test_a_long_question_is_cut_and_answered(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="券几点发" + "？" * 5_000, format="xml")

        assert (await pushed(web_and_wechat, sandbox)).raw == b"success"

        (message,) = await until_received(sandbox, 1)
        assert 0 < len(message["text"]) <= 700

    async def test_a_resident_goes_on_with_one_conversation(self, web_and_wechat, sandbox, noon):
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid()
        await resident.save()
        for count, text in enumerate(("杨凌五千二的冰箱能便宜多少", "那空调呢"), start=1):
            await sandbox.post("/sandbox/say", user="alice", text=text)
            await pushed(web_and_wechat, sandbox)
            messages = await until_received(sandbox, count)

        assert "空调" in messages[1]["text"]
        assert (await Conversation.get()).owner_id == resident.id

    async def test_a_question_while_wechat_cannot_be_told_is_taken_all_the_same(
        self, web_and_wechat, sandbox, caplog
    ):
        await sandbox.post("/sandbox/say", user="alice", text="券几点发")
        await sandbox.fault("/cgi-bin/message/custom/send", "error")

        assert (await pushed(web_and_wechat, sandbox)).raw == b"success"

        async with asyncio.timeout(5):
            while "was not answered" not in caplog.text:
                await asyncio.sleep(0.02)
