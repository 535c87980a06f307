"""WeChat's pushes: who is let in, what is counted, and that everybody who speaks is answered once."""

import asyncio
import hashlib
import io
import json
from dataclasses import replace

import pytest

from bot.dialogue import Dialogue
from bot.replies import Action, Reply
from miniapi.chat import pushes
from miniapi.chat.actions import Talker
from miniapi.chat.models import Conversation, PushInHand
from miniapi.database import sql
from miniapi.reminders.models import Grant
from miniapi.sandbox.push import encrypted
from miniapi.wechat.client import WeChat
from miniapi.wechat.messages import UserText
from tests.factories.people import a_resident
from tests.miniapi.sandbox.running import running_sandbox
from tests.web import serving

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.fixture
def talker(library, matcher, keys):
    return Talker(Dialogue(library, matcher), library, keys)


def written(query):
    return "&".join(f"{name}={value}" for name, value in query.items())


def sealed(secret):
    """A query as WeChat signs it for a sealed body."""
    parts = sorted(["sandbox", "1714037059", "486452656", secret])
    digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324
    return written({"msg_signature": digest, "timestamp": "1714037059", "nonce": "486452656"})


async def the_turn_is_over():
    await sql.rows("UPDATE push_in_hand SET taken_until = clock_timestamp() - interval '1 s' RETURNING id")


async def until_nothing_is_left():
    async with asyncio.timeout(10):
        while await PushInHand.exists():
            await asyncio.sleep(0.02)


async def until_logged(caplog, words):
    async with asyncio.timeout(10):
        while words not in caplog.text:
            await asyncio.sleep(0.02)


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
    async with asyncio.timeout(10):
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
        template = await sandbox.template_id("drop")
        assert (await Grant.get(resident_id=resident.id, template_id=template)).remaining == 2

    async def test_a_consent_of_somebody_unknown_is_taken_too(self, web_and_wechat, sandbox):
        await sandbox.accept("stranger")

        assert (await pushed(web_and_wechat, sandbox)).raw == b"success"
        assert await Grant.all().count() == 0

    async def test_a_consent_counts_while_wechat_is_away_and_nobody_has_read_its_templates(
        self, web_and_wechat, sandbox, noon
    ):
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid()
        await resident.save()
        await sandbox.accept()
        await sandbox.fault("/wxaapi/newtmpl/gettemplate", "error")

        answer = await pushed(web_and_wechat, sandbox)

        assert answer.raw == b"success"
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
        assert 0 < len(message["text"].encode()) <= 2048

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

        await until_logged(caplog, "is answered later")
        assert await PushInHand.all().count() == 1

    async def test_a_picture_is_acknowledged(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/picture", user="alice")

        await pushed(web_and_wechat, sandbox)

        assert "图片收到了" in (await until_received(sandbox, 1))[0]["text"]

    async def test_who_comes_in_is_greeted(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/enter", user="alice")

        await asyncio.gather(*(pushed(web_and_wechat, sandbox) for _ in range(3)))

        assert [one["text"] for one in await until_received(sandbox, 1)] == [pushes.GREETING]

    async def test_who_just_talked_to_us_is_not_greeted_again(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="券几点发")
        await pushed(web_and_wechat, sandbox)
        await until_received(sandbox, 1)
        await sandbox.post("/sandbox/enter", user="alice")

        await pushed(web_and_wechat, sandbox)

        await until_nothing_is_left()
        assert len(await sandbox.received()) == 1

    async def test_the_reply_leads_into_the_mini_program(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="我要投诉商家不给补贴")

        await pushed(web_and_wechat, sandbox)

        (message,) = await until_received(sandbox, 1)
        assert 'data-miniprogram-path="pages/index/index?go=sign_in"' in message["text"]

    async def test_nothing_stays_of_what_was_answered(self, web_and_wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="券几点发")
        await pushed(web_and_wechat, sandbox)

        await until_received(sandbox, 1)

        await until_nothing_is_left()


MODES = [(written_as, key) for written_as in ("json", "xml") for key in (None, AES_KEY)]


@pytest.mark.parametrize(("written_as", "aes_key"), MODES)
async def test_each_mode_lets_in_what_wechat_signed_and_nothing_else(
    tmp_path, database, noon, settings, library, matcher, keys, written_as, aes_key
):
    async with running_sandbox(tmp_path, aes_key=aes_key) as sandbox:
        known = replace(settings, wechat=sandbox.wechat)
        async with serving(known, library, matcher, keys) as web:
            await sandbox.post("/sandbox/say", user="alice", text="券几点发", format=written_as)
            query, body = sandbox.product.pushes[0]
            good, name = written(query), "msg_signature" if aes_key else "signature"

            refused = [
                (await web.post(f"/wechat/push?{one}", raw=raw)).status
                for one, raw in (
                    (written({**query, name: "0" * 40}), body),
                    (written({**query, "timestamp": "1"}), body),
                    (written({k: v for k, v in query.items() if k != name}), body),
                )
            ]
            too_large = await web.post(f"/wechat/push?{good}", raw=io.BytesIO(b" " * 1_100_000))
            taken = await asyncio.gather(*(web.post(f"/wechat/push?{good}", raw=body) for _ in range(5)))

            assert refused == [403, 403, 403]
            assert too_large.status == 413
            assert {(answer.status, answer.raw) for answer in taken} == {(200, b"success")}
            assert len(await until_received(sandbox, 1)) == 1
            await until_nothing_is_left()
            assert len(await sandbox.received()) == 1


async def test_where_pushes_are_sealed_a_plain_one_and_another_appids_are_refused(
    tmp_path, database, noon, settings, library, matcher, keys
):
    async with running_sandbox(tmp_path, aes_key=AES_KEY) as sandbox:
        known = replace(settings, wechat=sandbox.wechat)
        async with serving(known, library, matcher, keys) as web:
            said = json.dumps({"MsgType": "text", "Content": "在吗", "FromUserName": "oA", "MsgId": 1})
            plain = await web.post(f"/wechat/push?{signed()}", raw=said.encode())
            foreign = encrypted(said, AES_KEY, "wx0000000000000002", b"0123456789abcdef")
            another = await web.post(
                f"/wechat/push?{sealed(foreign)}", raw=json.dumps({"Encrypt": foreign}).encode()
            )
            torn = encrypted("garbage", AES_KEY, sandbox.wechat.appid, b"0123456789abcdef")
            garbage = await web.post(
                f"/wechat/push?{sealed(torn)}", raw=json.dumps({"Encrypt": torn}).encode()
            )

            assert (plain.status, another.status, garbage.status) == (403, 403, 400)
            assert await PushInHand.all().count() == 0


class TestWhatAWorkerLeaves:
    @pytest.fixture
    async def wechat(self, sandbox):
        async with WeChat(sandbox.wechat, total_seconds=2.0) as opened:
            yield opened

    @pytest.fixture
    async def left(self, database, noon, sandbox, talker):
        """What alice said, kept by a worker that died at once."""
        await sandbox.post("/sandbox/say", user="alice", text="券几点发")
        message = UserText(await sandbox.openid(), "券几点发", "message:1", 1)
        return await pushes.take_in(message, talker, at=noon)

    async def test_stays_in_its_hands_for_its_turn(self, left, wechat, talker):
        assert await pushes.take_up_left(wechat, talker) == 0

    async def test_is_answered_by_another_when_its_turn_is_over(self, left, wechat, talker, sandbox):
        await the_turn_is_over()

        taken = await asyncio.gather(*(pushes.take_up_left(wechat, talker) for _ in range(3)))

        assert sorted(taken) == [0, 0, 1]
        assert len(await until_received(sandbox, 1)) == 1
        assert await PushInHand.all().count() == 0

    async def test_is_not_said_to_the_bot_again(self, left, wechat, talker, sandbox):
        await sandbox.fault("/cgi-bin/message/custom/send", "error")
        await pushes.answer(left, wechat, talker)
        await sandbox.call("DELETE", "/sandbox/faults")
        await the_turn_is_over()

        await pushes.take_up_left(wechat, talker)

        (conversation,) = await Conversation.all().prefetch_related("messages")
        assert len(conversation.messages) == 1
        assert len(await until_received(sandbox, 1)) == 1

    async def test_is_given_up_when_nobody_waits_for_it_any_more(self, left, wechat, talker, sandbox, caplog):
        await sandbox.fault("/cgi-bin/message/custom/send", "error")

        for _ in range(pushes.MOST_ATTEMPTS):
            await the_turn_is_over()
            await pushes.take_up_left(wechat, talker)

        assert await PushInHand.all().count() == 0
        assert "was not answered" in caplog.text

    async def test_is_dropped_where_the_person_may_not_be_written_to(self, database, noon, wechat, talker):
        stranger = UserText("o-nobody", "券几点发", "message:2", 1)
        taken = await pushes.take_in(stranger, talker, at=noon)

        await pushes.answer(taken, wechat, talker)

        assert await PushInHand.all().count() == 0

    async def test_goes_when_its_person_leaves(self, database, noon, talker):
        resident = await a_resident(noon)
        await pushes.take_in(UserText(resident.openid, "在吗", "message:3", 1), talker, at=noon)

        assert await pushes.erase_all(resident.id) == 1

    async def test_holds_no_words_in_the_open(self, left):
        (row,) = await sql.rows("SELECT * FROM push_in_hand")

        assert "券几点发" not in str(row)


def test_what_can_be_done_next_becomes_links():
    actions = tuple(Action("voucher", f"看券{n}", id=str(n)) for n in range(5))

    links = pushes.links_of(Reply("好的", "wallet", actions=actions))

    assert [link.path for link in links] == [f"pages/index/index?go=voucher&id={n}" for n in range(3)]
