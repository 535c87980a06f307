import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.amounts import Amount, amounts

DIGITS = "零一二三四五六七八九"


def yuan(text: str) -> list[float]:
    return [amount.fen / 100 for amount in amounts(text)]


def spelled(number: int) -> str:
    """A number below 100,000 in Chinese characters, written in full."""
    if number >= 10_000:
        rest = number % 10_000
        return (
            spelled(number // 10_000) + "万" + (("零" if rest < 1000 else "") + spelled(rest) if rest else "")
        )
    text, skipped = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            text += ("零" if skipped and text else "") + DIGITS[digit] + name
            skipped = False
        else:
            skipped = True
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5200", [5200]),
        ("5,200元", [5200]),
        ("５，２００元", [5200]),
        ("五千二的冰箱能便宜多少", [5200]),
        ("一万二", [12000]),
        ("沙发六千八加床四千二一共", [6800, 4200]),
        ("三样一块买", []),
        ("一百零一块的灶", [101]),
        ("一万零五百", [10500]),
        ("1万零800的电视", [10800]),
        ("一台八千八一台九千九", [8800, 9900]),
        ("3千9", [3900]),
        ("4k", [4000]),
        ("1.2万", [12000]),
        ("1万2千", [12000]),
        ("三百块的电风扇", [300]),
        ("两万五千八", [25800]),
        ("四千九百九十九块九", [4999.9]),
        ("99块9毛5", [99.95]),
        ("￥3999", [3999]),
        ("冰箱8800、电视6600", [8800, 6600]),
        ("一台1900一台4100", [1900, 4100]),
        ("3台电视，每台3100", [3100]),
        ("1.5匹空调2999", [2999]),
        ("KFR-35GW 3299", [3299]),
        ("5块钱", [5]),
        ("壹万贰仟元", [12000]),
        ("2000的电视", [2000]),
        ("2020块的冰箱", [2020]),
    ],
)
def test_reads_the_ways_people_write_money(text, expected):
    assert yuan(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "10月15日",
        "2024年10月",
        "每月1号、16号",
        "029-87035056",
        "120298829",
        "55寸电视",
        "1500W热水器",
        "4K电视",
        "一级能效",
        "万一没有呢",
        "几千块",
        "五六千",
        "两台空调",
        "2024家电补贴政策",
        "2025和2027废旧家电回收目标多少",
        "二手车出口2025、2027的目标各多少",
        "家电补贴截止日期2024",
        "",
    ],
)
def test_takes_nothing_else_for_money(text):
    assert amounts(text) == []


def test_tells_where_the_amount_stands():
    assert amounts("买5200元的") == [Amount(520_000, 1, 6)]


@given(st.integers(100, 999_999_999))
def test_reads_back_fen_written_as_yuan(fen):
    assert [amount.fen for amount in amounts(f"{fen / 100:.2f}元")] == [fen]


@given(st.integers(100, 9_999_999))
def test_reads_back_thousands_separated_by_commas(whole):
    assert yuan(f"{whole:,}元") == [whole]


@given(st.integers(100, 99_999))
def test_reads_back_numbers_spelled_in_characters(whole):
    assert yuan(f"{spelled(whole)}元") == [whole]


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([("千", 1000), ("万", 10_000)]))
def test_reads_the_short_form(head, tail, place):
    name, worth = place

    expected = [head * worth + tail * worth // 10]
    assert yuan(f"{DIGITS[head]}{name}{DIGITS[tail]}") == expected
    assert yuan(f"{head}{name}{tail}") == expected


@given(st.text(alphabet="0123456789.,元块万千百十一二两三零kwK¥台个月号 的", max_size=30))
def test_never_stumbles_and_places_fit(text):
    for amount in amounts(text):
        assert amount.fen >= 0
        assert 0 <= amount.start < amount.end <= len(text)
