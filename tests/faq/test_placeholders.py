import pytest

from faq import placeholders
from faq.placeholders import NoSuchValue
from tests.faq.conftest import moment

NOON = moment("2024-09-01T12:00")


def test_fills_in_what_stands_in_the_rules(yangling):
    template = (
        "{fund.total}，{fund.split}，{subsidy.energy_grades}，{readiness.sellers}，{readiness.recyclers}"
    )

    text = placeholders.fill(template, yangling, NOON)

    assert text == "47.5 万元，1:1，一、二级，5 家，3 家"


def test_refuses_what_the_pack_has_nothing_for(yangling):
    with pytest.raises(NoSuchValue, match=r"figure\.unknown"):
        placeholders.fill("{figure.unknown}", yangling, NOON)


def test_graded_and_declared_goods_are_all_goods(yangling):
    values = placeholders.values_of(yangling, NOON)

    together = f"{values['subsidy.graded_categories']}、{values['subsidy.declared_categories']}"
    assert together == values["subsidy.categories"]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2024-08-01T12:00", "第一次发券是 8月16日 10:00"),
        ("2024-09-01T09:58", "下一次发券是今天（9月1日）10:00"),
        ("2024-09-01T10:00", "下一次发券是 9月16日 10:00"),
        ("2024-10-03T12:00", "10月1日 那次是最后一次发券，活动期内不会再有新的发券"),
        ("2024-10-16T00:00", "活动已经结束，不再发券"),
    ],
)
def test_tells_the_next_drop_of_the_moment(yangling, at, text):
    assert placeholders.values_of(yangling, moment(at))["calendar.next_drop_text"] == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2024-08-01T12:00", "还没有发过券"),
        ("2024-08-24T00:00", "已发出的券都已过期"),
        ("2024-09-01T10:00", "9月1日 发的券可以用到 9月8日 24:00"),
        ("2024-10-09T00:00", "所有券都已过期（最后一批用到 10月8日 为止）"),
    ],
)
def test_tells_which_vouchers_can_still_be_used(yangling, at, text):
    assert placeholders.values_of(yangling, moment(at))["calendar.usable_text"] == text


def test_reads_the_clock_in_china(yangling):
    in_utc = moment("2024-10-16T00:30").astimezone(tz=None)

    assert "已经结束" in placeholders.values_of(yangling, in_utc)["calendar.now_text"]
