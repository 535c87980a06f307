"""What the sandbox refuses of codes, links, checks and typing; what it takes is in the client's tests."""

import pytest

from tests.miniapi.sandbox.running import Running

CREDENTIALS = {
    "grant_type": "client_credential",
    "appid": "wx0000000000000001",
    "secret": "sandbox-secret",
}
CODE, LINK = "/wxa/getwxacodeunlimit", "/wxa/generate_urllink"
CHECK, TYPING = "/wxa/msg_sec_check", "/cgi-bin/message/custom/business/typing"
CUSTOM = "/cgi-bin/message/custom/send"


async def errcode(sandbox: Running, call: str, /, **body: object) -> int:
    token = (await sandbox.post("/cgi-bin/stable_token", **CREDENTIALS))["access_token"]
    status, answer = await sandbox.call("POST", f"{call}?access_token={token}", body)
    assert status == 200
    return answer.get("errcode", 0)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (CODE, {"scene": ""}, 40169),
        (CODE, {"scene": "x" * 33}, 40169),
        (CODE, {"scene": "券"}, 40169),
        (CODE, {"scene": "v=1", "page": "/pages/a"}, 41030),
        (CODE, {"scene": "v=1", "page": "pages/a?x=1"}, 41030),
        (CODE, {"scene": "v=1", "env_version": "beta"}, 40097),
        (CODE, {"scene": "v=1", "width": 100}, 40097),
        (LINK, {"path": "/pages/a", "expire_type": 1, "expire_interval": 1}, 40165),
        (LINK, {"path": "pages/a", "query": "x" * 1025, "expire_type": 1, "expire_interval": 1}, 40212),
        (LINK, {"path": "pages/a", "expire_type": 1, "expire_interval": 31}, 85401),
        (LINK, {"path": "pages/a", "expire_type": 0, "expire_time": 1}, 85401),
        (LINK, {"path": "pages/a", "expire_type": 1, "expire_interval": 1, "env_version": "x"}, 85402),
        (LINK, {"path": "pages/a", "expire_type": 1, "expire_interval": 30}, 0),
        (CHECK, {"version": 1, "content": "x"}, 40097),
        (CHECK, {"version": 2, "content": ""}, 44002),
        (CHECK, {"version": 2, "content": "x" * 2501}, 40097),
        (CHECK, {"version": 2, "content": "x", "scene": 9}, 40129),
        (CHECK, {"version": 2, "content": "x", "scene": 2, "openid": "nobody"}, 40003),
        (TYPING, {"touser": "nobody", "command": "Typing"}, 40003),
    ],
)
async def test_what_is_asked_wrongly_is_refused(sandbox, path, body, expected):
    assert await errcode(sandbox, path, **body) == expected


async def test_typing_follows_words_and_is_shown_once(sandbox):
    openid = await sandbox.openid()
    too_early = await errcode(sandbox, TYPING, touser=openid, command="Typing")
    await sandbox.post("/sandbox/say", user="alice", text="在吗")

    codes = [
        await errcode(sandbox, TYPING, touser=openid, command=command)
        for command in ("Typing", "Typing", "CancelTyping", "Typing", "Sing")
    ]

    assert (too_early, codes) == (45080, [0, 45081, 0, 0, 45072])


async def test_an_answer_may_be_a_link(sandbox):
    await sandbox.post("/sandbox/say", user="alice", text="在吗")
    link = {"title": "办事指南", "description": "怎么领券", "url": "https://example.com/", "thumb_url": ""}
    openid = await sandbox.openid()

    assert await errcode(sandbox, CUSTOM, touser=openid, msgtype="link", link=link) == 0
    assert await errcode(sandbox, CUSTOM, touser=openid, msgtype="link", link={"title": "x"}) == 44004
    assert [one["url"] for one in await sandbox.received()] == ["https://example.com/"]
