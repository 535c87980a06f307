"""The sandbox's own calls: people, faults and the clock."""

import pytest
from aiohttp import web

from miniapi import clock
from miniapi.sandbox import people
from miniapi.sandbox.templates import templates_by_kind
from miniapi.wechat import user_data
from miniapi.wechat.push import UserPicture, read_push

KINDS = ["drop", "pickup", "voucher_expiry", "claimed", "redeemed", "refunded", "ticket", "report"]


async def test_lists_one_template_a_kind(sandbox):
    listed = await sandbox.get("/sandbox/templates")

    assert [one["kind"] for one in listed] == KINDS == list(templates_by_kind())
    assert {len(one["template_id"]) for one in listed} == {43}
    assert listed[0]["fields"][0] == {"name": "thing1", "title": "活动名称"}


async def test_accepting_books_a_grant_and_answers_after_the_push(sandbox):
    template_id = await sandbox.template_id()

    answers = [
        await sandbox.post("/sandbox/subscribe", user="alice", template_ids=[template_id], answer="accept")
        for _ in range(2)
    ]

    assert [answer["grants"][template_id] for answer in answers] == [1, 2]
    assert answers[1]["push"] == {"accepted": True, "tries": 1, "problem": None}
    assert len(sandbox.product.pushes) == 2


async def test_rejecting_books_nothing(sandbox):
    template_id = await sandbox.accept()

    answer = await sandbox.post(
        "/sandbox/subscribe", user="alice", template_ids=[template_id], answer="reject"
    )

    assert answer["grants"] == {template_id: 1}
    assert b'"reject"' in sandbox.product.pushes[-1][1]


async def test_turning_off_takes_all_grants_away(sandbox):
    template_id = await sandbox.accept()

    answer = await sandbox.post(
        "/sandbox/subscribe", user="alice", template_ids=[template_id], answer="turn_off"
    )

    assert answer["grants"] == {template_id: 0}
    assert b"subscribe_msg_change_event" in sandbox.product.pushes[-1][1]


async def test_says_so_when_the_product_does_not_answer(sandbox):
    sandbox.product.answer = lambda _nth: web.Response(status=503)

    answer = await sandbox.post("/sandbox/say", user="alice", text="在吗")

    assert answer["push"]["accepted"] is False
    assert answer["push"]["tries"] == 3
    assert "503" in answer["push"]["problem"]


async def test_delivers_again_newest_first(sandbox):
    for said in ("一", "二", "三"):
        await sandbox.post("/sandbox/say", user="alice", text=said)

    await sandbox.post("/sandbox/push-again", count=2)

    bodies = [body for _, body in sandbox.product.pushes]
    assert bodies[3:] == [bodies[2], bodies[1]]


async def test_nobody_unknown_has_received_anything(sandbox):
    assert await sandbox.received("nobody") == []


async def test_faults_are_listed_and_cleared(sandbox):
    await sandbox.fault("/cgi-bin/token", "errcode", rate=0.5, errcode=45009)
    await sandbox.fault("/cgi-bin/token", "errcode", errcode=40164)
    await sandbox.fault("*", "slow", seconds=1)

    before = await sandbox.get("/sandbox/faults")
    await sandbox.call("DELETE", "/sandbox/faults")

    assert [(one["path"], one["mode"], one["rate"], one["errcode"]) for one in before] == [
        ("/cgi-bin/token", "errcode", 1, 40164),
        ("*", "slow", 1, -1),
    ]
    assert await sandbox.get("/sandbox/faults") == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sandbox/login", {}, "user"),
        ("/sandbox/login", {"user": ""}, "user"),
        ("/sandbox/login", {"user": 7}, "user"),
        ("/sandbox/login", {"user": "a" * 65}, "user"),
        ("/sandbox/phone", {"user": "alice", "phone": "12"}, "phone"),
        ("/sandbox/phone", {"user": "alice", "phone": "138123456789"}, "phone"),
        ("/sandbox/subscribe", {"user": "alice"}, "template_ids"),
        ("/sandbox/subscribe", {"user": "alice", "template_ids": ["no such"]}, "template_ids"),
        ("/sandbox/subscribe", {"user": "alice", "template_ids": [[]]}, "template_ids"),
        ("/sandbox/subscribe", {"user": "alice", "template_ids": ["x"] * 6}, "template_ids"),
        ("/sandbox/say", {"user": "alice", "text": " "}, "text"),
        ("/sandbox/say", {"user": "alice", "text": "在", "format": "yaml"}, "format"),
        ("/sandbox/push-again", {"count": 0}, "count"),
        ("/sandbox/faults", {"path": "/v1/x", "mode": "slow"}, "path"),
        ("/sandbox/faults", {"path": "/sns/jscode2session", "mode": "angry"}, "mode"),
        ("/sandbox/faults", {"path": "/sns/jscode2session", "mode": "slow", "rate": 2}, "rate"),
        ("/sandbox/faults", {"path": "/sns/jscode2session", "mode": "slow", "rate": True}, "rate"),
        ("/sandbox/clock", {"now": "tomorrow"}, "now"),
        ("/sandbox/clock", {"now": "2024-09-01T10:00:00"}, "now"),
    ],
)
async def test_wrong_input_names_its_field(sandbox, path, body, field):
    status, problem = await sandbox.call("POST", path, body)

    assert status == 422
    assert problem["code"] == "invalid_request"
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"user": "\\ud800"}'])
async def test_what_is_no_json_object_is_a_problem(sandbox, body):
    async with sandbox.http.post(f"{sandbox.base}/sandbox/login", data=body) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"
        assert (await response.json(content_type=None))["code"] == "bad_json"


@pytest.mark.parametrize(
    ("method", "path", "expected"), [("GET", "/nowhere", 404), ("GET", "/sandbox/login", 405)]
)
async def test_a_wrong_address_is_a_problem(sandbox, method, path, expected):
    status, problem = await sandbox.call(method, path)

    assert (status, problem["status"]) == (expected, expected)


async def test_the_messages_of_everybody_come_in_their_order(sandbox):
    for user in ("alice", "bob", "alice"):
        sandbox.state.deliver(await sandbox.openid(user), {"kind": "custom", "text": user}, window=None)

    everybody, later = await sandbox.get("/sandbox/messages"), await sandbox.get("/sandbox/messages?after=2")

    assert [one["user"] for one in everybody] == ["alice", "bob", "alice"]
    assert later == everybody[2:]
    assert [(one["user"], one["messages"]) for one in await sandbox.get("/sandbox/users")] == [
        ("alice", 2),
        ("bob", 1),
    ]


@pytest.mark.parametrize("query", ["user=%20", "after=-1", "after=x"])
async def test_messages_of_nobody_are_a_mistake(sandbox, query):
    status, _ = await sandbox.call("GET", f"/sandbox/messages?{query}")

    assert status == 422


async def test_a_picture_is_pushed_as_one(sandbox):
    await sandbox.post("/sandbox/picture", user="alice")

    message = read_push(*sandbox.product.pushes[0], sandbox.wechat)
    assert isinstance(message, UserPicture)
    assert message.openid == await sandbox.openid()


async def test_a_browser_gets_a_page_and_others_a_list_of_calls(sandbox):
    async with sandbox.http.get(sandbox.base, headers={"Accept": "text/html"}) as page:
        assert page.content_type == "text/html"
        assert "显示所有人" in await page.text()
    async with sandbox.http.get(sandbox.base) as listing:
        assert listing.content_type == "text/plain"


async def test_the_number_comes_sealed_for_who_signed_in(sandbox):
    unknown = await sandbox.post("/sandbox/phone", user="alice", phone="13812345678")
    query = "appid=wx0000000000000001&secret=sandbox-secret&grant_type=authorization_code"
    session = await sandbox.get(f"/sns/jscode2session?{query}&js_code={await sandbox.login_code()}")

    known = await sandbox.post("/sandbox/phone", user="alice", phone="13812345678")

    assert set(unknown) == {"code"}
    opened = user_data.opened(known["encryptedData"], known["iv"], session["session_key"])
    assert opened["purePhoneNumber"] == "13812345678"


async def test_without_a_database_the_clock_stays(sandbox):
    status, problem = await sandbox.call("POST", "/sandbox/clock", {"now": "2024-09-01T13:00:00+08:00"})

    assert (status, problem["code"]) == (409, "no_clock")


class TestClock:
    """The clock's own tests move a real one; here only what the sandbox makes of it."""

    @pytest.fixture(autouse=True)
    def with_a_database(self, sandbox):
        sandbox.app.ctx.sandbox.database_url = "postgresql://nowhere"

    async def test_moves_forward(self, sandbox, monkeypatch):
        async def move_to(_database_url, at):
            return at.astimezone(clock.SHANGHAI)

        monkeypatch.setattr(people.clock, "move_to", move_to)

        answer = await sandbox.post("/sandbox/clock", now="2024-09-01T05:00:00Z")

        assert answer == {"now": "2024-09-01T13:00:00.000+08:00"}

    @pytest.mark.parametrize(
        ("raised", "expected"),
        [(clock.ClockBackwards, (409, "clock_backwards")), (OSError, (503, "database_unavailable"))],
    )
    async def test_says_why_it_cannot(self, sandbox, monkeypatch, raised, expected):
        async def move_to(_database_url, _at):
            raise raised

        monkeypatch.setattr(people.clock, "move_to", move_to)

        status, problem = await sandbox.call("POST", "/sandbox/clock", {"now": "2024-09-01T11:00:00+08:00"})

        assert (status, problem["code"]) == expected


async def test_the_front_page_lists_every_call(sandbox):
    async with sandbox.http.get(sandbox.base) as response:
        page = await response.text()

    assert all(route.path in page for route in sandbox.app.router.routes if "sandbox" in route.path)
