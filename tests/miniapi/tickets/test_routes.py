import re

import pytest

from miniapi.http.models import KeptAnswer
from miniapi.ids import new_id
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import Ticket
from miniapi.tickets.rules import MOST_OPEN
from tests.factories.people import a_resident
from tests.factories.staff import a_staff

COMPLAINT = {"kind": "complaint", "text": "康乐路的店昨天不让我用券。", "region": "yangling"}
NOON = "2024-09-01T12:00:00+08:00"


def event(what, text, *, by="resident", role=None):
    return {"what": what, "at": NOON, "by": by, "role": role, "text": text}


@pytest.fixture
def opening(web):
    async def open_ticket(resident, **changes):
        answer = await web.post("/tickets", by=resident, **{**COMPLAINT, **changes})
        assert answer.status == 201, answer.json
        return answer.json

    return open_ticket


class TestOpening:
    async def test_a_ticket_is_opened_shown_and_listed(self, web, noon):
        resident = await a_resident(noon)

        opened = await web.post("/tickets", by=resident, **COMPLAINT, session="session-1")
        shown = await web.get(f"/tickets/{opened.json['id']}", by=resident)
        listed = await web.get("/tickets", by=resident)

        assert opened.status == 201
        assert re.fullmatch(r"\d{10}", opened.json["number"])
        assert opened.json == {
            **COMPLAINT,
            "id": opened.json["id"],
            "number": opened.json["number"],
            "state": "open",
            "role": "bureau",
            "clause": None,
            "unit": None,
            "session": "session-1",
            "opened_at": NOON,
            "changed_at": NOON,
            "history": [event("opened", COMPLAINT["text"])],
        }
        assert shown.json == opened.json
        assert listed.json == {"items": [opened.json], "next_cursor": None}

    async def test_help_needs_no_region(self, web, noon):
        answer = await web.post("/tickets", by=await a_resident(noon), kind="help", text="实名认证过不了")

        assert (answer.status, answer.json["kind"], answer.json["region"]) == (201, "help", None)
        assert answer.json["role"] == "support"

    @pytest.mark.parametrize("clause", ["四（二）", "yangling#四（二）"])
    async def test_a_policy_question_names_its_clause(self, opening, noon, clause):
        opened = await opening(await a_resident(noon), kind="policy", clause=clause)

        assert (opened["clause"], opened["unit"], opened["role"]) == (
            "四（二）",
            "示范区工业和商务局",
            "bureau",
        )

    @pytest.mark.parametrize(
        "changes", [{"clause": "细则九十九"}, {"clause": "jining#一"}, {"clause": "一", "region": None}]
    )
    async def test_a_clause_that_is_none_is_refused_by_its_field(self, web, noon, changes):
        answer = await web.post("/tickets", by=await a_resident(noon), **COMPLAINT | changes)

        assert (answer.status, answer.json["code"]) == (422, "invalid_request")
        assert [wrong["field"] for wrong in answer.json["errors"]] == ["clause"]

    async def test_the_same_key_opens_one_ticket(self, web, noon):
        resident, key = await a_resident(noon), {"Idempotency-Key": "once"}

        answers = [await web.post("/tickets", by=resident, headers=key, **COMPLAINT) for _ in range(2)]

        assert answers[0].json == answers[1].json
        assert [answer.status for answer in answers] == [201, 201]
        assert await Ticket.all().count() == 1

    async def test_too_many_waiting_tickets_are_refused(self, web, noon, opening):
        resident = await a_resident(noon)
        for _ in range(MOST_OPEN):
            await opening(resident)

        answer = await web.post("/tickets", by=resident, **COMPLAINT)

        assert (answer.status, answer.json["code"]) == (409, "too_many_open_tickets")
        assert f"{MOST_OPEN} 件" in answer.json["title"]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"kind": "praise"}, "invalid_request"),
            ({"text": "  "}, "invalid_request"),
            ({"text": "长" * 1001}, "invalid_request"),
            ({"state": "closed"}, "invalid_request"),
            ({"session": "short"}, "invalid_request"),
            ({"region": "atlantis"}, "region_unknown"),
        ],
    )
    async def test_what_cannot_be_a_ticket_is_refused(self, web, noon, changes, code):
        answer = await web.post("/tickets", by=await a_resident(noon), **{**COMPLAINT, **changes})

        assert (answer.status, answer.json["code"]) == (422, code)


class TestOwner:
    async def test_only_the_owner_sees_a_ticket(self, web, noon, opening):
        mine, other = await opening(await a_resident(noon)), await a_resident(noon)

        missing = await web.get(f"/tickets/{new_id()}", by=other)
        listed = await web.get("/tickets", by=other)

        for answer in (
            await web.get(f"/tickets/{mine['id']}", by=other),
            await web.post(f"/tickets/{mine['id']}/messages", by=other, text="我也是"),
            await web.post(f"/tickets/{mine['id']}/close", by=other),
        ):
            assert (answer.status, answer.json["code"]) == (404, "not_found")
            assert answer.json["title"] == missing.json["title"]
        assert listed.json["items"] == []

    async def test_nobody_has_tickets_without_signing_in(self, web):
        for answer in (
            await web.post("/tickets", **COMPLAINT),
            await web.get("/tickets"),
            await web.get(f"/tickets/{new_id()}"),
            await web.post(f"/tickets/{new_id()}/messages", text="在吗"),
            await web.post(f"/tickets/{new_id()}/close"),
        ):
            assert (answer.status, answer.json["code"]) == (401, "not_signed_in")

    async def test_reads_both_sides_and_never_a_name(self, web, noon, opening):
        resident, officer = await a_resident(noon), await a_staff(noon, username="zhang.san")
        ticket = await opening(resident)
        await web.post(f"/staff/tickets/{ticket['id']}/answer", by=officer, text="请带发票。")

        written = await web.post(f"/tickets/{ticket['id']}/messages", by=resident, text="发票丢了。")

        assert (written.status, written.json["state"]) == (201, "open")
        assert written.json["history"] == [
            event("opened", COMPLAINT["text"]),
            event("answered", "请带发票。", by="staff", role="bureau"),
            event("replied", "发票丢了。"),
        ]
        assert str(officer.id) not in written.raw.decode()
        assert "zhang.san" not in written.raw.decode()

    async def test_does_not_read_what_one_desk_told_another(self, web, noon, opening):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        ticket = await opening(resident)
        path = f"/staff/tickets/{ticket['id']}/forward"

        forwarded = await web.post(path, by=officer, role="support", reason="可能要核实身份")
        shown = await web.get(f"/tickets/{ticket['id']}", by=resident)

        assert forwarded.json["history"][-1]["text"] == "可能要核实身份"
        assert shown.json["history"][-1]["what"] == "forwarded"
        assert shown.json["history"][-1]["text"] is None
        assert shown.json["role"] == "support"

    async def test_writes_once_with_the_same_key(self, web, noon, opening):
        resident, key = await a_resident(noon), {"Idempotency-Key": "once"}
        path = f"/tickets/{(await opening(resident))['id']}/messages"

        answers = [await web.post(path, by=resident, headers=key, text="还有一件事") for _ in range(2)]

        assert answers[0].json == answers[1].json
        assert len(answers[0].json["history"]) == 2

    async def test_closes_it_once(self, web, noon, opening):
        resident = await a_resident(noon)
        path = f"/tickets/{(await opening(resident))['id']}/close"

        closed, again = await web.post(path, by=resident), await web.post(path, by=resident)

        assert (closed.status, closed.json["state"]) == (200, "closed")
        assert closed.json["history"][-1] == event("closed", None)
        assert (again.status, again.json["code"], again.json["state"]) == (409, "ticket_state", "closed")

    async def test_lists_those_in_one_state(self, web, noon, opening):
        resident = await a_resident(noon)
        waiting, closed = await opening(resident), await opening(resident)
        await web.post(f"/tickets/{closed['id']}/close", by=resident)

        for state, wanted in (("open", [waiting["id"]]), ("closed", [closed["id"]]), ("answered", [])):
            listed = await web.get(f"/tickets?state={state}", by=resident)
            assert [one["id"] for one in listed.json["items"]] == wanted
        assert (await web.get("/tickets?state=lost", by=resident)).status == 422

    @pytest.mark.parametrize("text", ["", " ", "长" * 1001])
    async def test_says_something_and_not_too_much(self, web, noon, opening, text):
        resident = await a_resident(noon)
        ticket = await opening(resident)

        answer = await web.post(f"/tickets/{ticket['id']}/messages", by=resident, text=text)

        assert (answer.status, answer.json["code"]) == (422, "invalid_request")


class TestDesks:
    async def test_see_their_own_the_oldest_waiting_first(self, web, noon, opening):
        resident, bureau = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        both = await a_staff(noon, StaffRole.BUREAU, StaffRole.SUPPORT)
        first, second = await opening(resident), await opening(resident, kind="help")
        third = await opening(resident, region="jining")

        of_bureau = await web.get("/staff/tickets", by=bureau)
        of_both = await web.get("/staff/tickets", by=both)

        assert [one["id"] for one in of_bureau.json["items"]] == [first["id"], third["id"]]
        assert [one["id"] for one in of_both.json["items"]] == [first["id"], second["id"], third["id"]]
        assert "text" not in of_bureau.json["items"][0]

    async def test_look_for_state_kind_role_and_region(self, web, noon, opening):
        resident, both = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU, StaffRole.SUPPORT)
        complaint, help_ = await opening(resident), await opening(resident, kind="help", region=None)
        await web.post(f"/staff/tickets/{help_['id']}/answer", by=both, text="好了。")

        for asked, wanted in (
            ("state=open", [complaint]),
            ("state=answered", [help_]),
            ("kind=complaint", [complaint]),
            ("role=support", [help_]),
            ("role=reviewer", []),
            ("region=yangling", [complaint]),
            ("region=jining", []),
            ("state=open&kind=help", []),
        ):
            listed = await web.get(f"/staff/tickets?{asked}", by=both)
            assert [one["id"] for one in listed.json["items"]] == [one["id"] for one in wanted], asked
        unknown = await web.get("/staff/tickets?region=atlantis", by=both)
        assert (unknown.status, unknown.json["code"]) == (422, "region_unknown")

    async def test_turn_pages(self, web, noon, opening):
        resident, bureau = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        opened = [(await opening(resident))["id"] for _ in range(3)]

        first = await web.get("/staff/tickets?limit=2", by=bureau)
        second = await web.get(f"/staff/tickets?limit=2&cursor={first.json['next_cursor']}", by=bureau)

        assert [one["id"] for one in first.json["items"] + second.json["items"]] == opened
        assert second.json["next_cursor"] is None

    async def test_see_who_it_is_masked(self, web, noon, keys, opening):
        resident, bureau = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        resident.phone_sealed = keys.seal("13812345678")
        await resident.save()
        ticket = await opening(resident)

        shown = await web.get(f"/staff/tickets/{ticket['id']}", by=bureau)

        assert shown.json["resident"] == {"id": str(resident.id), "name": "王**", "phone": "138****5678"}
        assert shown.json["text"] == COMPLAINT["text"]

    async def test_deal_with_a_ticket(self, web, noon, opening):
        ticket = await opening(await a_resident(noon))
        bureau, support = await a_staff(noon, StaffRole.BUREAU), await a_staff(noon, StaffRole.SUPPORT)
        path = f"/staff/tickets/{ticket['id']}"

        answers = [
            await web.post(f"{path}/answer", by=bureau, text="可以用。"),
            await web.post(f"{path}/answer", by=bureau, text="可以用。"),
            await web.post(f"{path}/reopen", by=bureau, reason="答早了"),
            await web.post(f"{path}/forward", by=bureau, role="bureau", reason="给自己"),
            await web.post(f"{path}/forward", by=bureau, role="auditor", reason="请看"),
            await web.post(f"{path}/forward", by=bureau, role="support", reason="请看"),
            await web.post(f"{path}/close", by=bureau, reason="办结"),
            await web.post(f"{path}/close", by=support, reason="办结"),
        ]

        assert [(one.status, one.json.get("code")) for one in answers] == [
            (200, None),
            (409, "ticket_state"),
            (200, None),
            (409, "ticket_on_that_desk"),
            (422, "invalid_request"),
            (200, None),
            (404, "not_found"),
            (200, None),
        ]
        assert [one["what"] for one in answers[-1].json["history"]] == [
            "opened",
            "answered",
            "reopened",
            "forwarded",
            "closed",
        ]

    async def test_keep_no_words_of_somebody_who_leaves(self, web, noon, opening):
        resident, bureau = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        path, key = f"/staff/tickets/{(await opening(resident))['id']}", {"Idempotency-Key": "once"}
        answered = await web.post(f"{path}/answer", by=bureau, headers=key, text="可以用。")

        await web.delete("/me", by=resident)

        again = await web.post(f"{path}/answer", by=bureau, headers=key, text="可以用。")
        assert answered.json["text"] == COMPLAINT["text"]
        assert (again.status, again.json["code"]) == (409, "ticket_state")
        assert await KeptAnswer.all().count() == 0

    async def test_of_others_get_nothing(self, web, noon, opening):
        ticket, auditor = await opening(await a_resident(noon)), await a_staff(noon, StaffRole.AUDITOR)
        support = await a_staff(noon, StaffRole.SUPPORT)
        path = f"/staff/tickets/{ticket['id']}"

        for by, status in ((auditor, 403), (support, 404), (await a_resident(noon), 403), (None, 401)):
            for answer in (
                await web.get(path, by=by),
                await web.post(f"{path}/conversation", by=by, reason="要看清楚是哪家店"),
                await web.post(f"{path}/answer", by=by, text="可以用。"),
                await web.post(f"{path}/close", by=by, reason="办结"),
                await web.post(f"{path}/reopen", by=by, reason="再看"),
                await web.post(f"{path}/forward", by=by, role="finance", reason="请看"),
            ):
                assert answer.status == status
        assert (await web.get("/staff/tickets", by=auditor)).status == 403
        assert (await web.get("/staff/tickets", by=support)).json["items"] == []
