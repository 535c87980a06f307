"""Who may push, and what is read from a push."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi.sandbox.push import encrypted
from miniapi.settings import WeChatSettings
from miniapi.wechat.errors import PushForged, PushUnreadable
from miniapi.wechat.push import Message, Other, UserText, read_push, verified_echo

TOKEN = "AAAAA"
OFFICIAL_KEY = "A" * 43
PAMTEST_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
VERIFICATION = {
    "timestamp": "1714036504",
    "nonce": "1514711492",
    "echostr": "4375120948345356249",
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
}
OFFICIAL = {
    "timestamp": "1714112445",
    "nonce": "415670741",
    "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    "encrypt_type": "aes",
}
OFFICIAL_SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVza"
    "zhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwK"
    "SqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
EASYWECHAT = {
    "timestamp": "1458300676",
    "nonce": "260774613",
    "msg_signature": "4f3ad57b6989f09f4eb392acce4f9e93942ed890",
}
EASYWECHAT_SEALED = (
    "rTNFcsut4LfGuAFKEUVVpwcaCOTJzOd9twZdIW910jb3k+iicx2uvhttIZ3Qg9Qgty3BEF2xbOrz6boTfb30dMomcgrkTqdFPwnh"
    "qbk+kIQ7rZiwny9D7NUrTgA5kpX3KsZvrXzUZyP2x9YOlxbgm572lmxKvM7HAQQhIQ/p6HBmoY30bGXFK0BtIu1pW9TjhOYrLQoU"
    "18nWYjWqDA1ynkmOytpv7QRI1P1+0NoxL0q2zO1DgeSvnE8CZGo/o5Ap/WHK5W2RAsinpzN4/LjPnmB6U01I5XCoJoC0GK/yMZyc"
    "d2Oh8Nq6+wBkC1U85oy0ktOY4nLvsQMLrourmMGdZHuTbqpeJ8Ao/5PRYJ+WBvRUwPfGKBL2+2IKZF49vAJqkcGWSHGE76ZN2erX"
    "euNazf/o9o3lIE3q739o4c8t9QGPe31GT2Go/rOz1BsrASwvauNulCh+++yz+CQzBIuikA=="
)


def account(token=TOKEN, aes_key=None, appid="wxba5fad812f8e6fb9"):
    return WeChatSettings(appid, "secret", "http://nowhere", token, aes_key, sandbox=False)


PLAIN = account()
SEALED = account(aes_key=OFFICIAL_KEY)


def signed(*sealed, token=TOKEN, name="signature"):
    """A query that WeChat signed."""
    parts = sorted([token, "1714037059", "486452656", *sealed])
    digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324
    return {"timestamp": "1714037059", "nonce": "486452656", name: digest}


def sealed_push(text, appid=SEALED.appid, key=OFFICIAL_KEY):
    """Query and body of a push in AES mode."""
    secret = encrypted(text, key, appid, b"0123456789abcdef")
    return signed(secret, name="msg_signature"), json.dumps({"Encrypt": secret}).encode()


TEXT = {
    "ToUserName": "gh_1",
    "FromUserName": "oA",
    "CreateTime": 1714037059,
    "MsgType": "text",
    "Content": "你好",
    "MsgId": 24,
}
AS_JSON = json.dumps(TEXT, ensure_ascii=False)
AS_XML = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName>"
    "<CreateTime>1714037059</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[你好]]></Content><MsgId>24</MsgId></xml>"
)
READ = UserText("oA", "你好", "message:24", 1714037059)


class TestVerifiedEcho:
    @pytest.mark.parametrize("settings", [PLAIN, SEALED])
    def test_is_the_echo_of_the_official_vector(self, settings):
        assert verified_echo(VERIFICATION, settings) == "4375120948345356249"

    @pytest.mark.parametrize(
        "change", [{"signature": "f" * 40}, {"signature": "签名"}, {"nonce": "1"}, {"timestamp": ""}]
    )
    def test_is_refused_where_anything_signed_differs(self, change):
        with pytest.raises(PushForged):
            verified_echo(VERIFICATION | change, PLAIN)

    def test_is_refused_where_no_token_is_set(self):
        with pytest.raises(PushForged):
            verified_echo(VERIFICATION, account(token=None))

    def test_is_unreadable_without_an_echo(self):
        with pytest.raises(PushUnreadable):
            verified_echo({**VERIFICATION, "echostr": ""}, PLAIN)


class TestPlain:
    @pytest.mark.parametrize("body", [AS_JSON, AS_XML, f"\ufeff{AS_JSON}", f"\n{AS_XML}"])
    def test_reads_json_and_xml(self, body):
        assert read_push(signed(), body.encode(), PLAIN) == READ

    def test_verifies_the_official_vector(self):
        query = {
            "timestamp": "1714037059",
            "nonce": "486452656",
            "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        }

        assert read_push(query, AS_JSON.encode(), PLAIN) == READ

    @pytest.mark.parametrize("query", [{}, signed(token="other"), {"signature": "x"}])
    def test_refuses_who_does_not_know_the_token(self, query):
        with pytest.raises(PushForged):
            read_push(query, AS_JSON.encode(), PLAIN)

    def test_checks_the_signature_before_the_body(self):
        with pytest.raises(PushForged):
            read_push({}, b"garbage", PLAIN)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"garbage",
            b"[]",
            b"null",
            b"{}",
            b'{"MsgType": 1.5}',
            b"\xff\xfe",
            b"[" * 100_000,
            b"<xml>",
            b"<xml/>",
            b"<xml>text</xml>",
            b"<xml><MsgType>text</xml>",
            b"<a>" * 9 + b"</a>" * 9,
            b'{"Encrypt": "x"}',
        ],
    )
    def test_says_so_when_nobody_can_read_it(self, body):
        with pytest.raises(PushUnreadable):
            read_push(signed(), body, PLAIN)

    @pytest.mark.parametrize(
        "doctype",
        [
            '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
            '<!DOCTYPE xml SYSTEM "file:///etc/passwd">',
            "<!DOCTYPE xml>",
        ],
    )
    def test_refuses_a_document_type(self, doctype):
        with pytest.raises(PushUnreadable):
            read_push(signed(), (doctype + AS_XML).encode(), PLAIN)

    def test_a_person_may_write_about_document_types(self):
        body = AS_XML.replace("你好", "<!DOCTYPE x> &amp; <!ENTITY>")

        message = read_push(signed(), body.encode(), PLAIN)

        assert isinstance(message, UserText)
        assert message.text == "<!DOCTYPE x> &amp; <!ENTITY>"

    def test_a_compatible_push_is_read_from_its_plain_part(self):
        body = json.dumps({**TEXT, "Encrypt": "whatever"})

        assert read_push(signed(), body.encode(), PLAIN) == READ


class TestSealed:
    def test_opens_the_official_vector(self):
        body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": OFFICIAL_SEALED}).encode()

        message = read_push(OFFICIAL, body, SEALED)

        assert isinstance(message, Other)
        assert (message.kind, message.openid) == ("debug_demo", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY")

    def test_opens_easywechats_vector(self):
        settings = account(token="pamtest", aes_key=PAMTEST_KEY, appid="wxb11529c136998cb6")
        body = f"<xml><Encrypt><![CDATA[{EASYWECHAT_SEALED}]]></Encrypt></xml>".encode()

        message = read_push(EASYWECHAT, body, settings)

        assert isinstance(message, UserText)
        assert message.text == "hello"

    @pytest.mark.parametrize("text", [AS_JSON, AS_XML])
    def test_opens_json_and_xml(self, text):
        assert read_push(*sealed_push(text), SEALED) == READ

    @pytest.mark.parametrize("length", range(32))
    def test_opens_every_padding(self, length):
        text = json.dumps({**TEXT, "ToUserName": "x" * length}, ensure_ascii=False)

        assert read_push(*sealed_push(text), SEALED) == READ

    def test_refuses_a_plain_push_whatever_its_signature(self):
        with pytest.raises(PushForged):
            read_push(signed(), AS_JSON.encode(), SEALED)

    def test_believes_the_signature_of_the_message_alone(self):
        _, body = sealed_push(AS_JSON)

        with pytest.raises(PushForged):
            read_push(signed() | {"msg_signature": signed()["signature"]}, body, SEALED)

    def test_refuses_a_push_for_another_appid(self):
        with pytest.raises(PushForged):
            read_push(*sealed_push(AS_JSON, appid="wx0000000000000002"), SEALED)

    @pytest.mark.parametrize("body", [b"", b"garbage", b"[]"])
    def test_says_so_when_nobody_can_read_it(self, body):
        with pytest.raises(PushUnreadable):
            read_push(OFFICIAL, body, SEALED)

    @pytest.mark.parametrize(
        "secret",
        ["", "!", "签", base64.b64encode(b"x" * 15).decode(), base64.b64encode(b"x" * 64).decode()],
    )
    def test_says_so_when_it_cannot_be_opened(self, secret):
        body = json.dumps({"Encrypt": secret}).encode()

        with pytest.raises(PushUnreadable):
            read_push(signed(secret, name="msg_signature"), body, SEALED)

    def test_a_push_sealed_with_another_key_is_never_read(self):
        with pytest.raises((PushUnreadable, PushForged)):
            read_push(*sealed_push(AS_JSON, key=PAMTEST_KEY), SEALED)

    def test_what_is_inside_must_be_readable_too(self):
        with pytest.raises(PushUnreadable):
            read_push(*sealed_push("garbage"), SEALED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["MsgType", "Event", "FromUserName", "CreateTime", "MsgId", "Content", "List", "TemplateId"]
EVENTS = ["text", "event", "subscribe_msg_popup_event", "subscribe_msg_change_event", "accept"]
pushed = st.dictionaries(st.sampled_from(NAMES), json_values | st.sampled_from(EVENTS))
queries = st.dictionaries(
    st.sampled_from(["signature", "timestamp", "nonce", "msg_signature", "echostr"]), st.text()
)
anything = st.binary() | pushed.map(lambda one: json.dumps(one).encode()) | st.text().map(str.encode)


def read_or_refused(query, body, settings):
    try:
        message = read_push(query, body, settings)
    except (PushForged, PushUnreadable):
        return
    assert isinstance(message, Message)
    assert 0 < len(message.dedupe_key) <= 200
    assert "\0" not in (message.openid + message.dedupe_key)
    message.dedupe_key.encode()


@given(queries, anything, st.sampled_from([PLAIN, SEALED]))
def test_strangers_are_only_ever_refused(query, body, settings):
    with pytest.raises((PushForged, PushUnreadable)):
        read_push(query, body, settings)


@given(anything)
def test_whatever_is_signed_is_read_or_refused(body):
    read_or_refused(signed(), body, PLAIN)


@given(st.text() | pushed.map(json.dumps))
def test_whatever_is_sealed_is_read_or_refused(text):
    read_or_refused(*sealed_push(text), SEALED)


@given(st.binary(max_size=200))
def test_whatever_bytes_are_sealed_are_read_or_refused(secret):
    written = base64.b64encode(secret).decode()

    read_or_refused(signed(written, name="msg_signature"), json.dumps({"Encrypt": written}).encode(), SEALED)


@given(st.binary(max_size=60))
def test_whatever_stands_in_xml_is_read_or_refused(inside):
    read_or_refused(signed(), b"<xml><MsgType>event</MsgType><List>" + inside + b"</List></xml>", PLAIN)
