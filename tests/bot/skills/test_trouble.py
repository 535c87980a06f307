"""Where the mini-program itself does not work nobody gets a rule for an answer, but something to try."""

from __future__ import annotations

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from tests.fakes.city import FakeCity


@pytest.mark.parametrize(
    "said",
    [
        "小程序老是打不开",
        "页面一直白屏",
        "验证码等了半天也没收到",
        "收不到验证码咋整",
        "登录不上去",
        "点进活动页卡住了",
        "系统繁忙是咋回事",
    ],
)
@pytest.mark.parametrize("region", ["yangling", "liaoning", None])
async def test_trouble_is_told_what_to_try(
    dialogue: Dialogue, city: FakeCity, said: str, region: str | None
) -> None:
    reply = await dialogue.answer(said, Memory(), Caller(None, region), city)

    assert reply.intent == "decline"
    assert "转人工" in reply.text
    assert not reply.citations


async def test_who_waits_for_a_code_is_warned_not_to_pass_it_on(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await dialogue.answer("验证码收不到", Memory(), Caller(None, "yangling"), city)

    assert "别告诉别人" in reply.text


@pytest.mark.parametrize("said", ["空调打不开了能换新吗", "页面上的券在哪看", "为啥我领不了券"])
async def test_other_trouble_has_its_own_answer(dialogue: Dialogue, city: FakeCity, said: str) -> None:
    reply = await dialogue.answer(said, Memory(), Caller(None, "yangling"), city)

    assert "换个网络" not in reply.text
