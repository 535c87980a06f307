import pytest

from miniapi.masking import HIDDEN, masked, masked_value, masked_words
from miniapi.sandbox.state import openid_of
from tests.factories.people import an_id_number

PHONE, TOKEN = "13812345678", "Zr3-kq_9dXcVb0NmLkJhGfDsAqWeRtYuIoP1x2C3v4B"


class TestMasked:
    @pytest.mark.parametrize(
        ("said", "left"),
        [
            (f"sent to {PHONE}", "sent to ***"),
            (f"phone{PHONE}x", "phone***x"),
            (f"\n{PHONE}", "\n***"),
            ("138-1234-5678 and +86 138 1234 5678", "*** and +86 ***"),
            (f"of {an_id_number()}.", "of ***."),
            ("110105194912310021X is nobody's", "110105194912310021X is nobody's"),
            ("11010519491231002x is somebody's", "*** is somebody's"),
            (f"openid={openid_of('alice')}", "openid=***"),
            (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
            ("bearer short", "bearer ***"),
            (f"the token {TOKEN}", "the token ***"),
            ("rid: 13812345678", "rid: ***"),
            ("/sns/x?appid=wx1&secret=hush&js_code=abc", "/sns/x?appid=wx1&secret=***&js_code=***"),
            (
                "duplicate key value\nDETAIL:  Key (openid)=(o12\n3) already exists.\nHINT:  none",
                "duplicate key value\nDETAIL:  ***\nHINT:  none",
            ),
            ("bad row\nDETAIL:  Failing row contains (1, 张三).", "bad row\nDETAIL:  ***"),
            (
                "invalid input for query argument $1: '张三' (expected str)",
                "invalid input for query argument $1: ***",
            ),
            ('invalid input syntax for type uuid: "张三"', "invalid input syntax for type uuid: ***"),
            (
                "name [type=x, input_value='张三', input_type=str]",
                "name [type=x, input_value=***, input_type=str]",
            ),
        ],
    )
    def test_personal_things_are_gone(self, said, left):
        assert masked(said) == left

    @pytest.mark.parametrize(
        "said",
        [
            "drop 019a0b1c-1381-2345-6781-381234567812 opened",
            "request 13812345678138123456781381234567",
            f"the audit log ends with event 7, hash {'a13812345678b000' * 4}",
            "wechat refuses with 85079: error rid: 66d3e6c0-19f4f138-12345678",
            "opened the drops of 2024-09-01T10:00:00+08:00, 2024-09-16T10:00:00+08:00",
            "ticket 1234567890, 17000000000000 ns, 12345678901 bytes",
            "one_voucher_per_person_and_drop_in_a_programme, officer_of_the_day_in_charge",
            "wechat /cgi-bin/message/subscribe/send: ConnectionTimeoutError",
        ],
    )
    def test_what_operators_need_stays(self, said):
        assert masked(said) == said

    def test_a_traceback_after_a_quoted_row_stays(self):
        trace = "UniqueViolationError: no\nDETAIL:  Key (phone)=(1)\n\nThe above exception was\n  File x.py"

        assert masked(trace).endswith(f"DETAIL:  {HIDDEN}\n\nThe above exception was\n  File x.py")


class TestMaskedValue:
    def test_looks_into_what_it_is_given(self):
        value = {"to": [PHONE, {"by": an_id_number()}], PHONE: 1}

        assert masked_value(value) == {"to": [HIDDEN, {"by": HIDDEN}], HIDDEN: 1}

    def test_amounts_stay_numbers_and_telephone_numbers_do_not(self):
        assert [masked_value(one) for one in (5200, 3.5, True, None, int(PHONE))] == [
            5200,
            3.5,
            True,
            None,
            HIDDEN,
        ]


class TestMaskedWords:
    @pytest.mark.parametrize(
        ("said", "left"),
        [
            (f"身份证{an_id_number()}，王", "身份证***，王"),
            ("身份证610403 19900307 0013", "身份证***"),
            ("610403-19900307-001x。", "***。"),
            ("610403　19900307　００１Ｘ", "***"),
            ("６１０４０３１９９００３０７００１３", "***"),
            ("6 1 0 4 0 3 1 9 9 0 0 3 0 7 0 0 1 3", "***"),
            ("12-610403199003070013", "12-***"),
            ("电话１３８１２３４５６７８", "电话***"),
            ("138.1234.5678、（138）1234 5678", "***、（***"),
            ("86-138 1234 5678", "***"),
            (f"token {TOKEN}", "token ***"),
        ],
    )
    def test_numbers_however_they_are_written_are_gone(self, said, left):
        assert masked_words(said) == left

    @pytest.mark.parametrize(
        "said",
        [
            "工单 0123456789，２０２４年９月１日 12:00—13:30",
            "冰箱 5200 元、空调 13500 元，补 1,500 元",
            "２ 台①号，型号 BCD-501WLHTD58",
            "拨打 12345 或 029-87012345",
            "13 栋 2 单元 1502 室",
            "",
        ],
    )
    def test_everything_else_stays_as_it_was_written(self, said):
        assert masked_words(said) == said
