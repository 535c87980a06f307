"""What WeChat takes in the fields of a subscribe message."""

import pytest

from miniapi.sandbox.templates import TEMPLATES
from miniapi.sandbox.values import SHAPES, is_accepted

TAKEN = [
    ("thing1", "二" * 20),
    ("number2", "12.5"),
    ("letter1", "ABC"),
    ("symbol1", "!?"),
    ("character_string1", "PK-20240901-7"),
    ("time2", "15:01"),
    ("time2", "2019年10月1日 15:01"),
    ("time2", "2024-09-01 08:00:30"),
    ("time2", "2024年9月1日 10:00~12:00"),
    ("date3", "2018/01/01"),
    ("date3", "2018.01.01"),
    ("date3", "2024年9月1日 10:00"),
    ("amount2", "¥299.9"),
    ("amount2", "520元"),
    ("phone_number1", "+86-13812345678"),
    ("car_number1", "陕A12345"),
    ("name1", "欧阳小红"),
    ("name1", "Alexander Hamilton"),
    ("phrase2", "处理中"),
]
REFUSED = [
    ("thing1", "二" * 21),
    ("thing1", "两\n行"),
    ("thing1", ""),
    ("number2", "十"),
    ("character_string1", "单号1"),
    ("character_string1", "x" * 33),
    ("time2", "25:00"),
    ("time2", "明天"),
    ("amount2", "12345678901"),
    ("amount2", "520 元"),
    ("name1", "名字超过了十个汉字的人"),
    ("phrase2", "done"),
    ("phrase2", "正在处理之中"),
]


@pytest.mark.parametrize(("field", "value"), TAKEN)
def test_takes_what_fits_the_type(field, value):
    assert is_accepted(field, value)


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_refuses_what_does_not(field, value):
    assert not is_accepted(field, value)


def test_every_field_of_every_template_has_a_known_type():
    assert {name.rstrip("0123456789") for one in TEMPLATES for name in one.fields} <= SHAPES.keys()
