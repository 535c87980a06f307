"""What WeChat seals for a page: the published example, and everything that is not as it must be."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.sandbox.push import user_data as sealed_as_wechat_does
from miniapi.wechat import user_data
from miniapi.wechat.client import sealed_phone_in
from miniapi.wechat.errors import PhoneCodeInvalid, PhoneFromAbroad, PhoneSealedOtherwise

KEY, IV = "tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA=="
OFFICIAL = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVb"
    "JSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COx"
    "Fvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4"
    "ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwT"
    "yrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5"
    "oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)


def sealed(found, key=KEY):
    return sealed_as_wechat_does(json.dumps(found), key, base64.b64decode(IV))


def phone(**change):
    usual = {"purePhoneNumber": "13812345678", "countryCode": "86", "watermark": {"appid": "wx1"}}
    return sealed(usual | change)


def test_opens_the_official_example():
    found = user_data.opened(OFFICIAL, IV, KEY)

    assert found["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
    assert found["watermark"] == {"timestamp": 1477314187, "appid": "wx4f4bc4dec97d474b"}


@pytest.mark.parametrize(
    ("encrypted_data", "iv", "key"),
    [
        (OFFICIAL, IV, "HyVFkGl5F5OQWJZZaNzBBg=="),
        (OFFICIAL, KEY[:-4] + "AA==", KEY),
        (OFFICIAL[:-24], IV, KEY),
        (OFFICIAL[:-2], IV, KEY),
        ("", IV, KEY),
        ("中文", IV, KEY),
        (OFFICIAL, "c2hvcnQ=", KEY),
        (OFFICIAL, IV, "c2hvcnQ="),
        (sealed([1]), IV, KEY),
    ],
)
def test_refuses_what_is_not_as_it_must_be(encrypted_data, iv, key):
    with pytest.raises(PhoneSealedOtherwise):
        user_data.opened(encrypted_data, iv, key)


@given(st.binary(max_size=80), st.binary(min_size=16, max_size=16))
def test_whatever_bytes_come_they_are_an_object_or_refused(secret, iv):
    try:
        found = user_data.opened(base64.b64encode(secret).decode(), base64.b64encode(iv).decode(), KEY)
    except PhoneSealedOtherwise:
        return
    assert isinstance(found, dict)


def test_tells_the_number():
    assert sealed_phone_in(phone(), IV, KEY, "wx1") == "13812345678"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"watermark": {"appid": "wx2"}}, PhoneCodeInvalid),
        ({"countryCode": "1"}, PhoneFromAbroad),
        ({"watermark": None}, PhoneSealedOtherwise),
    ],
)
def test_refuses_what_is_no_number_of_ours(change, kind):
    with pytest.raises(kind):
        sealed_phone_in(phone(**change), IV, KEY, "wx1")
