"""Pushes as the product gets them, in every format."""

import json

import pytest
from aiohttp import web

from miniapi.sandbox.push import Push, encrypted
from miniapi.wechat.push import Entered, GrantChange, Sent, UserText, read_push
from tests.miniapi.sandbox.running import running_sandbox

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
BODY = {"Event": "subscribe_msg_popup_event"}


def test_a_single_item_is_an_object_and_several_are_an_array():
    one = Push("oA", 1, "event", BODY, ({"TemplateId": "T"},)).composed()
    two = Push("oA", 1, "event", BODY, ({"TemplateId": "T"}, {"TemplateId": "U"})).composed()

    assert json.loads(one)["List"] == {"TemplateId": "T"}
    assert json.loads(two)["List"] == [{"TemplateId": "T"}, {"TemplateId": "U"}]


def test_an_event_carries_its_second_as_text_and_a_message_as_a_number():
    assert json.loads(Push("oA", 7, "event", BODY).composed())["CreateTime"] == "7"
    assert json.loads(Push("oA", 7, "text").composed())["CreateTime"] == 7


def test_encrypts_as_the_published_vector():
    sealed = encrypted("我是中文abcd123", AES_KEY, "wxb11529c136998cb6", b"aaaabbbbccccdddd")

    assert (
        sealed == "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


@pytest.mark.parametrize("aes_key", [None, AES_KEY])
@pytest.mark.parametrize("written_as", ["json", "xml"])
async def test_the_product_reads_every_push(tmp_path, noon, aes_key, written_as):
    async with running_sandbox(tmp_path, aes_key=aes_key) as sandbox:
        openid = await sandbox.openid()
        drop, pickup = await sandbox.template_id("drop"), await sandbox.template_id("pickup")
        said = "<b>你好]]></b> <!DOCTYPE x>"

        await sandbox.post(
            "/sandbox/subscribe",
            user="alice",
            template_ids=[drop, pickup],
            answer="accept",
            format=written_as,
        )
        await sandbox.post("/sandbox/say", user="alice", text=said, format=written_as)
        await sandbox.post("/sandbox/enter", user="alice", format=written_as)

        popup, text, entered = (
            read_push(query, body, sandbox.wechat) for query, body in sandbox.product.pushes
        )
        assert isinstance(popup, GrantChange)
        assert (popup.openid, popup.answers) == (openid, ((drop, "accept"), (pickup, "accept")))
        assert isinstance(text, UserText)
        assert (text.openid, text.text) == (openid, said)
        assert isinstance(entered, Entered)
        assert entered.openid == openid


async def test_a_sent_message_is_followed_by_its_event(sandbox):
    template_id = await sandbox.accept(kind="report")
    token = (
        await sandbox.post(
            "/cgi-bin/stable_token",
            grant_type="client_credential",
            appid=sandbox.wechat.appid,
            secret=sandbox.wechat.secret,
        )
    )["access_token"]
    shown = {"thing1": "月度进展", "time2": "2024-09-12 18:00", "thing3": "示范区"}

    answer = await sandbox.post(
        f"/cgi-bin/message/subscribe/send?access_token={token}",
        touser=await sandbox.openid(),
        template_id=template_id,
        data={name: {"value": value} for name, value in shown.items()},
    )
    await sandbox.product.has_taken(2)

    sent = read_push(*sandbox.product.pushes[1], sandbox.wechat)
    assert isinstance(sent, Sent)
    assert sent.messages[0].msgid == str(answer["msgid"])
    assert sent.messages[0].errcode == 0


async def test_tries_three_times_with_one_id_and_new_signatures(sandbox):
    sandbox.product.answer = lambda nth: web.Response(status=503 if nth < 3 else 200, text="success")

    answer = await sandbox.post("/sandbox/say", user="alice", text="在吗")

    queries, bodies = zip(*sandbox.product.pushes, strict=True)
    assert answer["push"] == {"accepted": True, "tries": 3, "problem": None}
    assert len(set(bodies)) == 1
    assert len({query["nonce"] for query in queries}) == 3


async def test_an_answer_that_is_not_success_is_not_tried_again(sandbox):
    sandbox.product.answer = lambda _nth: web.Response(text="hello")

    answer = await sandbox.post("/sandbox/say", user="alice", text="在吗")

    assert answer["push"]["accepted"] is False
    assert len(sandbox.product.pushes) == 1


async def test_two_events_of_a_person_never_carry_the_same_second(sandbox):
    await sandbox.accept()
    await sandbox.accept()

    seconds = [json.loads(body)["CreateTime"] for _, body in sandbox.product.pushes]
    assert len(set(seconds)) == 2
