"""Complaints and calls for a person become tickets, in the person's own words."""

from __future__ import annotations

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from bot.replies import Action, Reply
from tests.fakes.city import MOST_OPEN_TICKETS, FakeCity

RESIDENT = Caller("resident-1", "yangling")


async def say(dialogue: Dialogue, city: FakeCity, *texts: str) -> Reply:
    """The reply to the last of some messages."""
    memory = Memory()
    for text in texts:
        memory = Memory.from_json(memory.to_json())
        reply = await dialogue.answer(text, memory, RESIDENT, city)
    return reply


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["我要投诉", "师傅没来"], "师傅没来"),
        (["我要投诉", "商家说活动结束了"], "商家说活动结束了"),
        (["我要投诉", "师傅嫌旧，不收了"], "师傅嫌旧，不收了"),
        (["我要投诉", "预约了没人来"], "预约了没人来"),
        (["我要投诉", "甲店凭什么不让我用券？？"], "甲店凭什么不让我用券？？"),
        (["我要投诉", "我的券", "店员态度差"], "店员态度差"),
        (["示例甲店骗我", "多收了我五十"], "示例甲店骗我\n多收了我五十"),
        (["我要投诉康乐路那家店昨天不让我用券"], "我要投诉康乐路那家店昨天不让我用券"),
        (["我要投诉。上门收旧空调的师傅乱收费，还骂人"], "我要投诉。上门收旧空调的师傅乱收费，还骂人"),
    ],
)
async def test_a_complaint_keeps_what_was_told(
    dialogue: Dialogue, city: FakeCity, said: list[str], kept: str
) -> None:
    reply = await say(dialogue, city, *said)

    assert [(ticket.kind, text) for _, text, ticket in city.opened_tickets] == [("complaint", kept)]
    assert reply.intent == "complaint"
    assert [(action.kind, action.id) for action in reply.actions] == [("ticket", "t1")]
    assert [f"{one.region}#{one.clause}" for one in reply.citations] == ["yangling#细则五（四）"]


async def test_a_call_for_a_person_keeps_a_question_too(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "转人工", "实名认证过不了怎么办")

    assert [(ticket.kind, text) for _, text, ticket in city.opened_tickets] == [
        ("help", "实名认证过不了怎么办")
    ]
    assert reply.intent == "human"
    assert next((action.kind, action.id) for action in reply.actions) == ("ticket", "t1")


@pytest.mark.parametrize(
    "said",
    [
        ["我要投诉"],
        ["被商家坑了去哪投诉"],
        ["有没有真人客服可以聊一聊"],
        ["我要提一个工单"],
        ["我要投诉", "嗯"],
        ["我要投诉", "还是算了吧，不说了"],
        ["我要投诉", "补贴最高能补多少钱，一家人可以都领吗"],
        ["我要投诉", "预约上门回收"],
        ["转人工", "我要投诉"],
        ["转人工", "有人在吗"],
    ],
)
async def test_nothing_is_opened_before_it_is_told(
    dialogue: Dialogue, city: FakeCity, said: list[str]
) -> None:
    await say(dialogue, city, *said)

    assert city.opened_tickets == []


async def test_a_place_named_in_the_talk_goes_with_the_ticket(dialogue: Dialogue, city: FakeCity) -> None:
    await say(dialogue, city, "青州的商家骗我", "买的电视是假货，不给退")

    assert [owner for owner, _, _ in city.opened_tickets] == [Caller("resident-1", "qingzhou")]


@pytest.mark.parametrize(
    ("said", "intent"), [("我要投诉", "complaint"), ("转人工", "human")], ids=["complaint", "human"]
)
async def test_says_so_when_too_many_wait(dialogue: Dialogue, city: FakeCity, said: str, intent: str) -> None:
    for _ in range(MOST_OPEN_TICKETS):
        await city.open_ticket(RESIDENT, "help", "等")

    reply = await say(dialogue, city, said, "昨天约的师傅一直没有来")

    assert reply.text.startswith("没有登记上：")
    assert reply.intent == intent
    assert len(city.opened_tickets) == MOST_OPEN_TICKETS


@pytest.mark.parametrize(
    ("asked", "clause"),
    [("几天内可以退货", "细则三"), ("能帮父母领券吗", "细则四（二）")],
)
async def test_a_question_that_only_a_person_can_answer_is_handed_on_with_its_clause(
    dialogue: Dialogue, city: FakeCity, asked: str, clause: str
) -> None:
    reply = await say(dialogue, city, asked, "转人工")

    assert [(ticket.kind, text) for _, text, ticket in city.opened_tickets] == [("policy", asked)]
    assert city.clauses == [clause]
    assert reply.intent == "human"


@pytest.mark.parametrize(
    "said",
    [
        ["补贴最高能补多少钱", "转人工", "实名认证过不了怎么办"],  # the question was answered
        ["几天内可以退货", "谢谢", "转人工", "实名认证过不了怎么办"],  # not the question just before
        ["几天内可以退货", "转人工，我的实名认证一直通不过，名字是对的"],  # another story
    ],
)
async def test_anything_else_is_a_call_for_help(dialogue: Dialogue, city: FakeCity, said: list[str]) -> None:
    await say(dialogue, city, *said)

    assert [(ticket.kind, "实名认证" in text) for _, text, ticket in city.opened_tickets] == [("help", True)]
    assert city.clauses == [None]


@pytest.mark.parametrize(
    "said",
    [
        ["身份证被别人实名了怎么办", "好"],
        ["系统说这个身份已在另一个账号实名", "转人工"],
        ["身份被占用了", "我要提工单"],
        ["转人工，我的身份证被别人的微信实名了，帮我处理"],
        ["转人工", "换了微信，原来的实名要转移过来"],
    ],
)
async def test_an_identity_in_another_account_is_moved_by_the_staff(
    dialogue: Dialogue, city: FakeCity, said: list[str]
) -> None:
    reply = await say(dialogue, city, *said)

    assert [ticket.kind for _, _, ticket in city.opened_tickets] == ["identity"]
    assert reply.intent == "human"


async def test_the_way_to_move_an_identity_is_told_and_offered(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "身份被占用了")

    assert "提工单，人工核实后转移" in reply.text
    assert reply.actions == (Action("ticket", "提工单核实身份", ticket="identity"),)
    assert city.opened_tickets == []


@pytest.mark.parametrize(
    "text", ["实名认证要用身份证吗", "能用别人的身份证领券吗", "身份证给别人用可以领券吗", "怎么实名认证"]
)
async def test_a_question_about_identities_is_answered(dialogue: Dialogue, city: FakeCity, text: str) -> None:
    assert (await say(dialogue, city, text)).intent in ("answer", "decline", "suggest")
