from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prices import MOST_ITEMS, basket, with_pauses
from faq.packs import Library
from faq.text import plain


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("五千二的冰箱能便宜多少", [("fridge", 5200)]),
        ("冰箱12000、空调15000", [("fridge", 12000), ("ac", 15000)]),
        ("两台空调，一台2600一台3100", [("ac", 2600), ("ac", 3100)]),
        ("客厅空调9000，卧室三台各2500", [("ac", 9000), ("ac", 2500), ("ac", 2500), ("ac", 2500)]),
        ("空调3台，每台4500", [("ac", 4500)] * 3),
        ("买两台5000的电视", [("tv", 5000)] * 2),
        ("冰箱、洗衣机各4000", [("fridge", 4000), ("washer", 4000)]),
        ("一万一的冰箱和两千三的燃气灶", [("fridge", 11000), ("gas_stove", 2300)]),
        ("沙发8000床6000", [("sofa", 8000), ("bed", 6000)]),
        ("４８００元的空调", [("ac", 4800)]),
        ("标价6000打九折的冰箱", [("fridge", 5400)]),
        ("6000的电视打八五折", [("tv", 5100)]),
        ("原价6000活动价4500的冰箱", [("fridge", 4500)]),
        ("冰箱5200，店里又减了200", [("fridge", 5000)]),
        ("9880的滚筒，店家又让了300", [("washer", 9580)]),
        ("冰箱标价7999，店庆价6599", [("fridge", 6599)]),
        ("四千块的冰箱减四百对不对", [("fridge", 4000)]),
        ("一台八千八一台九千九的空调", [(None, 8800), ("ac", 9900)]),
        ("两台空调是不是一共能减两千", []),
        ("5000块的能补多少", [(None, 5000)]),
        ("满5000减500的活动，5800的空调补多少", [("ac", 5300)]),
        ("电视4999，店里送200代金券，再补多少", [("tv", 4799)]),
        ("空调两千八一台买三台", [("ac", 2800)] * 3),
        ("2800的空调，我要装两台", [("ac", 2800)] * 2),
        ("两口子各买一台一万二的电视", [("tv", 12000)] * 2),
        ("壹万元的空调", [("ac", 10000)]),
        ("单价3500的空调5台", [("ac", 3500)] * 5),
        ("三样家电加起来一万八", [(None, 6000)] * 3),
        ("六千六的空调打完折五千八，按哪个补", [("ac", 5800)]),
        ("冰箱3000元，补贴后2700对吧", [("fridge", 3000)]),
        ("热水器原价2599现价1999补贴后", [("water_heater", 1999)]),
        ("冰箱5000洗衣机3000一共8000", [("fridge", 5000), ("washer", 3000)]),
        ("油烟机2400燃气灶1200打包3300", [(None, 3300)]),
        ("冰箱5000，洗衣机和电视一共7000", [("fridge", 5000), ("tv", 7000)]),
        ("两张床一张3600一张2400", [("bed", 3600), ("bed", 2400)]),
        ("三台空调分别是3000、4000、5000", [("ac", 3000), ("ac", 4000), ("ac", 5000)]),
        ("7300的彩电补贴之后是不是6570", [("tv", 7300)]),
        ("8600的冰箱店员说用券能减860", [("fridge", 8600)]),
        ("空调3000优惠了500", [("ac", 2500)]),
        ("热水器1500块和油烟机2600块一块儿买", [("water_heater", 1500), ("range_hood", 2600)]),
        ("俩人各买一台9400的空调", [("ac", 9400)] * 2),
        ("2018年买的55寸电视", []),
        ("", []),
    ],
)
def test_items_are_read_with_their_deal_price(
    said: str, lines: list[tuple[str | None, int]], library: Library
) -> None:
    read = basket(plain(said), library.categories)

    assert [(line.category, line.price_fen) for line in read.lines] == [
        (key, yuan * 100) for key, yuan in lines
    ]


@pytest.mark.parametrize(
    ("said", "used", "target"),
    [
        ("已经补了2700，再买5000的电脑还能补多少", 2700, None),
        ("前面领了1500的补贴，再买8000的冰箱", 1500, None),
        ("想拿满1000最少买多少钱的", None, 1000),
        ("想补800要买多少钱的", None, 800),
        ("补500的话成交价是多少", None, 500),
        ("两台空调是不是一共能减两千", None, 2000),
        ("听说能省5000是真的吗", None, 5000),
    ],
)
def test_what_was_received_and_what_is_wanted_are_no_prices(
    said: str, used: int | None, target: int | None, library: Library
) -> None:
    read = basket(plain(said), library.categories)

    assert read.used_fen == (used * 100 if used else None)
    assert read.target_fen == (target * 100 if target else None)


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        ("冰箱一万五 空调九千 两样能补多少", [("fridge", 15000), ("ac", 9000)]),
        ("我买2台电脑 一台6999 一台4999", [("computer", 6999), ("computer", 4999)]),
        ("两个床各4500 一个沙发7000 共补", [("bed", 4500), ("bed", 4500), ("sofa", 7000)]),
        ("买 1 台 2599 元的 洗衣机 和 1 台 1899 的 热水器", [("washer", 2599), ("water_heater", 1899)]),
    ],
)
def test_a_blank_parts_two_words_as_a_comma_would(
    raw: str, lines: list[tuple[str, int]], library: Library
) -> None:
    read = basket(with_pauses(raw), library.categories)

    assert [(line.category, line.price_fen) for line in read.lines] == [
        (key, yuan * 100) for key, yuan in lines
    ]


@pytest.mark.parametrize(
    ("said", "paid"),
    [
        ("补完是4500，那原价多少", 4500),
        ("手里有9000块，加上补贴能买多少钱的", 9000),
        ("付了4500的冰箱", None),
    ],
)
def test_what_is_paid_in_the_end_is_no_price_where_the_price_is_asked(
    said: str, paid: int | None, library: Library
) -> None:
    read = basket(plain(said), library.categories)

    assert read.paid_fen == (paid * 100 if paid else None)


@given(st.text(alphabet="冰箱空调台一二三两各每的元块万千百0123456789，、打折补了 ", max_size=120))
def test_any_text_is_a_basket_of_bounded_size(library: Library, text: str) -> None:
    read = basket(plain(text), library.categories)

    assert len(read.lines) <= MOST_ITEMS
    assert all(line.price_fen >= 0 for line in read.lines)


@given(st.integers(100, 99_999))
def test_a_price_reads_back(library: Library, yuan: int) -> None:
    read = basket(f"{yuan}元的冰箱补多少", library.categories)

    assert [(line.category, line.price_fen) for line in read.lines] == [("fridge", yuan * 100)]
