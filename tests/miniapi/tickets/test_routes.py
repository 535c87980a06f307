import re

import pytest

from miniapi.ids import new_id
from miniapi.tickets.models import Ticket
from miniapi.tickets.rules import MOST_OPEN
from tests.factories.people import a_resident

COMPLAINT = {"kind": "complaint", "text": "康乐路的店昨天不让我用券。", "region": "yangling"}


async def test_a_ticket_is_opened_shown_and_listed(web, noon):
    resident = await a_resident(noon)

    opened = await web.post("/tickets", by=resident, **COMPLAINT)
    shown = await web.get(f"/tickets/{opened.json['id']}", by=resident)
    listed = await web.get("/tickets", by=resident)

    assert opened.status == 201
    assert re.fullmatch(r"\d{10}", opened.json["number"])
    assert opened.json == {
        **COMPLAINT,
        "id": opened.json["id"],
        "number": opened.json["number"],
        "state": "open",
        "opened_at": "2024-09-01T12:00:00+08:00",
        "history": [{"what": "opened", "at": "2024-09-01T12:00:00+08:00"}],
    }
    assert shown.json == opened.json
    assert listed.json == {"items": [opened.json], "next_cursor": None}


async def test_help_needs_no_region(web, noon):
    answer = await web.post("/tickets", by=await a_resident(noon), kind="help", text="实名认证过不了")

    assert (answer.status, answer.json["kind"], answer.json["region"]) == (201, "help", None)


async def test_the_same_key_opens_one_ticket(web, noon):
    resident, key = await a_resident(noon), {"Idempotency-Key": "once"}

    answers = [await web.post("/tickets", by=resident, headers=key, **COMPLAINT) for _ in range(2)]

    assert answers[0].json == answers[1].json
    assert [answer.status for answer in answers] == [201, 201]
    assert await Ticket.all().count() == 1


async def test_too_many_waiting_tickets_are_refused(web, noon):
    resident = await a_resident(noon)
    for _ in range(MOST_OPEN):
        await web.post("/tickets", by=resident, **COMPLAINT)

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
        ({"region": "atlantis"}, "region_unknown"),
    ],
)
async def test_what_cannot_be_a_ticket_is_refused(web, noon, changes, code):
    answer = await web.post("/tickets", by=await a_resident(noon), **{**COMPLAINT, **changes})

    assert (answer.status, answer.json["code"]) == (422, code)


async def test_only_the_owner_sees_a_ticket(web, noon):
    mine = await web.post("/tickets", by=await a_resident(noon), **COMPLAINT)
    other = await a_resident(noon)

    shown = await web.get(f"/tickets/{mine.json['id']}", by=other)
    missing = await web.get(f"/tickets/{new_id()}", by=other)
    listed = await web.get("/tickets", by=other)

    assert (shown.status, shown.json["code"]) == (404, "not_found")
    assert shown.json["title"] == missing.json["title"]
    assert listed.json["items"] == []


async def test_nobody_has_tickets_without_signing_in(web):
    for answer in (
        await web.post("/tickets", **COMPLAINT),
        await web.get("/tickets"),
        await web.get(f"/tickets/{new_id()}"),
    ):
        assert (answer.status, answer.json["code"]) == (401, "not_signed_in")
