from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from bot.replies import LONGEST, Reply
from faq.packs import Library
from faq.rules import CHINA
from tests.fakes.city import FakeCity

RESIDENT = Caller("resident-1", "yangling")
NOBODY = Caller(None, "yangling")
INTENTS = {
    "answer", "quote", "clarify", "suggest", "decline", "smalltalk", "book_pickup", "reschedule",
    "cancel_booking", "booking_status", "estimate", "wallet", "claim", "drops", "reminder",
    "reminder_cancel", "points", "shops", "complaint", "human",
}  # fmt: skip
KINDS = {
    "sign_in", "pickup", "slots", "quote", "voucher", "drop", "reminder", "ticket", "shops", "points",
    "phone",
}  # fmt: skip
MOMENTS = [
    datetime(2024, 8, 1, 9, tzinfo=CHINA),
    datetime(2024, 9, 1, 9, 58, tzinfo=CHINA),
    datetime(2024, 10, 16, tzinfo=CHINA),
    datetime(2026, 11, 21, 12, tzinfo=CHINA),
]
WORDS = """
冰箱 空调 补多少 五千 3000 明天 下午 9月31号 康乐路12号 预约 上门 取消 改 提醒 领券 券 算了 确认 是的 不 杨凌
济宁 青岛 呢 那 ？ ， 你好 谢谢 值多少 回收点 商家 投诉 人工 几点
过期 一共 三台各 打九折 已经补了 拿满 👍 第二个 全部
"""
words = st.sampled_from(WORDS.split())
messages = st.one_of(st.text(max_size=600), st.lists(words, max_size=8).map("".join))


async def say(dialogue: Dialogue, city: FakeCity, *texts: str, caller: Caller = RESIDENT) -> Reply:
    """The reply to the last of some messages of one person."""
    memory, reply = Memory(), None
    for text in texts:
        memory = Memory.from_json(json.loads(json.dumps(memory.to_json())))
        reply = await dialogue.answer(text, memory, caller, city)
    assert reply is not None
    return reply


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(messages, min_size=1, max_size=6),
    at=st.sampled_from(MOMENTS),
    region=st.sampled_from([None, "yangling", "jining", "nowhere"]),
    signed_in=st.booleans(),
)
def test_any_conversation_goes_on(
    dialogue: Dialogue, library: Library, texts: list[str], at: datetime, region: str | None, signed_in: bool
) -> None:
    async def talk() -> None:
        memory, city = Memory(), FakeCity(library, at)
        for text in texts:
            reply = await dialogue.answer(text, memory, Caller("r" if signed_in else None, region), city)

            assert 0 < len(reply.text) <= LONGEST
            assert reply.intent in INTENTS
            assert {action.kind for action in reply.actions} <= KINDS
            assert 0 <= reply.confidence <= 1
            assert reply.intent != "smalltalk" or not reply.citations
            kept = json.dumps(memory.to_json(), ensure_ascii=False)
            assert len(kept) < 12_000
            memory = Memory.from_json(json.loads(kept))

    asyncio.run(talk())


async def test_conversations_at_the_same_time_do_not_mix(dialogue: Dialogue, library: Library) -> None:
    async def one(number: int) -> str:
        city = FakeCity(library, MOMENTS[1])
        said = ("预约上门回收", "冰箱" if number % 2 else "空调", "明天上午", f"康乐路{number + 1}号", "确认")
        return (await say(dialogue, city, *said, caller=Caller(f"r{number}", "yangling"))).text

    texts = await asyncio.gather(*(one(number) for number in range(20)))

    for number, text in enumerate(texts):
        assert ("回收冰箱" if number % 2 else "回收空调") in text
        assert f"康乐路{number + 1}号。" in text


async def test_a_time_that_went_meanwhile_is_replaced_by_the_next(dialogue: Dialogue, city: FakeCity) -> None:
    memory = Memory()
    for text in ("明天上午来收旧冰箱", "康乐路12号501室"):
        await dialogue.answer(text, memory, RESIDENT, city)
    city.taken.add("2024090209杨陵区")

    again = await dialogue.answer("确认", memory, RESIDENT, city)
    done = await dialogue.answer("好的", memory, RESIDENT, city)

    assert "刚刚被约走了" in again.text
    assert "11:00–13:00" in again.text
    assert done.text.startswith("约好了：9月2日（周一）上午 11:00–13:00")


async def test_what_was_done_carries_the_id_of_what_it_made(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "明天上午来收旧冰箱，地址康乐路12号501室", "确认")

    assert reply.intent == "book_pickup"
    assert [(action.kind, action.id) for action in reply.actions] == [("pickup", "p1")]


async def test_signing_out_ends_what_was_under_way(dialogue: Dialogue, city: FakeCity) -> None:
    memory = Memory()
    await dialogue.answer("预约上门回收", memory, RESIDENT, city)

    reply = await dialogue.answer("冰箱", memory, NOBODY, city)

    assert memory.task is None
    assert reply.intent != "book_pickup" or "登录" in reply.text


@pytest.mark.parametrize(
    ("text", "intent", "word"),
    [
        ("打开卡包", "wallet", "券"),
        ("帮我抢券", "claim", "券"),
        ("上门收一下旧空调", "book_pickup", "预约"),
        ("师傅怎么还没来", "booking_status", "预约"),
        ("取消上门", "cancel_booking", "取消"),
        ("换个时间上门", "reschedule", "预约"),
        ("开抢前喊我一声", "reminder", "提醒"),
        ("关掉提醒", "reminder_cancel", "取消"),
        ("给我接人工", "human", "人工"),
        ("我要举报一家店", "complaint", "投诉"),
    ],
)
async def test_what_is_personal_asks_to_sign_in(
    dialogue: Dialogue, city: FakeCity, text: str, intent: str, word: str
) -> None:
    reply = await say(dialogue, city, text, caller=NOBODY)

    assert reply.intent == intent
    assert word in reply.text
    assert "登录" in reply.text
    assert [action.kind for action in reply.actions] == ["sign_in"]


async def test_a_place_in_the_text_wins_and_is_remembered(dialogue: Dialogue, city: FakeCity) -> None:
    memory = Memory()

    first = await dialogue.answer("济宁有哪几类家电能补", memory, RESIDENT, city)
    second = await dialogue.answer("归哪个部门管", memory, RESIDENT, city)

    assert {citation.region for citation in (*first.citations, *second.citations)} == {"jining"}


async def test_a_place_chosen_in_the_client_later_counts(dialogue: Dialogue, city: FakeCity) -> None:
    memory = Memory()
    await dialogue.answer("济宁有哪几类家电能补", memory, RESIDENT, city)

    reply = await dialogue.answer("哪几类家电能补", memory, Caller("r", "chongqing"), city)

    assert memory.region == "chongqing"
    assert {citation.region for citation in reply.citations} <= {"chongqing"}


async def test_whether_something_is_possible_books_nothing(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "可以上门收旧空调吗")

    assert reply.intent == "answer"
    assert reply.citations
    assert "pickup" in {action.kind for action in reply.actions}


@pytest.mark.parametrize("text", ["阳台漏水了谁来赔", "小区停车位怎么申请", "社保断缴了怎么办"])
async def test_what_no_document_says_is_declined_with_a_way_on(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    reply = await say(dialogue, city, text)

    assert reply.intent in ("decline", "suggest")
    assert not reply.citations
    assert "ticket" in {action.kind for action in reply.actions}


async def test_no_place_gets_the_telephone_of_another(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "小区停车位怎么申请", caller=Caller(None, "jining"))

    assert "029" not in reply.text
    assert "phone" not in {action.kind for action in reply.actions}


@pytest.mark.parametrize("text", ["你好", "谢谢", "哈哈哈", "你真笨", "明天会下雨吗", "3q", "👍", "？？"])
async def test_small_talk_cites_nothing(dialogue: Dialogue, city: FakeCity, text: str) -> None:
    reply = await say(dialogue, city, text, caller=Caller())

    assert reply.intent == "smalltalk"
    assert not reply.citations


async def test_what_looks_like_small_talk_may_be_a_question(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "公司给员工宿舍买空调能享受补贴吗")

    assert reply.citations


async def test_each_of_several_things_is_answered(dialogue: Dialogue, city: FakeCity) -> None:
    unlike = await say(dialogue, city, "床垫、沙发能补吗")
    alike = await say(dialogue, city, "冰箱和洗衣机能补吗")

    assert unlike.intent == "answer"
    assert [line.split("：")[0] for line in unlike.text.splitlines()] == ["床垫", "沙发"]
    assert "：" not in alike.text.splitlines()[0][:6]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("怎么注销", "注销账号"),
        ("导出我的信息", "导出"),
        ("删除我的数据", "不能恢复"),
        ("退出登录", "所有设备"),
        ("谁看过我的信息", "查看记录"),
    ],
)
@pytest.mark.parametrize("caller", [RESIDENT, Caller()])
async def test_what_people_may_do_with_their_data_is_said(
    dialogue: Dialogue, city: FakeCity, text: str, word: str, caller: Caller
) -> None:
    reply = await say(dialogue, city, text, caller=caller)

    assert (reply.intent, reply.citations) == ("answer", ())
    assert word in reply.text
    assert ("sign_in" in {action.kind for action in reply.actions}) is (caller.id is None)


@pytest.mark.parametrize(
    "text",
    ["预约回收要钱吗", "领券有什么条件", "人工费补不补", "提前多久公布商家名单", "投诉商家涨价找哪个部门"],
)
async def test_a_question_that_names_a_deed_is_a_question(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    reply = await say(dialogue, city, text, caller=NOBODY)

    assert reply.intent in ("answer", "decline", "suggest")


async def test_a_quote_is_the_citys_own_sum(dialogue: Dialogue, city: FakeCity) -> None:
    reply = await say(dialogue, city, "5200的冰箱补多少")

    assert reply.intent == "quote"
    assert "520 元" in reply.text
    cited = {f"{one.region}#{one.clause}" for one in reply.citations}
    assert cited == {"yangling#细则三", "yangling#细则二（一）", "yangling#细则一"}
    assert all(f"（{clause.partition('#')[2]}）" in reply.text for clause in cited)
    assert {one.status for one in reply.citations} == {"in_force"}


@pytest.mark.parametrize("at", MOMENTS[2:])
async def test_after_the_end_a_quote_says_that_it_is_over(
    dialogue: Dialogue, library: Library, at: datetime
) -> None:
    reply = await say(dialogue, FakeCity(library, at), "5200的冰箱补多少")

    assert "结束" in reply.text
    assert {one.status for one in reply.citations} == {"expired"}


@pytest.mark.parametrize("region", ["jining", "qingzhou", "chongqing", "liaoning"])
async def test_no_sum_is_invented_where_the_document_fixes_none(
    dialogue: Dialogue, city: FakeCity, region: str
) -> None:
    reply = await say(dialogue, city, "5200的冰箱补多少", caller=Caller(None, region))

    assert reply.intent == "decline"
    assert "520" not in reply.text
