import asyncio
import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from tortoise.transactions import in_transaction

from miniapi.audit.models import AuditEvent
from miniapi.reminders import actions as reminders
from miniapi.reminders.models import Notice, NoticeState
from miniapi.reminders.sending import Sender
from miniapi.reminders.templates import Templates
from miniapi.staff.models import StaffRole
from miniapi.tickets import actions, queries
from miniapi.tickets.errors import (
    MovedOn,
    NoSuchTicket,
    OnThatDesk,
    TicketClosed,
    TicketFull,
    TooManyOpen,
)
from miniapi.tickets.models import Ticket, TicketEvent, TicketKind, TicketState
from miniapi.tickets.rules import MOST_OPEN, MOST_WRITTEN, Matter
from miniapi.tickets.schemas import staff_ticket_json
from miniapi.wechat.client import WeChat
from tests.factories.people import a_resident
from tests.factories.tickets import a_ticket, an_officer


def happened(ticket):
    return [event.what for event in sorted(ticket.events, key=lambda event: event.id)]


async def outcomes_of(*attempts):
    """What each of several at once came to, by its kind."""
    return Counter(type(one).__name__ for one in await asyncio.gather(*attempts, return_exceptions=True))


class TestOpenTicket:
    async def test_it_is_open_and_its_text_is_sealed(self, database, noon, keys):
        ticket = await a_ticket(await a_resident(noon), noon, text="这家店不让我用券。")

        kept = await Ticket.get(id=ticket.id)
        assert kept.state is TicketState.OPEN
        assert "用券" not in kept.text_sealed
        assert keys.unseal(kept.text_sealed) == "这家店不让我用券。"
        assert [event.what for event in await TicketEvent.filter(ticket_id=ticket.id)] == ["opened"]

    @pytest.mark.parametrize(
        ("kind", "desk"),
        [
            (TicketKind.COMPLAINT, StaffRole.BUREAU),
            (TicketKind.POLICY, StaffRole.BUREAU),
            (TicketKind.HELP, StaffRole.SUPPORT),
            (TicketKind.IDENTITY, StaffRole.SUPPORT),
        ],
    )
    async def test_it_lies_on_the_desk_of_its_kind(self, database, noon, kind, desk):
        assert (await a_ticket(await a_resident(noon), noon, kind)).role is desk

    async def test_a_policy_question_names_its_clause_and_who_leads_it(self, database, noon, keys, library):
        matter = Matter(TicketKind.POLICY, "什么时候报进度？", library.packs["yangling"], "四（二）")

        ticket = await actions.open_ticket((await a_resident(noon)).id, matter, keys, at=noon)

        assert (ticket.region, ticket.clause) == ("yangling", "yangling#四（二）")
        assert ticket.unit == "示范区工业和商务局"

    async def test_a_crowd_of_clicks_opens_no_more_than_may_wait(self, database, noon):
        resident = await a_resident(noon)

        outcomes = await outcomes_of(*(a_ticket(resident, noon) for _ in range(MOST_OPEN + 7)))

        assert outcomes == {"Ticket": MOST_OPEN, "TooManyOpen": 7}
        assert await Ticket.all().count() == await TicketEvent.all().count() == MOST_OPEN

    async def test_an_answered_one_makes_room_for_another(self, database, noon, keys):
        resident = await a_resident(noon)
        tickets = [await a_ticket(resident, noon) for _ in range(MOST_OPEN)]
        await actions.answer(tickets[0].id, await an_officer(noon), "已办。", keys, at=noon)

        another = await a_ticket(resident, noon)

        assert len({ticket.number for ticket in (*tickets, another)}) == MOST_OPEN + 1

    async def test_those_of_one_do_not_count_for_another(self, database, noon):
        for _ in range(MOST_OPEN):
            await a_ticket(await a_resident(noon), noon)

        assert await a_ticket(await a_resident(noon), noon)

    async def test_nobody_finds_somebody_elses(self, database, noon, keys):
        ticket, other = await a_ticket(await a_resident(noon), noon), await a_resident(noon)

        for attempt in (
            queries.ticket(ticket.id, other.id),
            actions.write(ticket.id, other.id, "我也是", keys, at=noon),
            actions.be_content(ticket.id, other.id, at=noon),
        ):
            with pytest.raises(NoSuchTicket):
                await attempt


class TestWrite:
    async def test_an_answered_one_waits_again(self, database, noon, keys):
        resident, later = await a_resident(noon), noon + timedelta(hours=1)
        ticket = await a_ticket(resident, noon)
        await actions.answer(ticket.id, await an_officer(noon), "请带发票。", keys, at=noon)

        ticket = await actions.write(ticket.id, resident.id, "发票丢了。", keys, at=later)

        assert (ticket.state, ticket.changed_at) == (TicketState.OPEN, later)
        assert happened(ticket) == ["opened", "answered", "replied"]

    async def test_more_words_do_not_make_the_wait_look_shorter(self, database, noon, keys):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)

        await actions.write(ticket.id, resident.id, "还有……", keys, at=noon + timedelta(days=1))

        assert (await Ticket.get(id=ticket.id)).changed_at == noon

    async def test_a_closed_one_is_open_again_within_thirty_days(self, database, noon, keys):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)
        await actions.be_content(ticket.id, resident.id, at=noon)

        just = noon + timedelta(days=30, seconds=-1)
        ticket = await actions.write(ticket.id, resident.id, "又不让用了。", keys, at=just)

        assert (ticket.state, happened(ticket)) == (TicketState.OPEN, ["opened", "closed", "reopened"])

    async def test_a_closed_one_stays_closed_after_thirty_days(self, database, noon, keys):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)
        await actions.be_content(ticket.id, resident.id, at=noon)

        with pytest.raises(TicketClosed):
            await actions.write(ticket.id, resident.id, "又来了。", keys, at=noon + timedelta(days=30))

        assert await TicketEvent.filter(ticket_id=ticket.id).count() == 2

    async def test_closing_and_opening_again_is_no_way_around_the_most_that_may_wait(
        self, database, noon, keys
    ):
        resident = await a_resident(noon)
        closed = await a_ticket(resident, noon)
        await actions.be_content(closed.id, resident.id, at=noon)
        for _ in range(MOST_OPEN):
            await a_ticket(resident, noon)

        with pytest.raises(TooManyOpen):
            await actions.write(closed.id, resident.id, "又来了。", keys, at=noon)

    async def test_whoever_was_asked_may_answer_however_many_wait(self, database, noon, keys):
        resident, officer = await a_resident(noon), await an_officer(noon)
        asked = [await a_ticket(resident, noon) for _ in range(MOST_OPEN)]
        for ticket in asked:
            await actions.answer(ticket.id, officer, "请问是哪家店？", keys, at=noon)
        for _ in range(MOST_OPEN):
            await a_ticket(resident, noon)

        for ticket in asked:
            await actions.write(ticket.id, resident.id, "康乐路的店。", keys, at=noon)

        assert await Ticket.filter(state=TicketState.OPEN).count() == 2 * MOST_OPEN
        with pytest.raises(TooManyOpen):
            await a_ticket(resident, noon)

    async def test_a_crowd_of_clicks_writes_no_more_than_a_ticket_holds(self, database, noon, keys):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)
        written = [TicketEvent(ticket_id=ticket.id, what="replied", at=noon) for _ in range(MOST_WRITTEN - 3)]
        await TicketEvent.bulk_create(written)

        outcomes = await outcomes_of(
            *(actions.write(ticket.id, resident.id, "在吗", keys, at=noon) for _ in range(6))
        )

        assert outcomes == {"Ticket": 2, "TicketFull": 4}
        with pytest.raises(TicketFull, match=str(MOST_WRITTEN)):
            await actions.write(ticket.id, resident.id, "在吗", keys, at=noon)

    async def test_what_the_staff_say_does_not_count(self, database, noon, keys):
        resident, officer = await a_resident(noon), await an_officer(noon)
        ticket = await a_ticket(resident, noon)
        for _ in range(MOST_WRITTEN - 1):
            await actions.answer(ticket.id, officer, "请稍等。", keys, at=noon)
            ticket = await actions.write(ticket.id, resident.id, "好的", keys, at=noon)

        assert await actions.answer(ticket.id, officer, "办好了。", keys, at=noon)


class TestBeContent:
    async def test_closes_what_is_open_or_answered_once(self, database, noon):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)

        outcomes = await outcomes_of(*(actions.be_content(ticket.id, resident.id, at=noon) for _ in range(5)))

        assert outcomes == {"Ticket": 1, "MovedOn": 4}
        assert (await Ticket.get(id=ticket.id)).state is TicketState.CLOSED
        assert await TicketEvent.filter(ticket_id=ticket.id, what="closed").count() == 1

    async def test_is_no_act_of_the_staff(self, database, noon):
        resident = await a_resident(noon)
        ticket = await a_ticket(resident, noon)

        await actions.be_content(ticket.id, resident.id, at=noon)

        assert await AuditEvent.all().count() == await Notice.all().count() == 0


class TestLookAt:
    async def test_each_look_is_on_record_of_the_resident_and_without_words(self, database, noon):
        resident, officer = await a_resident(noon), await an_officer(noon)
        ticket = await a_ticket(resident, noon)

        for _ in range(2):
            assert (await actions.look_at(ticket.id, officer, at=noon)).id == ticket.id

        for event in await AuditEvent.all():
            assert (event.actor, event.action) == (officer.actor, "ticket.read")
            assert (event.subject, event.reason) == (f"resident:{resident.id}", None)
            assert json.loads(event.after) == {"ticket": str(ticket.id), "role": "bureau"}
        assert await AuditEvent.all().count() == 2


class TestAnswer:
    async def test_of_two_at_once_one_wins_and_the_resident_is_told_once(self, database, noon, keys):
        ticket = await a_ticket(await a_resident(noon), noon)
        officers = [await an_officer(noon) for _ in range(4)]

        outcomes = await outcomes_of(
            *(actions.answer(ticket.id, one, "已办。", keys, at=noon) for one in officers)
        )

        assert outcomes == {"Ticket": 1, "MovedOn": 3}
        assert await TicketEvent.filter(ticket_id=ticket.id, what="answered").count() == 1
        assert await Notice.all().count() == await AuditEvent.all().count() == 1

    async def test_the_words_are_sealed_and_stand_nowhere_else(self, database, noon, keys):
        ticket = await a_ticket(await a_resident(noon), noon)
        officer = await an_officer(noon)

        await actions.answer(ticket.id, officer, "王女士可以用券。", keys, at=noon)

        event = await TicketEvent.get(what="answered")
        assert "王女士" not in event.text_sealed
        assert keys.unseal(event.text_sealed) == "王女士可以用券。"
        notice, audited = await Notice.get(), await AuditEvent.get()
        assert "王女士" not in f"{notice.about}{notice.fields_json}"
        assert (audited.actor, audited.action) == (f"staff:{officer.id}", "ticket.answered")
        assert (audited.subject, audited.reason) == (f"ticket:{ticket.id}", None)
        assert audited.before == '{"role":"bureau","state":"open"}'
        assert audited.after == '{"role":"bureau","state":"answered"}'

    async def test_races_with_a_forward_and_a_closing_and_only_one_happens(self, database, noon, keys):
        resident, officer = await a_resident(noon), await an_officer(noon)
        ticket = await a_ticket(resident, noon)

        outcomes = await outcomes_of(
            actions.answer(ticket.id, officer, "已办。", keys, at=noon),
            actions.forward(ticket.id, officer, StaffRole.REVIEWER, "请看", keys, at=noon),
            actions.close(ticket.id, officer, "重复。", keys, at=noon),
        )

        assert outcomes["Ticket"] >= 1
        acts = await AuditEvent.all().order_by("seq")
        assert len(acts) == outcomes["Ticket"] == await TicketEvent.filter(ticket_id=ticket.id).count() - 1
        for earlier, later in pairwise(acts):
            assert later.before == earlier.after

    async def test_on_another_desk_it_is_not_found(self, database, noon, keys):
        ticket = await a_ticket(await a_resident(noon), noon)
        stranger = await an_officer(noon, StaffRole.SUPPORT, StaffRole.REVIEWER)

        for attempt in (
            actions.look_at(ticket.id, stranger, at=noon),
            actions.answer(ticket.id, stranger, "已办。", keys, at=noon),
            actions.close(ticket.id, stranger, "已办。", keys, at=noon),
            actions.reopen(ticket.id, stranger, "再看。", keys, at=noon),
            actions.forward(ticket.id, stranger, StaffRole.REVIEWER, "请看", keys, at=noon),
        ):
            with pytest.raises(NoSuchTicket):
                await attempt
        assert await AuditEvent.all().count() == 0


class TestCloseAndReopen:
    async def test_what_is_closed_can_be_taken_up_again(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)

        await actions.close(ticket.id, officer, "和另一件重复。", keys, at=noon)
        ticket = await actions.reopen(ticket.id, officer, "看错了。", keys, at=noon)

        assert (ticket.state, happened(ticket)) == (TicketState.OPEN, ["opened", "closed", "reopened"])
        acts = [one.action for one in await AuditEvent.all().order_by("seq")]
        assert acts == ["ticket.closed", "ticket.reopened"]

    async def test_an_answer_that_was_wrong_can_be_given_again(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)
        await actions.answer(ticket.id, officer, "不可以。", keys, at=noon)

        with pytest.raises(MovedOn) as refused:
            await actions.answer(ticket.id, officer, "可以。", keys, at=noon)
        await actions.reopen(ticket.id, officer, "答错了。", keys, at=noon)

        assert refused.value.facts["state"] == "answered"
        assert await actions.answer(ticket.id, officer, "可以。", keys, at=noon)

    async def test_what_waits_cannot_be_taken_up_again(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)

        with pytest.raises(MovedOn):
            await actions.reopen(ticket.id, officer, "再看。", keys, at=noon)


class TestForward:
    async def test_moves_it_and_what_waits_goes_on_waiting(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)
        support = await an_officer(noon, StaffRole.SUPPORT)

        later = noon + timedelta(days=2)
        await actions.forward(ticket.id, officer, StaffRole.SUPPORT, "是实名问题。", keys, at=later)

        with pytest.raises(NoSuchTicket):
            await queries.on_desk(ticket.id, officer.account.roles)
        moved = await queries.on_desk(ticket.id, support.account.roles)
        assert (moved.state, moved.changed_at) == (TicketState.OPEN, noon)
        assert (await AuditEvent.get()).after == '{"role":"support","state":"open"}'
        assert await Notice.all().count() == 0

    async def test_to_the_desk_it_lies_on_is_refused(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)

        with pytest.raises(OnThatDesk):
            await actions.forward(ticket.id, officer, StaffRole.BUREAU, "给自己", keys, at=noon)

    async def test_only_what_waits_is_handed_on(self, database, noon, keys):
        ticket, officer = await a_ticket(await a_resident(noon), noon), await an_officer(noon)
        await actions.answer(ticket.id, officer, "已办。", keys, at=noon)

        with pytest.raises(MovedOn):
            await actions.forward(ticket.id, officer, StaffRole.SUPPORT, "请看", keys, at=noon)


class TestEraseAll:
    async def test_what_was_said_is_gone_and_the_tickets_rest(self, database, noon, keys):
        resident, officer = await a_resident(noon), await an_officer(noon)
        waiting, closed = [await a_ticket(resident, noon, session="session-1") for _ in range(2)]
        await actions.close(closed.id, officer, "王女士来过了。", keys, at=noon)

        async with in_transaction():
            erased = await actions.erase_all(resident.id, at=noon + timedelta(days=1))

        assert erased == 1
        assert {ticket.state for ticket in await Ticket.all()} == {TicketState.CLOSED}
        assert await Ticket.filter(text_sealed=None, session=None).count() == 2
        assert await TicketEvent.filter(text_sealed__not_isnull=True).count() == 0
        shown = staff_ticket_json(await queries.on_desk(waiting.id, ["bureau"]), keys)
        assert (shown["text"], {one["text"] for one in shown["history"]}) == (None, {None})

    async def test_nothing_is_said_to_somebody_who_left(self, database, noon, keys):
        resident, officer = await a_resident(noon), await an_officer(noon)
        ticket = await a_ticket(resident, noon)
        async with in_transaction():
            await actions.erase_all(resident.id, at=noon)

        for attempt in (
            actions.reopen(ticket.id, officer, "再看。", keys, at=noon),
            actions.answer(ticket.id, officer, "王女士，可以用。", keys, at=noon),
        ):
            with pytest.raises(MovedOn):
                await attempt
        assert await TicketEvent.filter(text_sealed__not_isnull=True).count() == 0


class TestTelling:
    @pytest.fixture
    async def wechat(self, sandbox):
        async with WeChat(sandbox.wechat, total_seconds=1.0) as client:
            yield client

    async def test_goes_to_wechat_with_consent_and_else_to_the_inbox(
        self, database, noon, keys, settings, sandbox, wechat
    ):
        resident, officer = await a_resident(noon), await an_officer(noon)
        resident.openid = await sandbox.openid("alice")
        await resident.save()
        await reminders.add_grants(resident.id, [await sandbox.accept("alice", "ticket")])
        sender = Sender(wechat, Templates(wechat), settings.sending)
        ticket = await a_ticket(resident, noon)

        await actions.answer(ticket.id, officer, "可以用券。", keys, at=noon)
        await sender.send_due(at=noon)
        await actions.close(ticket.id, officer, "已办结。", keys, at=noon + timedelta(minutes=1))
        await sender.send_due(at=noon + timedelta(minutes=1))

        (message,) = [one for one in await sandbox.received("alice") if one["kind"] == "subscribe"]
        shown = {name: value["value"] for name, value in message["data"].items()}
        assert (shown["character_string1"], shown["phrase2"]) == (ticket.number, "已答复")
        states = [notice.state for notice in await Notice.all().order_by("created_at")]
        assert states == [NoticeState.SENT, NoticeState.INBOX]


class TestWaiting:
    async def test_counts_by_desk_and_tells_the_oldest(self, database, noon, keys):
        officer = await an_officer(noon)
        for hours in (5, 3, 1):
            await a_ticket(await a_resident(noon), noon - timedelta(hours=hours))
        await a_ticket(await a_resident(noon), noon, TicketKind.HELP)
        answered = await a_ticket(await a_resident(noon), noon - timedelta(days=1))
        await actions.answer(answered.id, officer, "已办。", keys, at=noon)

        found = await queries.waiting(at=noon)

        assert found == {
            StaffRole.BUREAU: queries.Waiting(3, timedelta(hours=5)),
            StaffRole.SUPPORT: queries.Waiting(1, timedelta(0)),
        }
