"""The same questions as people really put them: in a long story, in one breath, misspelt, without a place."""

from __future__ import annotations

import pytest

from bot.dialogue import Dialogue, Memory
from bot.ports import Caller
from bot.replies import Reply
from tests.fakes.city import FakeCity


async def asked(dialogue: Dialogue, city: FakeCity, text: str, region: str | None = "yangling") -> Reply:
    """What somebody is told who has not signed in and says nothing else."""
    return await dialogue.answer(text, Memory(), Caller(None, region), city)


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("嗯就是呢我昨天在杨凌发布上看到说有那个消费券然后想问下几点钟可以抢", "10:00"),
        ("我们店如果参加这个活动补贴的钱是不是要我们先垫着然后什么时候能拿回来", "垫付"),
        ("我家有一台老空调还有一张旧床都不要了能不能一起来拉走要不要钱的", "免费回收"),
    ],
)
async def test_what_a_long_story_comes_down_to_is_answered(
    dialogue: Dialogue, city: FakeCity, story: str, told: str
) -> None:
    reply = await asked(dialogue, city, story)

    assert reply.intent == "answer"
    assert told in reply.text


@pytest.mark.parametrize(
    "story", ["孩子上大学了想问一下有没有助学贷款怎么申请", "我想考驾照应该去哪里报名啊要多少钱"]
)
async def test_a_story_about_something_else_is_declined(
    dialogue: Dialogue, city: FakeCity, story: str
) -> None:
    assert (await asked(dialogue, city, story)).intent == "decline"


@pytest.mark.parametrize(
    ("text", "region", "told"),
    [
        ("补贴多少 怎么领", "yangling", ("10%", "实名")),
        ("哪里领券，几点能领，领了多久过期", "yangling", ("实名", "10:00", "7 日")),
        ("旧的要交吗 新的要几级能效", "jining", ("交售", "一级、二级")),
        ("每件最高补多少 平板补不补", "yangling", ("1000", "没有列出")),
        ("店里要垫钱不 报告啥时候交", "yangling", ("垫付", "10月30日")),
        ("退货了补贴咋退 还有店家不给优惠找谁", "yangling", ("原路", "市场监管")),
    ],
)
async def test_several_questions_in_one_breath_are_all_answered(
    dialogue: Dialogue, city: FakeCity, text: str, region: str, told: tuple[str, ...]
) -> None:
    reply = await asked(dialogue, city, text, region)

    assert all(each in reply.text for each in told)


async def test_a_piece_too_short_to_mean_something_is_not_answered_by_itself(
    dialogue: Dialogue, city: FakeCity
) -> None:
    reply = await asked(dialogue, city, "券能送人吗，能卖吗")

    assert "转让" in reply.text
    assert "回收价" not in reply.text


@pytest.mark.parametrize(
    ("text", "region"),
    [("退获补贴怎么办", "yangling"), ("羊凌退货咋退补贴", None), ("海信65寸大屏电视能补吗", "yangling")],
)
async def test_spelling_maker_and_size_do_not_stand_in_the_way(
    dialogue: Dialogue, city: FakeCity, text: str, region: str | None
) -> None:
    reply = await asked(dialogue, city, text, region)

    assert reply.intent == "answer"
    assert reply.citations


async def test_what_no_place_says_is_declined_without_asking_for_the_place(
    dialogue: Dialogue, city: FakeCity
) -> None:
    reply = await asked(dialogue, city, "消费券要不要交个人所得税", None)

    assert reply.intent == "decline"
    assert "没有写" in reply.text
    assert "杨凌" in reply.text


async def test_what_some_place_says_is_asked_back(dialogue: Dialogue, city: FakeCity) -> None:
    for text in ("补贴多少", "退货怎么办", "农机归哪个部门负责", "三级能效行吗"):
        assert (await asked(dialogue, city, text, None)).intent == "clarify"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10月15号当天还能用券吗", "10月15日没有能用的券"),
        ("9月5号还能用券不", "9月5日能用"),
        ("10月8号以后券还能用不", "10月9日没有能用的券"),
        ("9月11号用上回抢的券来得及吗", "只能用到9月8日 24:00"),
        ("我8月16号抢的券 9月2号去能用吗", "8月23日 24:00，9月2日已经用不了"),
        ("9月1号抢的券9月6号用行吗", "9月6日还能用"),
        ("9月12号券还能用吗", "只能用到9月8日 24:00"),
        ("国庆节期间买家电能不能用这个补贴", "那时活动还没结束"),
        ("国庆还发券吗", "10月1日 10:00"),
    ],
)
async def test_whether_a_voucher_can_be_used_on_a_day_is_reckoned(
    dialogue: Dialogue, city: FakeCity, text: str, told: str
) -> None:
    reply = await asked(dialogue, city, text)

    assert told in reply.text
    assert reply.citations


@pytest.mark.parametrize("text", ["上周买了台冰箱没用券花了4300还能回头补不", "八月买的空调能补领吗"])
async def test_what_was_bought_without_a_voucher_gets_no_sum(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    reply = await asked(dialogue, city, text)

    assert "不行" in reply.text
    assert "430" not in reply.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yangling bu tie duo shao", "10%"),
        ("quan ji dian qiang", "10:00"),
        ("bing xiang 5000 neng bu duo shao", "补 500 元"),
    ],
)
async def test_what_is_typed_in_latin_letters_is_understood(
    dialogue: Dialogue, city: FakeCity, text: str, told: str
) -> None:
    assert told in (await asked(dialogue, city, text)).text


@pytest.mark.parametrize("text", ["冰箱和电视一共一万六补多少", "全屋家电四万我能补多少"])
async def test_things_with_one_price_between_them_are_asked_for_one_by_one(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    reply = await asked(dialogue, city, text)

    assert reply.intent == "quote"
    assert "合起来不超过" in reply.text


@pytest.mark.parametrize("text", ["把三千块额度用光得买多少钱的", "三千额度用满要买多少钱东西"])
async def test_a_room_to_be_used_up_is_a_goal_and_no_price(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    assert "30000 元" in (await asked(dialogue, city, text)).text


async def test_another_city_is_no_less_another_one_where_somebody_buys_there(
    dialogue: Dialogue, city: FakeCity
) -> None:
    reply = await asked(dialogue, city, "天津买电视能补多少", None)

    assert reply.intent == "decline"
    assert "天津" in reply.text


@pytest.mark.parametrize("text", ["护照过期了去哪换", "驾驶证到期在哪换", "养老院一个月多少钱"])
async def test_what_only_sounds_a_little_like_ours_is_declined(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    assert (await asked(dialogue, city, text)).intent == "decline"


@pytest.mark.parametrize("text", ["以旧换新政策2025", "25年家电补贴还有吗", "2023年的补贴多少"])
async def test_another_year_is_told_apart_however_it_is_written(
    dialogue: Dialogue, city: FakeCity, text: str
) -> None:
    reply = await asked(dialogue, city, text)

    assert "2024年" in reply.text
    assert "1000" not in reply.text


async def after(dialogue: Dialogue, city: FakeCity, *texts: str, region: str = "yangling") -> Reply:
    """What somebody is told at the end of a conversation."""
    memory = Memory()
    *_, last = [await dialogue.answer(text, memory, Caller(None, region), city) for text in texts]
    return last


@pytest.mark.parametrize("again", ["为什么", "什么意思", "真的吗", "没听懂"])
async def test_who_asks_again_is_told_again(dialogue: Dialogue, city: FakeCity, again: str) -> None:
    first = await after(dialogue, city, "一台最多补多少")

    reply = await after(dialogue, city, "一台最多补多少", again)

    assert first.text in reply.text
    assert reply.citations == first.citations


@pytest.mark.parametrize(
    ("question", "then", "clause"),
    [
        ("商家怎么拿到补贴款", "要多久", "细则四（三）"),
        ("参与商家名单什么时候公布", "在哪查", "细则二（二）"),
        ("商家先涨价怎么办", "找谁", "细则五（四）"),
    ],
)
async def test_half_a_question_belongs_to_the_one_before(
    dialogue: Dialogue, city: FakeCity, question: str, then: str, clause: str
) -> None:
    reply = await after(dialogue, city, question, then)

    assert [citation.clause for citation in reply.citations] == [clause]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("青州和济宁一年办几场车展", ("青州：", "2次", "济宁：", "60场")),
        ("杨凌和济宁的补贴有什么不一样", ("杨凌：", "10%", "济宁：", "没有规定")),
        ("重庆和辽宁都有上门回收吗", ("重庆：", "辽宁：", "免费拆装")),
    ],
)
async def test_places_that_are_compared_are_told_side_by_side(
    dialogue: Dialogue, city: FakeCity, text: str, told: tuple[str, ...]
) -> None:
    reply = await dialogue.answer(text, Memory(), Caller(None, None), city)

    assert reply.intent == "answer"
    assert all(each in reply.text for each in told)
