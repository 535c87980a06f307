"""How tickets stand, in a few words with the latest answer."""

from __future__ import annotations

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from bot.replies import Action, Reply
from tests.fakes.city import FakeCity

RESIDENT = Caller("resident-1", "yangling")


async def ask(dialogue: Dialogue, city: FakeCity, text: str, caller: Caller = RESIDENT) -> Reply:
    """The reply to one message."""
    return await dialogue.answer(text, Memory(), caller, city)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("我的投诉有结果了吗", "complaint"),
        ("投诉处理得怎么样了", "complaint"),
        ("上次投诉有没有答复", "complaint"),
        ("我的投诉呢", "complaint"),
        ("查一下我的工单", "human"),
        ("工单到哪一步了", "human"),
        ("工单有进展吗", "human"),
        ("人工回复我了吗", "human"),
    ],
)
async def test_is_told_who_asks_for_it(dialogue: Dialogue, city: FakeCity, text: str, intent: str) -> None:
    await city.open_ticket(RESIDENT, "complaint", "不让用券")
    city.answer_ticket(-1, "店家答应补退 50 元。")

    reply = await ask(dialogue, city, text)

    assert reply.intent == intent
    assert (
        reply.text
        == "· 投诉（工单号 0000000001）：已答复。9月1日（周日）09:58 工作人员说：店家答应补退 50 元。"
    )
    assert reply.actions == (Action("ticket", "看工单 0000000001", "t1"),)


@pytest.mark.parametrize(
    "text", ["我要投诉", "投诉多久有结果", "怎么投诉", "我要投诉，上次的投诉没有结果，店家还是不退钱"]
)
async def test_is_not_told_who_asks_for_something_else(dialogue: Dialogue, city: FakeCity, text: str) -> None:
    await city.open_ticket(RESIDENT, "complaint", "不让用券")

    assert "0000000001" not in (await ask(dialogue, city, text)).text


async def test_a_complaint_comes_before_other_matters(dialogue: Dialogue, city: FakeCity) -> None:
    await city.open_ticket(RESIDENT, "complaint", "不让用券")
    await city.open_ticket(RESIDENT, "help", "收不到验证码")

    of_complaints = await ask(dialogue, city, "我的投诉有结果了吗")
    of_all = await ask(dialogue, city, "我的工单有结果了吗")

    assert of_complaints.text == "· 投诉（工单号 0000000001）：在等答复。"
    assert of_all.text == "· 求助（工单号 0000000002）：在等答复。\n· 投诉（工单号 0000000001）：在等答复。"


async def test_a_long_answer_is_cut(dialogue: Dialogue, city: FakeCity) -> None:
    for nth in range(5):
        await city.open_ticket(RESIDENT, "complaint", "不让用券")
        city.answer_ticket(nth, "长" * 1000)

    reply = await ask(dialogue, city, "我的投诉有结果了吗")

    assert len(reply.text) <= 700
    assert reply.text.count("…") == reply.text.count("工单号") == 3


async def test_nobody_hears_of_somebody_elses(dialogue: Dialogue, city: FakeCity) -> None:
    await city.open_ticket(RESIDENT, "complaint", "不让用券")

    other = await ask(dialogue, city, "我的投诉有结果了吗", Caller("resident-2", "yangling"))
    nobody = await ask(dialogue, city, "我的投诉有结果了吗", Caller(None, "yangling"))

    assert other.text.startswith("您还没有提过工单。")
    assert (nobody.intent, nobody.actions) == ("complaint", (Action("sign_in", "登录"),))
    assert "人工" in nobody.text
