"""WeChat's own paths, asked as any client would ask them."""

import asyncio
from datetime import timedelta

import pytest

from miniapi import clock
from tests.miniapi.sandbox.running import Running

LOGIN = "/sns/jscode2session?appid=wx0000000000000001&secret=sandbox-secret&grant_type=authorization_code"
CREDENTIALS = {
    "grant_type": "client_credential",
    "appid": "wx0000000000000001",
    "secret": "sandbox-secret",
}
DATA = {
    "thing1": {"value": "杨凌家电消费券"},
    "time2": {"value": "2024年9月1日 10:00"},
    "thing3": {"value": "请准时参加"},
}


async def fresh_token(sandbox: Running, **more: object) -> str:
    return (await sandbox.post("/cgi-bin/stable_token", **CREDENTIALS, **more))["access_token"]


async def errcode(sandbox: Running, path: str, body: object = None, method: str = "POST") -> int:
    status, answer = await sandbox.call(method, path, body)
    assert status == 200
    return answer.get("errcode", 0)


class TestLogin:
    async def test_a_code_is_good_once(self, sandbox):
        code = await sandbox.login_code()

        first = await sandbox.get(f"{LOGIN}&js_code={code}")
        second = await sandbox.get(f"{LOGIN}&js_code={code}")

        assert set(first) == {"openid", "session_key"}
        assert second["errcode"] == 40163
        assert second["errmsg"].startswith("code been used, rid: ")

    async def test_answers_json_as_plain_text(self, sandbox):
        async with sandbox.http.get(f"{sandbox.base}{LOGIN}&js_code=x") as response:
            assert response.content_type == "text/plain"

    async def test_one_name_is_one_openid_of_28_characters(self, sandbox):
        answers = [
            await sandbox.get(f"{LOGIN}&js_code={await sandbox.login_code(user)}")
            for user in ("clerk-demo", "clerk-demo", "小王")
        ]

        openids = [answer["openid"] for answer in answers]
        assert openids[0] == openids[1] != openids[2]
        assert all(len(openid) == 28 and openid[0] == "o" for openid in openids)

    async def test_an_unknown_code_is_refused(self, sandbox):
        assert await errcode(sandbox, f"{LOGIN}&js_code=nonsense", method="GET") == 40029

    async def test_a_code_dies_after_five_minutes(self, sandbox):
        code = await sandbox.login_code()
        started = sandbox.state.ticks()
        sandbox.state.ticks = lambda: started + 300

        assert await errcode(sandbox, f"{LOGIN}&js_code={code}", method="GET") == 40029

    async def test_a_code_of_another_mini_program_is_refused(self, sandbox):
        code = (await sandbox.post("/sandbox/login", user="alice", appid="wx1111111111111111"))["code"]

        assert await errcode(sandbox, f"{LOGIN}&js_code={code}", method="GET") == 40029

    async def test_a_phone_code_is_no_login_code(self, sandbox):
        code = (await sandbox.post("/sandbox/phone", user="alice", phone="13812345678"))["code"]

        assert await errcode(sandbox, f"{LOGIN}&js_code={code}", method="GET") == 40029

    async def test_a_blocked_person_is_refused(self, sandbox):
        code = await sandbox.login_code("blocked")

        assert await errcode(sandbox, f"{LOGIN}&js_code={code}", method="GET") == 40226

    async def test_a_hundred_logins_a_minute_are_enough(self, sandbox):
        codes = [await sandbox.login_code() for _ in range(101)]

        answers = [await errcode(sandbox, f"{LOGIN}&js_code={code}", method="GET") for code in codes]

        assert answers == [0] * 100 + [45011]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("secret=s&js_code=x", 41002),
            ("appid=wx0000000000000001&js_code=x", 41004),
            ("appid=wx2&secret=sandbox-secret&js_code=x", 40013),
            ("appid=wx0000000000000001&secret=wrong&js_code=x", 40125),
            ("appid=wx0000000000000001&secret=sandbox-secret", 41008),
        ],
    )
    async def test_says_which_credential_is_wrong(self, sandbox, query, expected):
        path = f"/sns/jscode2session?grant_type=authorization_code&{query}"

        assert await errcode(sandbox, path, method="GET") == expected

    async def test_a_post_lacks_the_appid(self, sandbox):
        assert await errcode(sandbox, f"{LOGIN}&js_code=x") == 41002


class TestTokens:
    async def test_the_stable_token_stays_the_same(self, sandbox):
        assert await fresh_token(sandbox) == await fresh_token(sandbox)

    async def test_a_forced_refresh_ends_the_one_before(self, sandbox):
        before = await fresh_token(sandbox)
        after = await fresh_token(sandbox, force_refresh=True)

        path = "/wxaapi/newtmpl/gettemplate?access_token="
        assert await errcode(sandbox, path + before, method="GET") == 40001
        assert await errcode(sandbox, path + after, method="GET") == 0

    async def test_a_second_forced_refresh_within_thirty_seconds_changes_nothing(self, sandbox):
        once = await fresh_token(sandbox, force_refresh=True)

        assert await fresh_token(sandbox, force_refresh=True) == once

    async def test_a_plain_refresh_leaves_the_old_token_for_a_while(self, sandbox):
        query = "/cgi-bin/token?" + "&".join(f"{name}={value}" for name, value in CREDENTIALS.items())
        first = (await sandbox.get(query))["access_token"]
        second = (await sandbox.get(query))["access_token"]

        path = "/wxaapi/newtmpl/gettemplate?access_token="
        assert [await errcode(sandbox, path + one, method="GET") for one in (first, second)] == [0, 0]

    @pytest.mark.parametrize(
        ("query", "expected"), [("", 41001), ("?access_token=", 41001), ("?access_token=61_x", 40001)]
    )
    async def test_a_call_without_a_good_token_is_refused(self, sandbox, query, expected):
        assert await errcode(sandbox, f"/wxaapi/newtmpl/gettemplate{query}", method="GET") == expected

    async def test_the_method_matters(self, sandbox):
        assert await errcode(sandbox, "/cgi-bin/stable_token", method="GET") == 43002
        assert await errcode(sandbox, "/cgi-bin/token") == 43001

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"grant_type": "x"}, 40002),
            ({"appid": ""}, 41002),
            ({"secret": ""}, 41004),
            ({"appid": "wx2"}, 40013),
            ({"secret": "wrong"}, 40125),
        ],
    )
    async def test_says_which_credential_is_wrong(self, sandbox, change, expected):
        assert await errcode(sandbox, "/cgi-bin/stable_token", CREDENTIALS | change) == expected

    async def test_a_body_is_read_whatever_its_type(self, sandbox):
        path = f"{sandbox.base}/cgi-bin/stable_token"
        bodies = [b"", b"{", b"[]", b'{"appid": "\\ud800"}']

        answers = []
        for body in bodies:
            async with sandbox.http.post(path, data=body, skip_auto_headers=["Content-Type"]) as response:
                answers.append((await response.json())["errcode"])

        assert answers == [44002, 47001, 47001, 47001]


class TestPhone:
    async def test_gives_the_number_once(self, sandbox):
        code = (await sandbox.post("/sandbox/phone", user="alice", phone="13812345678"))["code"]
        path = f"/wxa/business/getuserphonenumber?access_token={await fresh_token(sandbox)}"

        first = await sandbox.post(path, code=code)
        second = await sandbox.post(path, code=code)

        assert first["phone_info"]["purePhoneNumber"] == "13812345678"
        assert first["phone_info"]["watermark"]["appid"] == "wx0000000000000001"
        assert second["errcode"] == 40029
        assert second["errmsg"].startswith("invalid code hint: [")

    async def test_refuses_another_persons_code(self, sandbox):
        code = (await sandbox.post("/sandbox/phone", user="alice", phone="13812345678"))["code"]
        path = f"/wxa/business/getuserphonenumber?access_token={await fresh_token(sandbox)}"

        assert await errcode(sandbox, path, {"code": code, "openid": "o" * 28}) == 40029


class TestSubscribeMessages:
    async def test_a_grant_is_good_for_one_message(self, sandbox):
        path, message = await self.ready(sandbox)

        first = await sandbox.post(path, **message)
        second = await errcode(sandbox, path, message)

        assert first["errcode"] == 0
        assert first["msgid"] > 2**53
        assert second == 43101
        assert await sandbox.received() == [
            {
                "kind": "subscribe",
                "template_id": message["template_id"],
                "data": DATA,
                "at": "2024-09-01T12:00:00.000+08:00",
            }
        ]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"touser": "o" * 28}, 40003),
            ({"template_id": "x" * 43}, 40037),
            ({"page": "/pages/index"}, 41030),
            ({"data": {}}, 47003),
            ({"data": DATA | {"thing9": {"value": "多出来的"}}}, 47003),
        ],
    )
    async def test_a_refused_message_keeps_the_grant(self, sandbox, change, expected):
        path, message = await self.ready(sandbox)

        assert await errcode(sandbox, path, message | change) == expected
        assert await errcode(sandbox, path, message) == 0

    async def test_the_reason_is_cut_at_48_characters(self, sandbox):
        template_id = await sandbox.accept(kind="pickup")
        data = {"character_string1": {"value": "中文单号"}}
        path, message = await self.ready(sandbox)

        _, answer = await sandbox.call("POST", path, message | {"template_id": template_id, "data": data})

        assert answer["errmsg"].startswith("argument invalid! data.character_string1.value i rid: ")

    async def test_two_messages_at_once_to_one_person_are_one_too_many(self, sandbox):
        path, message = await self.ready(sandbox)
        await sandbox.accept()

        outcomes = await asyncio.gather(*(errcode(sandbox, path, message) for _ in range(2)))

        assert sorted(outcomes) == [0, 43108]

    async def ready(self, sandbox):
        """A path with a token and a message that somebody wants."""
        template_id = await sandbox.accept()
        path = f"/cgi-bin/message/subscribe/send?access_token={await fresh_token(sandbox)}"
        return path, {"touser": await sandbox.openid(), "template_id": template_id, "data": DATA}


class TestCustomMessages:
    async def test_a_person_who_wrote_may_get_five_answers(self, sandbox):
        path, message = await self.ready(sandbox)
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        outcomes = [await errcode(sandbox, path, message) for _ in range(6)]

        assert outcomes == [0, 0, 0, 0, 0, 45047]

    async def test_writing_again_begins_a_new_count_and_adds_none(self, sandbox):
        path, message = await self.ready(sandbox)
        for _ in range(2):
            await sandbox.post("/sandbox/say", user="alice", text="在吗")

        outcomes = [await errcode(sandbox, path, message) for _ in range(6)]

        assert outcomes == [0, 0, 0, 0, 0, 45047]

    async def test_the_window_closes_after_48_hours(self, sandbox, noon):
        path, message = await self.ready(sandbox)
        await sandbox.post("/sandbox/say", user="alice", text="在吗")

        clock.stand_still(noon + timedelta(hours=48))

        assert await errcode(sandbox, path, message) == 45015

    async def test_who_only_came_in_may_get_two_within_a_minute(self, sandbox, noon):
        path, message = await self.ready(sandbox)
        await sandbox.post("/sandbox/enter", user="alice")

        outcomes = [await errcode(sandbox, path, message) for _ in range(3)]
        clock.stand_still(noon + timedelta(minutes=1))

        assert outcomes == [0, 0, 45047]
        assert await errcode(sandbox, path, message) == 45015

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"msgtype": "news"}, 45162),
            ({"msgtype": "fax"}, 40008),
            ({"text": {"content": ""}}, 44004),
            ({"text": {"content": "字" * 683}}, 45002),
        ],
    )
    async def test_only_a_text_of_some_length_is_taken(self, sandbox, change, expected):
        path, message = await self.ready(sandbox)

        assert await errcode(sandbox, path, message | change) == expected

    async def ready(self, sandbox):
        path = f"/cgi-bin/message/custom/send?access_token={await fresh_token(sandbox)}"
        return path, {"touser": await sandbox.openid(), "msgtype": "text", "text": {"content": "您好"}}
