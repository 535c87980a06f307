import asyncio
import json

import pytest

from miniapi.audit.models import AuditEvent
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import Ticket
from tests.factories.people import a_resident
from tests.factories.staff import a_staff
from tests.factories.tickets import a_ticket

STORY = "康乐路那家店昨天不让我用券"
BECAUSE = "要看清楚是哪家店"


@pytest.fixture
def say(web):
    async def say(text, *, by, session="session-1", region="yangling"):
        answer = await web.post("/chat", by=by, text=text, session=session, region=region)
        assert answer.status == 200, answer.json
        return answer.json

    return say


class TestOpeningByChat:
    async def test_attaches_the_conversation_and_the_region(self, say, noon):
        resident = await a_resident(noon)

        said = await say(f"我要投诉{STORY}", by=resident)

        ticket = await Ticket.get()
        assert said["actions"][0] == {"kind": "ticket", "label": "看这件工单", "id": str(ticket.id)}
        assert (ticket.session, ticket.region, ticket.kind.value) == ("session-1", "yangling", "complaint")

    async def test_a_question_the_documents_leave_open_becomes_one_of_policy(self, say, noon, keys):
        resident = await a_resident(noon)
        await say("几天内可以退货", by=resident)

        said = await say("转人工", by=resident)

        ticket = await Ticket.get()
        assert (said["intent"], ticket.kind.value, ticket.clause) == ("human", "policy", "yangling#细则三")
        assert keys.unseal(ticket.text_sealed) == "几天内可以退货"
        assert ticket.role is StaffRole.BUREAU

    async def test_an_identity_that_is_taken_has_its_way_on(self, say, noon):
        resident = await a_resident(noon)

        offered = await say("说我的身份已在另一个账号实名，怎么办", by=resident)
        said = await say("好", by=resident)

        ticket = await Ticket.get()
        assert "提工单，人工核实后转移" in offered["reply"]
        assert offered["actions"] == [{"kind": "ticket", "label": "提工单核实身份", "ticket": "identity"}]
        assert (ticket.kind.value, ticket.role, ticket.number in said["reply"]) == (
            "identity",
            StaffRole.SUPPORT,
            True,
        )


class TestHowItStands:
    async def test_the_latest_answer_is_told(self, web, say, noon):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        ticket = await a_ticket(resident, noon)
        waiting = await say("我的投诉有结果了吗", by=resident)
        await web.post(f"/staff/tickets/{ticket.id}/answer", by=officer, text="店家答应补退 50 元。")

        told = await say("我的投诉有结果了吗", by=resident)

        assert waiting["reply"] == f"· 投诉（工单号 {ticket.number}）：在等答复。"
        assert "已答复" in told["reply"]
        assert "店家答应补退 50 元。" in told["reply"]
        assert told["actions"][0]["id"] == str(ticket.id)

    async def test_what_one_desk_told_another_is_not(self, web, say, noon):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        ticket = await a_ticket(resident, noon)
        path = f"/staff/tickets/{ticket.id}/forward"
        await web.post(path, by=officer, role="reviewer", reason="内部意见")

        assert "内部意见" not in (await say("我的投诉有结果了吗", by=resident))["reply"]


class TestReadAttached:
    async def test_shows_the_newest_messages_in_their_order_and_says_who_read_them(self, web, say, noon):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        await asyncio.gather(*(say(f"第 {nth} 句", by=resident) for nth in range(52)))
        await say(f"我要投诉{STORY}", by=resident)
        ticket = await Ticket.get()

        read = await web.post(f"/staff/tickets/{ticket.id}/conversation", by=officer, reason=BECAUSE)

        items = read.json["items"]
        assert (read.status, len(items), read.json["next_cursor"]) == (200, 50, None)
        assert [one["at"] for one in items] == sorted(one["at"] for one in items)
        assert [one["id"] for one in items] == sorted(one["id"] for one in items)
        assert (items[-1]["text"], items[-1]["intent"]) == (f"我要投诉{STORY}", "complaint")
        assert ticket.number in items[-1]["reply"]
        event = await AuditEvent.get()
        assert (event.actor, event.action) == (f"staff:{officer.id}", "ticket.read_conversation")
        assert (event.subject, event.reason) == (f"resident:{resident.id}", BECAUSE)
        assert json.loads(event.after) == {"ticket": str(ticket.id), "role": "bureau", "messages": 50}

    async def test_is_seen_by_its_resident_with_the_reason(self, web, say, noon, keys):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        await say(f"我要投诉{STORY}", by=resident)
        await web.post(f"/staff/tickets/{(await Ticket.get()).id}/conversation", by=officer, reason=BECAUSE)
        await web.get(f"/staff/tickets/{(await Ticket.get()).id}", by=officer)
        auditor = await a_staff(noon, StaffRole.AUDITOR)

        mine = (await web.get("/me/access", by=resident)).json["items"]

        assert [(one["what"], one["role"], one["reason"]) for one in mine] == [
            ("ticket.read", "bureau", None),
            ("ticket.read_conversation", "bureau", BECAUSE),
        ]
        theirs = await web.get(f"/staff/residents/{resident.id}/access", by=auditor)
        assert theirs.json["items"] == mine
        assert (await web.get("/me/export", by=resident)).json["access_by_staff"] == mine[::-1]

    async def test_shows_no_number_of_anybody(self, web, say, noon):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        await say("我的电话是１３８ １２３４ ５６７８，身份证 610403-19900307-0013", by=resident)
        ticket = await a_ticket(resident, noon, session="session-1")

        read = await web.post(f"/staff/tickets/{ticket.id}/conversation", by=officer, reason=BECAUSE)

        assert read.json["items"][0]["text"] == "我的电话是***，身份证 ***"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "invalid_request"),
            ({"reason": "急"}, "invalid_request"),
            ({"reason": "长" * 201}, "invalid_request"),
            ({"reason": "王小明打电话来问"}, "reason_personal"),
        ],
    )
    async def test_wants_a_reason_that_may_be_kept(self, web, say, noon, body, code):
        resident, officer = await a_resident(noon), await a_staff(noon, StaffRole.BUREAU)
        await say(f"我要投诉{STORY}", by=resident)
        path = f"/staff/tickets/{(await Ticket.get()).id}/conversation"

        read = await web.post(path, by=officer, **body)

        assert (read.status, read.json["code"]) == (422, code)
        assert await AuditEvent.filter(action="ticket.read_conversation").count() == 0
        assert (await web.get(path, by=officer)).status == 405

    async def test_is_the_residents_own_even_under_another_ones_name(self, web, say, noon):
        resident, other = await a_resident(noon), await a_resident(noon)
        officer = await a_staff(noon, StaffRole.BUREAU)
        await say("这是别人的话", by=other, session="session-9")
        await say("这是没登录的话", by=None, session="session-9")
        ticket = await a_ticket(resident, noon, session="session-9")

        read = await web.post(f"/staff/tickets/{ticket.id}/conversation", by=officer, reason=BECAUSE)

        assert (read.status, read.json["code"]) == (404, "not_found")
        assert await AuditEvent.all().count() == 0

    async def test_is_not_found_where_none_is_attached(self, web, noon):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await a_staff(noon, StaffRole.BUREAU)

        read = await web.post(f"/staff/tickets/{ticket.id}/conversation", by=officer, reason=BECAUSE)

        assert (read.status, read.json["title"]) == (404, "这件工单没有附对话。")
