import pytest

from faq.wording import Normaliser


@pytest.fixture(scope="module")
def normaliser(library) -> Normaliser:
    return Normaliser(library)


def test_place_greeting_and_punctuation_do_not_matter(normaliser):
    assert normaliser.wording("你好，杨凌的券几点发啊？").text == normaliser.wording("的券几点发").text


def test_any_appliance_reads_alike_but_is_remembered(normaliser):
    fridge, ac = normaliser.wording("冰箱补多少"), normaliser.wording("空调补多少")

    assert fridge.text == ac.text
    assert (fridge.things, ac.things) == (("fridge",), ("ac",))


def test_numbers_read_alike(normaliser):
    assert normaliser.wording("10月16号有吗").text == normaliser.wording("9月1号有吗").text


def test_digits_that_are_part_of_a_name_stay(normaliser):
    assert normaliser.wording("5G网络").text == "5g网络"


def test_sees_what_is_asked_about(normaliser):
    assert normaliser.wording("这归谁管").aspects == {"authority"}
    assert "when" in normaliser.wording("啥时候发").aspects


def test_maker_and_build_of_a_thing_do_not_matter(normaliser):
    plain = normaliser.wording("电视能补吗")

    assert normaliser.wording("海信的电视能补吗") == plain
    assert normaliser.wording("65寸大屏电视能补吗") == plain
    assert normaliser.wording("京东能补吗").text == "京东能补吗"
