"""Our calls to WeChat, against the sandbox with and without its faults."""

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from miniapi.wechat import client
from miniapi.wechat.client import Session, WeChat
from miniapi.wechat.errors import (
    CannotSend,
    LoginBlocked,
    LoginTooOften,
    NoGrant,
    NoReplyWindow,
    PhoneCodeInvalid,
    PhoneFromAbroad,
    SendLater,
    WeChatCodeInvalid,
    WeChatUnavailable,
)
from miniapi.wechat.line import errcode_of

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
SUBSCRIBE = "/cgi-bin/message/subscribe/send"
CUSTOM = "/cgi-bin/message/custom/send"
TOKEN = "/cgi-bin/stable_token"
FIELDS = {"thing1": "杨凌家电消费券", "time2": "2024年9月1日 10:00", "thing3": "十点开抢，先到先得"}


class TestSessionFor:
    async def test_names_who_signed_in(self, wechat, sandbox):
        session = await wechat.session_for(await sandbox.login_code("alice"))

        assert session == Session(await sandbox.openid("alice"), None)

    async def test_a_code_is_good_once(self, wechat, sandbox):
        code = await sandbox.login_code()
        await wechat.session_for(code)

        with pytest.raises(WeChatCodeInvalid):
            await wechat.session_for(code)

    @pytest.mark.parametrize("code", ["unknown", "", "有中文", "x" * 300, "two words"])
    async def test_refuses_what_is_no_code(self, wechat, code):
        with pytest.raises(WeChatCodeInvalid):
            await wechat.session_for(code)

    async def test_says_when_wechat_blocks_a_person(self, wechat, sandbox):
        with pytest.raises(LoginBlocked):
            await wechat.session_for(await sandbox.login_code("blocked"))

    async def test_says_when_to_come_back_after_too_many(self, wechat, sandbox):
        await sandbox.fault(LOGIN, "errcode", errcode=45011)

        with pytest.raises(LoginTooOften) as refusal:
            await wechat.session_for(await sandbox.login_code())

        assert refusal.value.facts == {"retry_after": 60}

    @pytest.mark.parametrize("errcode", [-1, 40013, 40125, 41002, 41004, 40164, 40243, 99999])
    async def test_our_own_trouble_is_not_the_persons(self, wechat, sandbox, errcode):
        await sandbox.fault(LOGIN, "errcode", errcode=errcode)

        with pytest.raises(WeChatUnavailable) as refusal:
            await wechat.session_for(await sandbox.login_code())

        assert refusal.value.code == "wechat_unavailable"

    @pytest.mark.parametrize(("mode", "lost"), [("error", False), ("hang", True), ("truncate", True)])
    async def test_asks_once_when_wechat_is_out_of_order(self, wechat, sandbox, mode, lost):
        code = await sandbox.login_code()
        await sandbox.fault(LOGIN, mode)

        with pytest.raises(WeChatUnavailable) as refusal:
            await wechat.session_for(code)

        assert refusal.value.answer_lost is lost
        assert sandbox.state.calls[LOGIN] == 1

    async def test_waits_for_a_slow_answer(self, wechat, sandbox):
        await sandbox.fault(LOGIN, "slow", seconds=0.2)

        session = await wechat.session_for(await sandbox.login_code())

        assert session.openid == await sandbox.openid()

    async def test_gives_up_on_a_too_slow_answer(self, wechat, sandbox):
        await sandbox.fault(LOGIN, "slow", seconds=5)

        with pytest.raises(WeChatUnavailable):
            await wechat.session_for(await sandbox.login_code())

    async def test_asks_once_when_the_connection_breaks(self, sandbox):
        async with (
            a_server_that_hangs_up() as (base, asked),
            WeChat(replace(sandbox.wechat, api_base=base)) as wechat,
        ):
            with pytest.raises(WeChatUnavailable) as refusal:
                await wechat.session_for("good-code")

        assert len(asked) == 1
        assert refusal.value.answer_lost

    async def test_knows_that_it_never_asked_where_nobody_listens(self, sandbox):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"

            async with WeChat(replace(sandbox.wechat, api_base=nowhere)) as wechat:
                with pytest.raises(WeChatUnavailable) as refusal:
                    await wechat.session_for("good-code")

        assert not refusal.value.answer_lost

    @pytest.mark.parametrize("mode", ["error", "hang", "truncate", "errcode"])
    async def test_never_tells_the_secret(self, wechat, sandbox, caplog, mode):
        caplog.set_level(logging.DEBUG, "miniapi")
        await sandbox.fault(LOGIN, mode, errcode=40125)

        with pytest.raises(WeChatUnavailable) as refusal:
            await wechat.session_for(await sandbox.login_code())
        logging.getLogger("miniapi.test").error("refused", exc_info=refusal.value)

        assert LOGIN in caplog.text
        assert sandbox.wechat.secret not in caplog.text
        assert sandbox.wechat.secret not in repr(sandbox.wechat)


class TestPhoneFor:
    async def test_gives_the_number(self, wechat, sandbox):
        code = await phone_code(sandbox, "13812345678")

        assert await wechat.phone_for(code) == "13812345678"

    async def test_a_code_is_good_once(self, wechat, sandbox):
        code = await phone_code(sandbox, "13812345678")
        await wechat.phone_for(code)

        with pytest.raises(PhoneCodeInvalid):
            await wechat.phone_for(code)

    async def test_refuses_a_code_of_somebody_else(self, wechat, sandbox):
        code = await phone_code(sandbox, "13812345678")

        with pytest.raises(PhoneCodeInvalid):
            await wechat.phone_for(code, await sandbox.openid("bob"))

    @pytest.mark.parametrize("code", ["", "中文"])
    async def test_refuses_what_is_no_code(self, wechat, code):
        with pytest.raises(PhoneCodeInvalid):
            await wechat.phone_for(code)

    async def test_refuses_a_login_code(self, wechat, sandbox):
        with pytest.raises(PhoneCodeInvalid):
            await wechat.phone_for(await sandbox.login_code())

    async def test_refuses_a_number_from_abroad(self, wechat, sandbox):
        with pytest.raises(PhoneFromAbroad):
            await wechat.phone_for(await phone_code(sandbox, "+1 4155550100"))

    @pytest.mark.parametrize("errcode", [-1, 40013, 45011, 40097])
    async def test_our_own_trouble_is_not_the_persons(self, wechat, sandbox, errcode):
        await sandbox.fault(PHONE, "errcode", errcode=errcode)

        with pytest.raises(WeChatUnavailable):
            await wechat.phone_for(await phone_code(sandbox, "13812345678"))


class TestSendSubscribe:
    async def test_a_grant_is_good_for_one_message(self, wechat, sandbox):
        template_id = await sandbox.accept()
        openid = await sandbox.openid()

        await wechat.send_subscribe(openid, template_id, FIELDS, page="pages/drop")
        with pytest.raises(NoGrant):
            await wechat.send_subscribe(openid, template_id, FIELDS)

        (message,) = await sandbox.received()
        assert message["data"]["thing3"] == {"value": "十点开抢，先到先得"}
        assert message["page"] == "pages/drop"

    async def test_cuts_a_text_that_is_too_long(self, wechat, sandbox):
        template_id = await sandbox.accept()

        await wechat.send_subscribe(await sandbox.openid(), template_id, FIELDS | {"thing3": "长" * 30})

        (message,) = await sandbox.received()
        assert message["data"]["thing3"] == {"value": "长" * 19 + "…"}

    async def test_never_asks_for_what_cannot_fit(self, wechat, sandbox):
        with pytest.raises(CannotSend) as refusal:
            await wechat.send_subscribe(await sandbox.openid(), "t", FIELDS | {"time2": "明天"})

        assert refusal.value.facts == {"errcode": 47003}
        assert sandbox.state.calls[SUBSCRIBE] == 0

    async def test_sends_one_after_the_other_to_one_person(self, wechat, sandbox):
        template_id, openid = await sandbox.accept(), await sandbox.openid()
        await sandbox.accept()

        await asyncio.gather(*(wechat.send_subscribe(openid, template_id, FIELDS) for _ in range(2)))

        assert len(await sandbox.received()) == 2

    @pytest.mark.parametrize("errcode", [-1, 43108, 44990, 44991, 45009, 45011])
    async def test_what_passes_may_be_sent_later(self, wechat, sandbox, errcode):
        await self.expect(SendLater, wechat, sandbox, errcode)

    @pytest.mark.parametrize("errcode", [40003, 40037, 41030, 43107, 45168, 47003, 99999])
    async def test_what_stays_is_given_up(self, wechat, sandbox, errcode):
        await self.expect(CannotSend, wechat, sandbox, errcode)

    @pytest.mark.parametrize("errcode", [40013, 40125, 40164, 48001])
    async def test_what_we_must_mend_is_nobodys_message(self, wechat, sandbox, errcode):
        refusal = await self.expect(WeChatUnavailable, wechat, sandbox, errcode)

        assert refusal.code == "wechat_unavailable"

    async def test_asks_once_when_the_connection_breaks(self, sandbox):
        async with (
            a_server_that_hangs_up() as (base, asked),
            WeChat(replace(sandbox.wechat, api_base=base), FullShelf()) as wechat,
        ):
            with pytest.raises(WeChatUnavailable) as refusal:
                await wechat.send_subscribe("oA", "t", FIELDS)

        assert [head.split(b" HTTP")[0] for head in asked] == [
            f"POST {SUBSCRIBE}?access_token=a%2Bb".encode()
        ]
        assert refusal.value.answer_lost

    async def test_says_when_nobody_knows_whether_it_was_sent(self, wechat, sandbox):
        template_id, openid = await sandbox.accept(), await sandbox.openid()
        await sandbox.fault(SUBSCRIBE, "truncate")

        with pytest.raises(WeChatUnavailable) as refusal:
            await wechat.send_subscribe(openid, template_id, FIELDS)

        assert refusal.value.answer_lost
        assert len(await sandbox.received()) == 1

    async def expect(self, kind, wechat, sandbox, errcode):
        """The refusal that this code of WeChat's becomes."""
        await sandbox.fault(SUBSCRIBE, "errcode", errcode=errcode)
        with pytest.raises(kind) as refusal:
            await wechat.send_subscribe(await sandbox.openid(), "t", FIELDS)
        assert refusal.value.facts in ({}, {"errcode": errcode})
        return refusal.value


class TestSendText:
    async def test_answers_who_wrote(self, wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        await wechat.send_text(await sandbox.openid(), "<a href='x'>您好</a>")

        assert [message["text"] for message in await sandbox.received()] == ["＜a href='x'＞您好＜/a＞"]

    async def test_cuts_what_wechat_would_not_take(self, wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        await wechat.send_text(await sandbox.openid(), "字" * 700)

        assert (await sandbox.received())[0]["text"] == "字" * 681 + "…"

    async def test_says_when_the_time_is_over(self, wechat, sandbox):
        with pytest.raises(NoReplyWindow):
            await wechat.send_text(await sandbox.openid(), "您好")

    async def test_says_when_five_were_sent(self, wechat, sandbox):
        await sandbox.post("/sandbox/say", user="alice", text="在吗")
        for _ in range(5):
            await wechat.send_text(await sandbox.openid(), "您好")

        with pytest.raises(NoReplyWindow):
            await wechat.send_text(await sandbox.openid(), "您好")

    @pytest.mark.parametrize(
        ("errcode", "kind"),
        [
            (-1, SendLater),
            (45009, SendLater),
            (40003, CannotSend),
            (45002, CannotSend),
            (70000, CannotSend),
            (48001, WeChatUnavailable),
        ],
    )
    async def test_names_each_refusal(self, wechat, sandbox, errcode, kind):
        await sandbox.fault(CUSTOM, "errcode", errcode=errcode)

        with pytest.raises(kind):
            await wechat.send_text(await sandbox.openid(), "您好")


class TestTokens:
    async def test_thirty_senders_ask_for_one_token(self, wechat, sandbox):
        template_id = await sandbox.template_id()
        people = [await sandbox.openid(f"user{number}") for number in range(30)]
        for number in range(30):
            await sandbox.accept(f"user{number}")

        await asyncio.gather(*(wechat.send_subscribe(one, template_id, FIELDS) for one in people))

        assert sandbox.state.calls[TOKEN] == 1
        assert sandbox.state.calls[SUBSCRIBE] == 30

    async def test_another_token_takes_the_place_of_a_dead_one(self, wechat, sandbox):
        await wechat.templates()
        sandbox.state.new_token("stable", forced=True)

        assert len(await wechat.templates()) == 8
        assert sandbox.state.calls[TOKEN] == 2

    async def test_forces_one_where_wechat_gives_the_dead_one_again(self, wechat, sandbox):
        await sandbox.fault(SUBSCRIBE, "errcode", errcode=40001)

        with pytest.raises(WeChatUnavailable):
            await wechat.send_subscribe(await sandbox.openid(), "t", FIELDS)
        with pytest.raises(WeChatUnavailable):
            await wechat.send_subscribe(await sandbox.openid(), "t", FIELDS)

        assert len(sandbox.state.tokens.forced) == 1
        assert sandbox.state.calls[SUBSCRIBE] == 3

    @pytest.mark.parametrize(("mode", "asked"), [("error", 2), ("hang", 1), ("truncate", 2), ("errcode", 1)])
    async def test_nobody_gets_through_without_one(self, wechat, sandbox, mode, asked):
        await sandbox.fault(TOKEN, mode, errcode=40125)

        outcomes = await asyncio.gather(*(wechat.templates() for _ in range(10)), return_exceptions=True)

        assert all(isinstance(outcome, WeChatUnavailable) for outcome in outcomes)
        assert not any(outcome.answer_lost for outcome in outcomes)
        assert sandbox.state.calls[TOKEN] == asked


class TestAnswers:
    """What the sandbox never says, but WeChat has been seen to say."""

    def test_reads_the_unionid_where_there_is_one(self):
        answer = {"openid": "oA", "unionid": "uB", "session_key": "k", "errcode": 0, "expires_in": 7200}

        assert client.session_in(answer) == Session("oA", "uB")

    def test_a_session_needs_an_openid(self):
        with pytest.raises(WeChatUnavailable):
            client.session_in({"session_key": "k"})

    @pytest.mark.parametrize("country", ["86", 86])
    def test_reads_the_country_as_text_and_as_a_number(self, country):
        assert client.phone_in(phone_info(countryCode=country), "wx1") == "13812345678"

    def test_a_number_given_to_another_mini_program_is_refused(self):
        with pytest.raises(PhoneCodeInvalid):
            client.phone_in(phone_info(watermark={"appid": "wx2"}), "wx1")

    @pytest.mark.parametrize("told", [None, {}, "", {"countryCode": "86"}])
    def test_an_answer_without_a_number_is_none(self, told):
        with pytest.raises(WeChatUnavailable):
            client.phone_in(told, "wx1")

    @pytest.mark.parametrize("listed", [None, 7, {}])
    def test_a_template_list_must_be_a_list(self, listed):
        with pytest.raises(WeChatUnavailable):
            client.templates_in({"errcode": 0, "data": listed})

    def test_an_errcode_that_is_no_number_counts_as_busy(self):
        assert errcode_of({"errcode": "zero"}) == -1

    @pytest.mark.parametrize("said", [None, {}, {"suggest": "whatever"}])
    def test_a_check_that_says_nothing_known_wants_a_look(self, said):
        assert client.verdict_in({"errcode": 0, "result": said}) == "review"


class FullShelf:
    """A shelf on which a token lies."""

    async def renewed(self, refused, fetch, *, force):
        return "a+b", 7200.0


async def phone_code(sandbox, number):
    return (await sandbox.post("/sandbox/phone", user="alice", phone=number))["code"]


def phone_info(**change):
    usual = {"purePhoneNumber": "13812345678", "countryCode": "86", "watermark": {"appid": "wx1"}}
    return usual | change


@asynccontextmanager
async def a_server_that_hangs_up():
    """Reads each request and closes; its address, and what it was asked."""
    asked = []

    async def hang_up(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()
        await server.wait_closed()
