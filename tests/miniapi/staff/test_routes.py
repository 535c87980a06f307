"""The staff over HTTP: who is let in, what is answered, and the audit log page by page."""

from dataclasses import replace

import pyotp
import pytest

from miniapi.audit.actions import record
from miniapi.http.models import KeptAnswer
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import TicketEvent
from tests.factories.people import a_resident
from tests.factories.staff import PASSWORD, a_desk_of, a_staff
from tests.web import a_token_of, serving

NEW = "another four words"


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


class TestLogin:
    async def test_gives_a_token_and_says_who_it_is_for(self, web, noon):
        officer = await a_staff(noon, StaffRole.BUREAU, StaffRole.SUPPORT)

        answer = await web.post("/staff/login", username=officer.username, password=PASSWORD)

        assert answer.status == 200
        assert set(answer.json) == {"token", "expires_at", "staff"}
        assert answer.json["staff"] == {
            "id": str(officer.id),
            "username": officer.username,
            "roles": ["bureau", "support"],
        }
        me = await web.get("/staff/me", headers=bearing(answer.json["token"]))
        assert me.json == answer.json["staff"]

    async def test_asks_for_the_second_factor(self, web, noon, keys):
        secret = pyotp.random_base32()
        officer = await a_staff(noon, keys=keys, secret=secret)
        known = {"username": officer.username, "password": PASSWORD}

        without = await web.post("/staff/login", **known)
        wrong = await web.post("/staff/login", **known, totp="000000")
        right = await web.post("/staff/login", **known, totp=pyotp.TOTP(secret).now())

        assert (without.status, without.json["code"]) == (401, "totp_required")
        assert (wrong.status, wrong.json["code"]) == (401, "wrong_credentials")
        assert right.status == 200

    async def test_says_the_same_of_a_locked_name_and_of_one_that_is_not_there(self, web, noon):
        officer = await a_staff(noon)
        answers = {}
        for name in (officer.username, "nobody-here"):
            for _ in range(5):
                await web.post("/staff/login", username=name, password="not the password")
            answer = await web.post("/staff/login", username=name, password=PASSWORD)
            answers[name] = (answer.status, answer.raw)

        assert answers[officer.username] == answers["nobody-here"]
        assert answers["nobody-here"][0] == 401

    async def test_is_counted_by_name_whether_or_not_there_is_one(self, web, noon):
        officer = await a_staff(noon)
        for name in (officer.username, "nobody-here"):
            answers = [
                await web.post("/staff/login", username=name, password="not the password") for _ in range(11)
            ]

            assert [answer.status for answer in answers] == [401] * 10 + [429]
            assert int(answers[-1].headers["Retry-After"]) > 0

    @pytest.mark.parametrize("totp", ["12345", "1234567", "12345x", "１２３４５６"])
    async def test_refuses_a_code_that_is_none(self, web, totp):
        answer = await web.post("/staff/login", username="bureau", password=PASSWORD, totp=totp)

        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "totp")

    async def test_is_not_for_the_demo_where_real_people_sign_in(
        self, database, noon, settings, library, matcher, keys
    ):
        real = replace(settings, wechat=replace(settings.wechat, sandbox=False))
        officer = await a_staff(noon)
        async with serving(real, library, matcher, keys) as web:
            answer = await web.post("/staff/login", username=officer.username, password=PASSWORD)
            with_a_session = await web.get("/staff/me", by=officer)

        assert (answer.status, answer.json["code"]) == (401, "wrong_credentials")
        assert with_a_session.status == 401


class TestWhoIsLetIn:
    async def test_a_resident_is_somebody_but_not_of_the_staff(self, web, noon):
        answer = await web.get("/staff/me", by=await a_resident(noon))

        assert (answer.status, answer.json["code"]) == (403, "not_allowed")

    async def test_the_staff_are_no_residents(self, web, noon):
        officer = await a_staff(noon)

        answer = await web.get("/me", by=officer)

        assert (answer.status, answer.json["code"]) == (403, "not_allowed")
        assert (await web.get("/clock", by=officer)).status == 200

    async def test_nobody_whose_token_is_over(self, web, noon):
        officer, resident = await a_staff(noon), await a_resident(noon)
        await web.post("/staff/logout", by=officer)
        await web.post("/logout", by=resident)

        for path in ("/me", "/staff/me"):
            for token in (await a_desk_of(officer), await a_token_of(resident)):
                assert (await web.get(path, headers=bearing(token))).status == 401

    async def test_nobody_who_was_disabled(self, web, noon):
        gone = await a_staff(noon, disabled_at=noon)

        assert (await web.get("/staff/me", by=gone)).status == 401


class TestSessions:
    async def test_end_everywhere(self, web, noon):
        officer = await a_staff(noon)
        login = {"username": officer.username, "password": PASSWORD}
        tokens = [(await web.post("/staff/login", **login)).json["token"] for _ in range(2)]

        answer = await web.delete("/staff/sessions", headers=bearing(tokens[0]))

        assert (answer.status, answer.raw) == (204, b"")
        assert [(await web.get("/staff/me", headers=bearing(token))).status for token in tokens] == [401, 401]


class TestPassword:
    async def test_is_changed_by_whoever_knows_the_old_one(self, web, noon):
        officer = await a_staff(noon)

        wrong = await web.post("/staff/password", by=officer, old="not the password", new=NEW)
        unfit = await web.post("/staff/password", by=officer, old=PASSWORD, new="short")
        right = await web.post("/staff/password", by=officer, old=PASSWORD, new=NEW)

        assert (wrong.status, wrong.json["code"]) == (422, "old_password_wrong")
        assert (unfit.status, unfit.json["code"]) == (422, "password_unfit")
        assert right.status == 204
        assert (await web.get("/staff/me", by=officer)).status == 200


class TestTheAuditLog:
    @pytest.fixture
    async def auditor(self, database, noon):
        for number in range(1, 6):
            await record(f"staff:{number % 2}", "drop.freeze", f"drop:{number}", at=noon, after={"n": number})
        await record("operator:cli", "staff.add", "staff:9", at=noon, reason="新来的同事")
        return await a_staff(noon, StaffRole.AUDITOR)

    async def test_is_read_newest_first(self, web, auditor):
        first = (await web.get("/staff/audit?limit=4", by=auditor)).json
        rest = (await web.get(f"/staff/audit?limit=4&cursor={first['next_cursor']}", by=auditor)).json

        assert [event["seq"] for event in first["items"] + rest["items"]] == [6, 5, 4, 3, 2, 1]
        assert rest["next_cursor"] is None
        event = first["items"][0]
        assert event["previous"] == first["items"][1]["hash"]
        assert {**event, "hash": "", "previous": ""} == {
            "seq": 6,
            "at": "2024-09-01T12:00:00+08:00",
            "actor": "operator:cli",
            "action": "staff.add",
            "subject": "staff:9",
            "reason": "新来的同事",
            "request": None,
            "before": None,
            "after": None,
            "previous": "",
            "hash": "",
        }
        assert first["items"][1]["after"] == {"n": 5}

    async def test_names_the_request_that_caused_an_event(self, web, noon, auditor):
        officer = await a_staff(noon)

        caused = await web.post("/staff/login", username=officer.username, password=PASSWORD)
        read = await web.get(f"/staff/audit?actor=staff:{officer.id}", by=auditor)

        assert [event["request"] for event in read.json["items"]] == [caused.headers["X-Request-ID"]]

    @pytest.mark.parametrize(
        ("asked", "seqs"),
        [
            ("actor=staff:1", [5, 3, 1]),
            ("subject=drop:2", [2]),
            ("action=staff.add", [6]),
            ("actor=staff:1&subject=drop:2", []),
        ],
    )
    async def test_is_asked_for_an_actor_a_subject_or_an_action(self, web, auditor, asked, seqs):
        answer = await web.get(f"/staff/audit?{asked}", by=auditor)

        assert [event["seq"] for event in answer.json["items"]] == seqs

    @pytest.mark.parametrize("cursor", ["0", "99", "x", str(2**63), "-1"])
    async def test_knows_its_own_cursors_only(self, web, auditor, cursor):
        answer = await web.get(f"/staff/audit?cursor={cursor}", by=auditor)

        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "cursor")


async def test_what_the_staff_repeat_is_done_once_and_no_answer_is_kept(web, noon):
    officer, resident = await a_staff(noon), await a_resident(noon)
    ticket = (await web.post("/tickets", by=resident, kind="complaint", text="商户不让用券")).json["id"]
    key = {"Idempotency-Key": "answer-1"}

    answers = [
        await web.post(f"/staff/tickets/{ticket}/answer", by=officer, headers=key, text="已联系商户")
        for _ in range(2)
    ]

    assert [(one.status, one.json.get("code")) for one in answers] == [(200, None), (409, "ticket_state")]
    assert await TicketEvent.filter(ticket_id=ticket, what="answered").count() == 1
    assert await KeptAnswer.filter(caller=officer.id).count() == 0
