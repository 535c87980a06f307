import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq import packs
from faq.matcher import NOT_OURS

LIBRARY = packs.load()
ASKINGS = [
    (pack.region, answer.id, asking)
    for pack in LIBRARY.packs.values()
    for answer in pack.answers
    for asking in answer.asks
]


@pytest.mark.parametrize("region", LIBRARY.packs)
def test_every_asking_finds_its_answer_first(matcher, region):
    for of, answer_id, asking in ASKINGS:
        if of == region:
            found = matcher.find(asking, region)
            assert (found.best.id, found.verdict) == (answer_id, "answer"), asking


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("杨凌家电以旧换新补多少", "subsidy-amount"),
        ("楊凌補多少錢", "subsidy-amount"),
        ("封顶能到几千块嘛", "item-cap"),
        ("一个人全部加一起顶多补好多", "person-cap"),
        ("是减完活动价再乘吗，按哪个价算", "price-basis"),
        ("卷几点放", "drop-days"),
        ("请问下一次发劵是啥时候呀", "drop-days"),
        ("手速慢没抢着咋办", "missed-drop"),
        ("还能领不", "window"),
        ("现在申请还来不来得及", "window"),
        ("领了券不用会过期不", "validity"),
        ("怎么操作才能领到券", "claim-steps"),
        ("非本地户口可以不", "residence"),
        ("能跟国补叠加不", "stacking"),
        ("三级能效可以补吗", "energy-grade"),
        ("手机补不补", "products-unlisted"),
        ("空调补不补", "product-listed"),
        ("退货了补贴退到哪里去", "refund"),
        ("可以上门收旧空调吗", "pickup"),
        ("你好，旧冰箱一定要交给店里吗？", "old-unit"),
        ("名单上有哪些商家", "shops"),
        ("打什么号码咨询", "contact"),
        ("销售企业要有几家才行", "enterprise-count"),
        ("清算报告最晚几号", "clearing-report"),
    ],
)
def test_understands_other_words_for_the_same(matcher, question, answer):
    found = matcher.find(question, "yangling")

    assert (found.best.id, found.verdict) == (answer, "answer")


@pytest.mark.parametrize(
    "question",
    [
        "今天股票涨了没",
        "帮我写一首诗",
        "明早下雨吗",
        "房贷利率多少",
        "怎么学好英语",
        "哈哈哈",
        "3q",
        "……",
        "🙂",
        "",
    ],
)
def test_does_not_answer_what_no_document_is_about(matcher, question):
    assert matcher.find(question, "yangling").verdict != "answer"


@pytest.mark.parametrize("region", LIBRARY.packs)
@pytest.mark.parametrize(
    "question", ["高温补贴什么时候发", "人才补贴怎么申请", "午餐补贴多少钱", "生育津贴怎么领"]
)
def test_another_benefit_never_gets_the_answer_of_ours(matcher, region, question):
    found = matcher.find(question, region)

    assert found.verdict == "none" or found.best.topic in NOT_OURS


@pytest.mark.parametrize(
    ("question", "region", "topic"),
    [
        ("农机补贴怎么申请", "qingzhou", "farm"),
        ("国家补贴能叠加吗", "yangling", "stacking"),
        ("政府补贴多少", "yangling", "subsidy_amount"),
    ],
)
def test_a_benefit_the_region_knows_is_no_other(matcher, question, region, topic):
    assert matcher.find(question, region).best.topic == topic


@pytest.mark.parametrize("question", ["青岛消费券怎么领", "武汉的券几点发", "成都补多少"])
def test_never_answers_for_a_place_no_pack_covers(matcher, question):
    found = matcher.find(question, "yangling")

    assert (found.best, found.verdict, found.confidence) == (None, "none", 0.0)


def test_a_place_in_the_text_wins_over_the_region_handed_over(matcher):
    for region in LIBRARY.packs:
        assert matcher.find("杨凌的券几点发", region).region == "yangling"


def test_without_a_region_looks_everywhere(matcher):
    found = matcher.find("消费券投放时间在哪个官网公布", None)

    assert found.region == "yangling"


def test_offers_others_that_were_likely_too(matcher):
    found = matcher.find("最高补多少", "yangling")

    assert {"person-cap"} <= {other.id for other in found.others}
    assert found.best not in found.others


@given(st.text(max_size=500), st.sampled_from([None, *LIBRARY.packs]))
def test_whatever_is_typed_confidence_stays_between_nothing_and_certain(matcher, text, region):
    found = matcher.find(text, region)

    assert 0.0 <= found.confidence <= 1.0
    assert (found.best is not None) or found.verdict == "none"


def test_is_quick(matcher):
    took = []
    for _, _, asking in ASKINGS[::40]:
        began = time.perf_counter()
        matcher.find(asking, "yangling")
        took.append(time.perf_counter() - began)

    assert statistics.median(took) < 0.005
