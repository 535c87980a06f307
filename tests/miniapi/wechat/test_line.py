"""What is asked again, of whom, and what each of WeChat's codes becomes, against the sandbox."""

import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from miniapi.wechat import client
from miniapi.wechat.client import WeChat
from miniapi.wechat.codes import KIND_OF, PASSES
from miniapi.wechat.errors import (
    CannotSend,
    LoginBlocked,
    LoginTooOften,
    NoGrant,
    NoReplyWindow,
    PersonRefused,
    PhoneCodeInvalid,
    QuotaSpent,
    SendLater,
    TokenRefused,
    WeChatBusy,
    WeChatCodeInvalid,
    WeChatUnavailable,
)
from miniapi.wechat.fields import Link

FIELDS = {"thing1": "杨凌家电消费券", "time2": "2024年9月1日 10:00", "thing3": "十点开抢"}
BETTER_KNOWN = {  # where the call knows what a code means for its person
    (client.LOGIN, 40029): WeChatCodeInvalid,
    (client.LOGIN, 40163): WeChatCodeInvalid,
    (client.LOGIN, 40226): LoginBlocked,
    (client.LOGIN, 45011): LoginTooOften,
    (client.PHONE, 40029): PhoneCodeInvalid,
    (client.SUBSCRIBE, 43101): NoGrant,
    (client.CUSTOM, 45015): NoReplyWindow,
    (client.CUSTOM, 45047): NoReplyWindow,
}
GOES_WELL = {(client.TYPING, 45080), (client.TYPING, 45081), (client.CHECK, 40003), (client.CHECK, 61010)}


async def asked(call, wechat, sandbox):
    """Make one call of each method of the client."""
    openid = await sandbox.openid()
    match call:
        case client.LOGIN:
            await wechat.session_for(await sandbox.login_code())
        case client.PHONE:
            await wechat.phone_for("code")
        case client.SUBSCRIBE:
            await wechat.send_subscribe(openid, "t", FIELDS)
        case client.CUSTOM:
            await wechat.send_text(openid, "您好")
        case client.TYPING:
            await wechat.show_typing(openid)
        case client.TEMPLATES:
            await wechat.templates()
        case client.CHECK:
            await wechat.verdict_on("您好", openid)
        case client.MINI_CODE:
            await wechat.mini_code("v=1", "pages/index/index")
        case client.URL_LINK:
            await wechat.url_link("pages/index/index", "")


CALLS = [one for one in vars(client).values() if isinstance(one, client.Call)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.path)
async def test_every_documented_code_is_a_refusal_of_its_own_kind(wechat, sandbox, call):
    await wechat.templates()  # the token is there, so that its own codes are not in the way
    for errcode, kind in KIND_OF.items():
        if kind is TokenRefused:
            continue
        await sandbox.call("DELETE", "/sandbox/faults")
        await sandbox.fault(call.path, "errcode", errcode=errcode)
        if (call, errcode) in GOES_WELL:
            await asked(call, wechat, sandbox)
            continue
        with pytest.raises((WeChatUnavailable, *BETTER_KNOWN.values(), CannotSend)) as refusal:
            await asked(call, wechat, sandbox)

        expected = BETTER_KNOWN.get((call, errcode), kind)
        if call in (client.SUBSCRIBE, client.CUSTOM) and expected is kind:
            known = {SendLater} if kind in PASSES else {CannotSend, kind}
            assert type(refusal.value) in known, errcode
        else:
            assert type(refusal.value) is expected, errcode


class TestAskingAgain:
    @pytest.mark.parametrize(
        ("call", "fault", "times"),
        [
            (client.LOGIN, {"mode": "error"}, 1),
            (client.LOGIN, {"mode": "errcode", "errcode": -1}, 1),
            (client.PHONE, {"mode": "truncate"}, 1),
            (client.SUBSCRIBE, {"mode": "error"}, 1),
            (client.CUSTOM, {"mode": "truncate"}, 1),
            (client.CUSTOM, {"mode": "errcode", "errcode": -1}, 1),
            (client.TEMPLATES, {"mode": "error"}, 2),
            (client.TEMPLATES, {"mode": "truncate"}, 2),
            (client.TEMPLATES, {"mode": "errcode", "errcode": -1}, 2),
            (client.TEMPLATES, {"mode": "errcode", "errcode": 45009}, 1),
            (client.TEMPLATES, {"mode": "hang"}, 1),
            (client.CHECK, {"mode": "error"}, 2),
            (client.MINI_CODE, {"mode": "error"}, 2),
        ],
    )
    async def test_only_what_may_be_asked_twice_is(self, wechat, sandbox, call, fault, times):
        await sandbox.fault(call.path, **fault)

        with pytest.raises((WeChatUnavailable, SendLater)):
            await asked(call, wechat, sandbox)

        assert sandbox.state.calls[call.path] == times

    async def test_the_second_time_may_go_well(self, wechat, sandbox):
        await sandbox.fault(client.TEMPLATES.path, "error", times=1)

        assert len(await wechat.templates()) == 8

    async def test_the_other_host_is_asked_where_the_first_cannot_be_reached(self, sandbox):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
            behind = replace(sandbox.wechat, api_base=nowhere, api_backup=sandbox.base)

            async with WeChat(behind, connect_seconds=0.3, total_seconds=0.5) as wechat:
                session = await wechat.session_for(await sandbox.login_code())
                templates = await wechat.templates()

        assert session.openid == await sandbox.openid()
        assert len(templates) == 8


class TestTokens:
    async def test_a_revoked_token_is_replaced_by_force(self, wechat, sandbox):
        await wechat.templates()
        await sandbox.fault(client.TEMPLATES.path, "revoke", times=1)

        assert len(await wechat.templates()) == 8
        assert len(sandbox.state.tokens.forced) == 1

    @pytest.mark.parametrize("errcode", [40001, 40014, 41001, 42001])
    async def test_who_is_never_believed_says_so(self, wechat, sandbox, errcode):
        await sandbox.fault(client.TEMPLATES.path, "errcode", errcode=errcode)

        with pytest.raises(TokenRefused):
            await wechat.templates()


class TestMore:
    async def test_a_picture_comes_as_bytes(self, wechat):
        picture = await wechat.mini_code("v=abc", "pages/index/index")

        assert picture.startswith(b"\xff\xd8")
        assert picture == await wechat.mini_code("v=abc", "pages/index/index")
        assert picture != await wechat.mini_code("v=abd", "pages/index/index")

    @pytest.mark.parametrize("scene", ["", "x" * 33, "中文", "a%b"])
    async def test_a_scene_that_no_code_takes_is_never_asked_for(self, wechat, sandbox, scene):
        with pytest.raises(ValueError, match="scene"):
            await wechat.mini_code(scene, "pages/index/index")

        assert sandbox.state.calls[client.MINI_CODE.path] == 0

    async def test_a_link_leads_into_the_mini_program(self, wechat):
        assert (await wechat.url_link("pages/index/index", "go=pickup")).startswith("https://")

    async def test_a_link_lasts_thirty_days_at_most(self, wechat):
        with pytest.raises(WeChatUnavailable):
            await wechat.url_link("pages/index/index", "", lasts=timedelta(days=31))

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [("冰箱坏了", "pass"), ("代开发票", "review"), ("一起赌博", "risky"), ("字" * 2499 + "赌博", "pass")],
    )
    async def test_words_are_judged(self, wechat, sandbox, text, verdict):
        await wechat.session_for(await sandbox.login_code())

        assert await wechat.verdict_on(text, await sandbox.openid()) == verdict

    async def test_the_worst_piece_of_a_long_text_counts(self, wechat, sandbox):
        await wechat.session_for(await sandbox.login_code())

        assert await wechat.verdict_on("赌博" + "字" * 3000, await sandbox.openid()) == "risky"

    async def test_half_a_character_keeps_no_words_from_being_judged(self, wechat, sandbox):
        await wechat.session_for(await sandbox.login_code())

        assert await wechat.verdict_on("一起赌博\ud83d", await sandbox.openid()) == "risky"

    async def test_who_was_not_here_lately_is_not_judged(self, wechat, sandbox):
        assert await wechat.verdict_on("一起赌博", await sandbox.openid()) == "unchecked"

    async def test_typing_is_shown_once_and_refused_quietly(self, wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        await wechat.show_typing(await sandbox.openid())
        await wechat.show_typing(await sandbox.openid())

        assert sandbox.state.calls[client.TYPING.path] == 2

    async def test_links_stand_below_the_words(self, wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        await wechat.send_text(await sandbox.openid(), "字" * 700, (Link('看"我的券"', "pages/a/b?x=1&y=2"),))

        (message,) = await sandbox.received()
        assert len(message["text"].encode()) <= 2048
        assert message["text"].endswith(
            '…\n<a href="#" data-miniprogram-appid="wx0000000000000001"'
            ' data-miniprogram-path="pages/a/b?x=1&amp;y=2">看&quot;我的券&quot;</a>'
        )


async def test_the_kinds_are_all_one_to_people():
    assert {kind.code for kind in {*KIND_OF.values()}} == {"wechat_unavailable"}
    assert {WeChatBusy, QuotaSpent, PersonRefused} <= {*KIND_OF.values()}
