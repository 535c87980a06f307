from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import days
from bot.days import Unclear

SUNDAY = date(2024, 9, 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("今天", date(2024, 9, 1)),
        ("今晚", date(2024, 9, 1)),
        ("明天上午", date(2024, 9, 2)),
        ("明儿", date(2024, 9, 2)),
        ("后天下午", date(2024, 9, 3)),
        ("大后天", date(2024, 9, 4)),
        ("三天后", date(2024, 9, 4)),
        ("周六", date(2024, 9, 7)),
        ("周日", date(2024, 9, 1)),
        ("这周日", date(2024, 9, 1)),
        ("下周二", date(2024, 9, 3)),
        ("下下周二", date(2024, 9, 10)),
        ("下个星期天", date(2024, 9, 8)),
        ("周末", date(2024, 9, 7)),
        ("9月3号", date(2024, 9, 3)),
        ("十月三日", date(2024, 10, 3)),
        ("09-03", date(2024, 9, 3)),
        ("9/16", date(2024, 9, 16)),
        ("2024-09-20", date(2024, 9, 20)),
        ("三号", date(2024, 9, 3)),
        ("二十三号", date(2024, 9, 23)),
        ("廿三号", date(2024, 9, 23)),
        ("1号", date(2024, 9, 1)),
        ("31号", date(2024, 10, 31)),
        ("国庆", date(2024, 10, 1)),
        ("元旦", date(2025, 1, 1)),
        ("1月3号", date(2025, 1, 3)),
        ("明天不行，后天吧", date(2024, 9, 3)),
        ("改到9月5号", date(2024, 9, 5)),
        ("下周三上午", date(2024, 9, 4)),
        ("后天下午三点", date(2024, 9, 3)),
        ("月底", date(2024, 9, 30)),
        ("这个月底", date(2024, 9, 30)),
        ("下月底", date(2024, 10, 31)),
        ("12月底", date(2024, 12, 31)),
        ("下个月5号", date(2024, 10, 5)),
        ("两周后", date(2024, 9, 15)),
    ],
)
def test_a_day_is_read_as_it_is_meant(said: str, meant: date) -> None:
    assert days.day(said, SUNDAY) == meant


@pytest.mark.parametrize(
    "said",
    [
        "2月30日",
        "十月三十二号",
        "9月31号",
        "13月1号",
        "32号",
        "昨天",
        "前天",
        "8月20号",
        "这周六",
        "下周",
        "上周五",
        "下个月32号",
    ],
)
def test_a_day_that_cannot_be_meant_is_refused_kindly(said: str) -> None:
    with pytest.raises(Unclear) as refused:
        days.day(said, SUNDAY)

    assert "请" in str(refused.value)


@pytest.mark.parametrize(
    "said", ["康乐路12号", "3号楼2单元", "五千二", "冰箱", "", "1-2栋", "我家在5号院", "第3号"]
)
def test_what_is_no_day_is_left_alone(said: str) -> None:
    assert days.day(said, SUNDAY) is None


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(0, 150))
def test_a_day_written_out_reads_back(today: date, ahead: int) -> None:
    meant = today + timedelta(days=ahead)

    assert days.day(f"{meant.month}月{meant.day}号", today) == meant
    assert days.day(meant.isoformat(), today) == meant


@given(st.text(max_size=80), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_any_text_is_a_day_or_none_or_unclear(text: str, today: date) -> None:
    try:
        meant = days.day(text, today)
    except Unclear:
        return

    assert meant is None or meant >= today


@given(st.integers(1, 39))
def test_a_number_in_characters_reads_back(value: int) -> None:
    signs = "零一二三四五六七八九"
    tens, ones = divmod(value, 10)
    said = ("" if tens == 0 else "十" if tens == 1 else signs[tens] + "十") + (signs[ones] if ones else "")

    assert days.number(said) == value


def test_several_days_are_all_found() -> None:
    assert days.days_named("9月2号的改到9月4号", SUNDAY) == [date(2024, 9, 2), date(2024, 9, 4)]
