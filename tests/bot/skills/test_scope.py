"""What lies outside a document is said to, and never gets the figures or steps of what lies inside."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from bot.replies import Reply
from faq.packs import Library
from faq.rules import CHINA
from tests.fakes.city import FakeCity

SUMMER = datetime(2024, 9, 3, 10, 30, tzinfo=CHINA)


@pytest.mark.parametrize("said", ["2023年的补贴标准", "去年的补贴标准是多少", "2019年的券怎么发的"])
async def test_another_year_gets_no_figures_of_ours(dialogue: Dialogue, library: Library, said: str) -> None:
    reply = await _reply(said, "yangling", dialogue, library)

    assert reply.intent == "decline"
    assert "2024年这一轮" in reply.text
    assert "10%" not in reply.text


async def test_the_programmes_own_year_is_answered(dialogue: Dialogue, library: Library) -> None:
    reply = await _reply("2024年补贴标准", "yangling", dialogue, library)

    assert (reply.intent, "10%" in reply.text) == ("answer", True)


async def test_last_year_is_the_programmes_once_a_year_has_passed(
    dialogue: Dialogue, library: Library
) -> None:
    reply = await _reply("去年的补贴标准是多少", "yangling", dialogue, library, SUMMER.replace(year=2025))

    assert "2024年这一轮" not in reply.text


async def test_a_plan_says_of_which_year_it_is(dialogue: Dialogue, library: Library) -> None:
    reply = await _reply("青州2022年的补贴怎么发的", "qingzhou", dialogue, library)

    assert (reply.intent, "没有写 2022年" in reply.text) == ("decline", True)


@pytest.mark.parametrize("said", ["手机补贴15%怎么领", "汽车补贴怎么申请", "平板补贴怎么领取"])
async def test_goods_that_are_not_listed_get_no_steps(
    dialogue: Dialogue, library: Library, said: str
) -> None:
    reply = await _reply(said, "yangling", dialogue, library)

    assert reply.intent == "decline"
    assert [citation.clause for citation in reply.citations] == ["细则二（一）"]


async def test_a_telephone_to_claim_with_is_no_goods(dialogue: Dialogue, library: Library) -> None:
    reply = await _reply("手机上怎么领券", "yangling", dialogue, library)

    assert reply.intent == "answer"


async def test_no_price_is_reckoned_for_what_is_not_listed(dialogue: Dialogue, library: Library) -> None:
    reply = await _reply("洗碗机补1000对吧", "yangling", dialogue, library)

    assert (reply.intent, "没有写洗碗机" in reply.text, "10000" in reply.text) == ("decline", True, False)


async def test_what_is_listed_is_summed_beside_what_is_not(dialogue: Dialogue, library: Library) -> None:
    reply = await _reply("洗碗机3500冰箱4200", "yangling", dialogue, library)

    assert (reply.intent, "补 420 元" in reply.text, "没有写洗碗机" in reply.text) == ("quote", True, True)


async def _reply(
    said: str, region: str, dialogue: Dialogue, library: Library, at: datetime = SUMMER
) -> Reply:
    return await dialogue.answer(said, Memory(), Caller(None, region), FakeCity(library, at))
