import pytest

from miniapi.accounts.models import Resident, Session
from miniapi.ids import new_id
from miniapi.privacy.models import Consent
from miniapi.staff.models import StaffRole
from tests.factories.people import a_resident, an_id_number
from tests.factories.staff import a_staff
from tests.miniapi.privacy.conftest import PHONE, STREET

BECAUSE = "居民来电，需要回电核对"


@pytest.fixture
async def support(web, noon):
    return await a_staff(noon, StaffRole.SUPPORT)


class TestTheNotice:
    async def test_is_read_by_anybody(self, web):
        answer = await web.get("/privacy")

        assert answer.status == 200
        assert (answer.json["version"], answer.json["effective_at"]) == (
            "2024-2",
            "2024-09-01T00:00:00+08:00",
        )
        assert len(answer.json["sections"]) >= 7
        assert "consented" not in answer.json

    async def test_tells_who_has_agreed(self, web, noon):
        resident = await a_resident(noon)
        before = (await web.get("/me", by=resident)).json

        given = await web.post("/me/consents", by=resident, version="2024-2")
        again = await web.post("/me/consents", by=resident, version="2024-2")

        me = (await web.get("/me", by=resident)).json
        assert (before["consent"], before["consent_current"]) == (None, False)
        assert (given.status, again.status) == (201, 201)
        assert given.json == again.json == {"version": "2024-2", "at": "2024-09-01T12:00:00+08:00"}
        assert (me["consent"], me["consent_current"]) == (given.json, True)
        assert (await web.get("/privacy", by=resident)).json["consented"] is True
        assert await Consent.all().count() == 1

    async def test_that_is_newer_is_put_before_who_agreed_to_the_one_before(self, web, noon):
        resident = await a_resident(noon)
        await Consent.create(resident=resident, version="2024-1", at=noon.replace(month=8))

        me = (await web.get("/me", by=resident)).json

        assert (me["consent"]["version"], me["consent_current"]) == ("2024-1", False)
        assert (await web.get("/privacy", by=resident)).json["consented"] is False
        given = await web.post("/me/consents", by=resident, version="2024-2")
        assert (given.status, (await web.get("/me", by=resident)).json["consent_current"]) == (201, True)

    async def test_of_another_version_cannot_be_agreed_to(self, web, noon):
        answer = await web.post("/me/consents", by=await a_resident(noon), version="1999-1")

        assert (answer.status, answer.json["code"]) == (409, "privacy_version_outdated")
        assert answer.json["current"] == "2024-2"

    async def test_is_asked_for_by_the_client_and_refuses_nothing(self, web, noon):
        assert (await web.get("/vouchers", by=await a_resident(noon))).status == 200


class TestSessions:
    async def test_are_listed_and_the_own_one_is_marked(self, web, noon):
        resident = await a_resident(noon)
        await Session.create(
            resident=resident, token_hash="1" * 64, created_at=noon, expires_at=noon.replace(day=2)
        )

        items = (await web.get("/me/sessions", by=resident)).json["items"]

        assert sorted(one["current"] for one in items) == [False, True]
        assert set(items[0]) == {"created_at", "expires_at", "current"}

    async def test_end_everywhere_at_once(self, web, noon):
        resident, other = await a_resident(noon), await a_resident(noon)
        await web.get("/me", by=other)

        ended = await web.delete("/me/sessions", by=resident)

        assert (ended.status, ended.raw) == (204, b"")
        assert (await web.get("/me", by=resident)).status == 401
        assert (await web.get("/me", by=other)).status == 200


class TestTakingAlong:
    async def test_is_one_file_that_nobody_keeps(self, web, life, keys):
        answer = await web.get("/me/export", by=life.resident)

        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == 'attachment; filename="huanxin-export.json"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["account"]["name"] == keys.unseal(life.resident.name_sealed)
        assert answer.json["pickups"][0]["street"] == STREET

    async def test_is_for_its_owner_alone(self, web, life):
        assert (await web.get("/me/export")).status == 401


class TestLeaving:
    async def test_ends_everything_at_once(self, web, life):
        left = await web.delete("/me", by=life.resident)

        assert (left.status, left.raw) == (204, b"")
        assert (await web.get("/me", by=life.resident)).status == 401

    async def test_and_signing_in_again_makes_somebody_new(self, web_and_wechat, sandbox):
        first = (await web_and_wechat.post("/login", code=await sandbox.login_code())).json
        bearing = {"Authorization": f"Bearer {first['token']}"}
        await web_and_wechat.delete("/me", headers=bearing)

        again = (await web_and_wechat.post("/login", code=await sandbox.login_code())).json

        assert again["resident"]["id"] != first["resident"]["id"]
        assert again["resident"]["phone"] is None
        assert await Resident.all().count() == 2


class TestTheDesk:
    async def test_sees_people_masked(self, web, life, support):
        answer = await web.get(f"/staff/residents/{life.resident.id}", by=support)

        assert answer.status == 200
        assert answer.json["phone"] == "138****5678"
        assert answer.json["identity"]["name"] == "王**"
        assert answer.json["left_at"] is None

    async def test_finds_by_exactly_one_number(self, web, life, support):
        found = await web.post("/staff/residents/search", by=support, ticket=life.ticket.number)
        nobody = await web.post("/staff/residents/search", by=support, id_number=an_id_number())
        two = await web.post("/staff/residents/search", by=support, ticket="1", pickup="2")

        assert (found.status, found.json["id"]) == (200, str(life.resident.id))
        assert (nobody.status, nobody.json["code"]) == (404, "not_found")
        assert (two.status, two.json["code"]) == (422, "invalid_request")

    async def test_sees_a_field_for_a_reason(self, web, life, support):
        path = f"/staff/residents/{life.resident.id}/reveal"

        shown = await web.post(path, by=support, fields=["phone"], reason=BECAUSE)
        hasty = await web.post(path, by=support, fields=["phone"], reason="急")

        assert (shown.status, shown.json) == (200, {"phone": PHONE})
        assert shown.headers["Cache-Control"] == "no-store"
        assert (hasty.status, hasty.json["code"]) == (422, "invalid_request")

    async def test_reveals_only_so_often(self, web, life, support):
        path = f"/staff/residents/{life.resident.id}/reveal"

        answers = [await web.post(path, by=support, fields=["phone"], reason=BECAUSE) for _ in range(11)]

        assert [one.status for one in answers] == [200] * 10 + [429]

    async def test_is_seen_by_the_resident_as_a_role_without_a_name(self, web, life, support, noon):
        path = f"/staff/residents/{life.resident.id}"
        await web.get(path, by=support)
        await web.post(f"{path}/reveal", by=support, fields=["phone", "name"], reason=BECAUSE)

        mine = await web.get("/me/access", by=life.resident)
        theirs = await web.get(f"{path}/access", by=await a_staff(noon, StaffRole.AUDITOR))

        assert mine.json == theirs.json
        assert mine.json["items"] == [
            {
                "at": "2024-09-01T12:00:00+08:00",
                "role": "support",
                "what": what,
                "fields": fields,
                "reason": reason,
            }
            for what, fields, reason in (
                ("resident.revealed", ["name", "phone"], BECAUSE),
                ("resident.viewed", [], None),
            )
        ]
        assert support.username not in mine.raw.decode()

    async def test_moves_an_identity(self, web, life, support, noon):
        target = await a_resident(noon, verified=False)
        await web.get("/me", by=life.resident)
        between = {"from_resident": str(life.resident.id), "to_resident": str(target.id)}

        moved = await web.post("/staff/identity-moves", by=support, **between, reason=BECAUSE)
        again = await web.post("/staff/identity-moves", by=support, **between, reason=BECAUSE)

        assert (moved.status, moved.json["vouchers"]) == (201, 1)
        assert (again.status, again.json["code"]) == (409, "no_identity_to_move")
        assert (await web.get("/me", by=life.resident)).status == 401
        assert (await web.get("/me", by=target)).json["identity"]["verified"] is True
        assert len((await web.get("/vouchers", by=target)).json["items"]) == 1

    async def test_of_other_roles_sees_nobody(self, web, life, noon):
        for role in (StaffRole.BUREAU, StaffRole.REVIEWER, StaffRole.FINANCE, StaffRole.AUDITOR):
            answer = await web.get(f"/staff/residents/{life.resident.id}", by=await a_staff(noon, role))

            assert (answer.status, answer.json["code"]) == (403, "not_allowed")

    async def test_finds_nobody_where_there_is_nobody(self, web, support):
        for path in (f"/staff/residents/{new_id()}", f"/staff/residents/{new_id()}/access"):
            assert (await web.get(path, by=support)).status == 404


async def test_who_finds_the_identity_taken_is_told_the_way_on(web, noon):
    first, second = await a_resident(noon, verified=False), await a_resident(noon, verified=False)
    await web.post("/me/identity", by=first, name="张三", id_number=an_id_number())

    refused = await web.post("/me/identity", by=second, name="张三", id_number=an_id_number())
    way_on = refused.json["way_on"]
    opened = await web.post("/tickets", by=second, kind=way_on["kind"], text="这是我本人的新账号，请转移")

    assert (refused.status, refused.json["code"]) == (409, "identity_taken")
    assert way_on["call"] == "POST /api/v1/tickets"
    assert opened.status == 201
