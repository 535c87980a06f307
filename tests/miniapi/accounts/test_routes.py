from dataclasses import replace
from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.accounts.actions import SIGNED_IN_FOR
from miniapi.accounts.models import Resident, Session
from miniapi.ids import new_id
from tests.factories.people import a_resident, an_id_number
from tests.web import a_token_of, serving

PRIVATE = (
    ("GET", "/me"),
    ("POST", "/logout"),
    ("POST", "/me/phone"),
    ("POST", "/me/sessions/renewal"),
    ("POST", "/me/identity"),
    ("GET", "/vouchers"),
    ("GET", f"/vouchers/{new_id()}"),
    ("POST", f"/drops/{new_id()}/claims"),
    ("GET", "/pickups"),
    ("POST", "/pickups"),
    ("GET", f"/pickups/{new_id()}"),
    ("POST", f"/pickups/{new_id()}/reschedule"),
    ("POST", f"/pickups/{new_id()}/cancel"),
    ("GET", "/reminders"),
    ("POST", "/reminders"),
    ("DELETE", f"/reminders/{new_id()}"),
    ("GET", "/inbox"),
)


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


async def refusals(web, headers):
    """What every private route says to this caller."""
    answers = [await web.call(method, path, headers=headers) for method, path in PRIVATE]
    return {(answer.status, answer.json["code"]) for answer in answers}


class TestWhoIsLetIn:
    async def test_nobody_without_a_good_token(self, web):
        for headers in ({}, bearing("forged"), bearing(""), {"Authorization": "Basic YWxpY2U6eA=="}):
            assert await refusals(web, headers) == {(401, "not_signed_in")}

    async def test_nobody_after_thirty_days(self, web, noon):
        token = await a_token_of(await a_resident(noon, verified=False))
        clock.stand_still(noon + SIGNED_IN_FOR - timedelta(seconds=1))
        still = await web.get("/me", headers=bearing(token))
        clock.stand_still(noon + SIGNED_IN_FOR)

        assert await refusals(web, bearing(token)) == {(401, "token_expired")}
        assert still.status == 200

    async def test_nobody_who_signed_out(self, web, noon):
        resident = await a_resident(noon)
        out = await web.post("/logout", by=resident)

        assert (out.status, out.raw) == (204, b"")
        assert await refusals(web, bearing(await a_token_of(resident))) == {(401, "not_signed_in")}

    async def test_a_bad_token_is_said_to_be_bad_also_where_none_is_needed(self, web):
        assert (await web.get("/clock", headers=bearing("forged"))).status == 401


class TestLogin:
    async def test_makes_a_resident_at_the_first_time(self, web_and_wechat, sandbox, noon):
        code = await sandbox.login_code()

        answer = await web_and_wechat.post("/login", code=code, region="yangling")

        assert answer.status == 200
        assert set(answer.json) == {"token", "expires_at", "resident"}
        assert answer.json["expires_at"] == "2024-10-01T12:00:00+08:00"
        assert answer.json["resident"] == {
            "id": str((await Resident.get()).id),
            "region": "yangling",
            "phone": None,
            "phone_verified": False,
            "identity": {"verified": False, "name": None, "id_number": None},
            "created_at": "2024-09-01T12:00:00+08:00",
        }
        assert (await Resident.get()).openid == await sandbox.openid()

    async def test_finds_the_resident_again(self, web_and_wechat, sandbox):
        answers = [
            await web_and_wechat.post("/login", code=await sandbox.login_code(), **more)
            for more in ({"region": "yangling"}, {}, {"region": "jining"})
        ]

        assert len({answer.json["resident"]["id"] for answer in answers}) == 1
        assert [answer.json["resident"]["region"] for answer in answers] == ["yangling", "yangling", "jining"]
        assert len({answer.json["token"] for answer in answers}) == 3
        for answer in answers:
            me = await web_and_wechat.get("/me", headers=bearing(answer.json["token"]))
            assert me.status == 200

    async def test_keeps_no_token(self, web_and_wechat, sandbox):
        token = (await web_and_wechat.post("/login", code=await sandbox.login_code())).json["token"]

        assert token not in str((await Session.get()).__dict__)

    async def test_an_old_token_is_no_hindrance(self, web_and_wechat, sandbox, noon):
        token = await a_token_of(await a_resident(noon))
        clock.stand_still(noon + SIGNED_IN_FOR)

        for old in (token, "forged"):
            code = await sandbox.login_code()
            answer = await web_and_wechat.post("/login", headers=bearing(old), code=code)

            assert answer.status == 200

    async def test_refuses_a_code_that_is_bad_or_used(self, web_and_wechat, sandbox):
        used = await sandbox.login_code()
        await web_and_wechat.post("/login", code=used)

        for code in (used, "nonsense", "登录", "a b"):
            answer = await web_and_wechat.post("/login", code=code)

            assert (answer.status, answer.json["code"]) == (401, "wechat_code_invalid")

    @pytest.mark.parametrize(
        "fault",
        [
            {"mode": "slow", "seconds": 5},
            {"mode": "error"},
            {"mode": "hang"},
            {"mode": "truncate"},
            {"mode": "errcode", "errcode": -1},
            {"mode": "errcode", "errcode": 40013},
        ],
        ids=lambda fault: fault["mode"],
    )
    async def test_says_so_when_wechat_is_away(self, web_and_wechat, sandbox, fault):
        code = await sandbox.login_code()
        await sandbox.fault("/sns/jscode2session", **fault)

        answer = await web_and_wechat.post("/login", code=code)

        assert (answer.status, answer.json["code"]) == (503, "wechat_unavailable")
        assert await Resident.all().count() == 0

    async def test_says_how_long_to_wait(self, web_and_wechat, sandbox):
        await sandbox.fault("/sns/jscode2session", "errcode", errcode=45011)

        answer = await web_and_wechat.post("/login", code=await sandbox.login_code())

        assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
        assert answer.headers["Retry-After"] == "60"

    async def test_refuses_a_region_before_the_code_is_burnt(self, web_and_wechat, sandbox):
        code = await sandbox.login_code()

        refused = await web_and_wechat.post("/login", code=code, region="atlantis")
        taken = await web_and_wechat.post("/login", code=code)

        assert (refused.status, refused.json["code"]) == (422, "region_unknown")
        assert taken.status == 200


class TestPhone:
    async def test_typed_by_hand_is_unverified(self, web, noon):
        answer = await web.post("/me/phone", by=await a_resident(noon), phone="13812345678")

        assert answer.status == 200
        assert answer.json == {"phone": "138****5678", "verified": False}

    async def test_told_by_wechat_is_verified(self, web_and_wechat, sandbox, noon):
        resident = await a_resident(noon)
        resident.openid = await sandbox.openid()
        await resident.save()
        code = (await sandbox.post("/sandbox/phone", user="alice", phone="13812345678"))["code"]

        answer = await web_and_wechat.post("/me/phone", by=resident, code=code)
        again = await web_and_wechat.post("/me/phone", by=resident, code=code)

        assert answer.json == {"phone": "138****5678", "verified": True}
        assert (again.status, again.json["code"]) == (422, "phone_code_invalid")

    async def test_is_one_or_the_other(self, web, noon):
        resident = await a_resident(noon)

        for body in ({}, {"code": "x", "phone": "13812345678"}, {"iv": "x"}, {"encrypted_data": "x"}):
            assert (await web.post("/me/phone", by=resident, **body)).json["code"] == "invalid_request"
        wrong = await web.post("/me/phone", by=resident, phone="12345")
        assert (wrong.status, wrong.json["code"]) == (422, "phone_invalid")

    async def test_told_in_the_old_way_is_verified_too(self, web_and_wechat, sandbox):
        code = await sandbox.login_code()
        token = (await web_and_wechat.post("/login", code=code)).json["token"]
        sealed = await sandbox.post("/sandbox/phone", user="alice", phone="13812345678")
        body = {"encrypted_data": sealed["encryptedData"], "iv": sealed["iv"]}

        answer = await web_and_wechat.post("/me/phone", headers=bearing(token), **body)
        await web_and_wechat.post("/login", code=await sandbox.login_code())
        under_another_key = await web_and_wechat.post("/me/phone", headers=bearing(token), **body)

        assert (answer.status, answer.json) == (200, {"phone": "138****5678", "verified": True})
        assert (under_another_key.status, under_another_key.json["code"]) == (422, "phone_data_invalid")

    async def test_sealed_for_who_never_signed_in_cannot_be_read(self, web, noon):
        answer = await web.post("/me/phone", by=await a_resident(noon), encrypted_data="x", iv="x")

        assert (answer.status, answer.json["code"]) == (422, "phone_data_invalid")


class TestRenewal:
    async def test_a_new_token_takes_the_place_of_the_old_one(self, web, noon):
        old = await a_token_of(await a_resident(noon))

        renewed = await web.post("/me/sessions/renewal", headers=bearing(old))

        assert (renewed.status, set(renewed.json)) == (200, {"token", "expires_at"})
        assert (await web.get("/me", headers=bearing(old))).status == 200
        clock.stand_still(noon + timedelta(minutes=1))
        assert (await web.get("/me", headers=bearing(renewed.json["token"]))).status == 200
        assert (await web.get("/me", headers=bearing(old))).json["code"] == "token_expired"


async def test_one_person_signs_in_only_so_often(database, noon, settings, library, matcher, keys, sandbox):
    strict = replace(settings.limits, person_requests_per_minute=3)
    known = replace(settings, wechat=sandbox.wechat, limits=strict)
    async with serving(known, library, matcher, keys) as web:
        statuses = [
            (await web.post("/login", code=await sandbox.login_code(user))).status
            for user in ("alice", "alice", "alice", "alice", "bob")
        ]

    assert statuses == [200, 200, 200, 429, 200]


class TestIdentity:
    async def test_shows_no_more_than_it_must(self, web, noon):
        resident = await a_resident(noon, verified=False)

        answer = await web.post("/me/identity", by=resident, name="张三", id_number=an_id_number())

        assert answer.status == 200
        assert answer.json == {
            "verified": True,
            "name": "张*",
            "id_number": f"6104**********{an_id_number()[-4:]}",
        }
        me = (await web.get("/me", by=resident)).json
        assert (me["identity"], me["roles"]) == (answer.json, [])

    async def test_refusals_have_their_statuses(self, web, noon):
        first, second = await a_resident(noon, verified=False), await a_resident(noon, verified=False)

        async def verified(by, name, number):
            answer = await web.post("/me/identity", by=by, name=name, id_number=number)
            return answer.status, answer.json.get("code")

        assert await verified(first, "张三", "61040319900307001") == (422, "id_number_invalid")
        assert await verified(first, "不匹配", an_id_number()) == (422, "identity_mismatch")
        assert await verified(first, "张三", an_id_number()) == (200, None)
        assert await verified(second, "张三", an_id_number()) == (409, "identity_taken")
        assert await verified(first, "李四", an_id_number(2)) == (409, "identity_already_verified")

    async def test_a_city_without_a_verifier_verifies_nobody(
        self, database, noon, settings, library, matcher, keys
    ):
        real = replace(settings, wechat=replace(settings.wechat, sandbox=False))
        async with serving(real, library, matcher, keys) as web:
            answer = await web.post(
                "/me/identity",
                by=await a_resident(noon, verified=False),
                name="张三",
                id_number=an_id_number(),
            )

        assert (answer.status, answer.json["code"]) == (503, "identity_verifier_unavailable")
