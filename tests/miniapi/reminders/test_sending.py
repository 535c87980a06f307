import asyncio
import logging
from datetime import timedelta

import pytest

from miniapi.database import sql
from miniapi.reminders import actions, rules, sending
from miniapi.reminders.models import Grant, Notice, NoticeState
from miniapi.wechat.client import WeChat
from tests.factories.people import a_resident
from tests.factories.reminding import a_sender, an_occasion

SEND = "/cgi-bin/message/subscribe/send"
IN_FIVE = timedelta(minutes=5)


async def somebody(sandbox, noon, *, name="alice", grants=1, kind="drop"):
    """A resident whom the sandbox knows by this name, with so many consents."""
    resident = await a_resident(noon)
    resident.openid = await sandbox.openid(name)
    await resident.save()
    for _ in range(grants):
        await actions.add_grants(resident.id, [await sandbox.accept(name, kind)])
    return resident


async def asked(resident, noon, *, kind="drop", minutes=10):
    """A reminder of something so many minutes from now, due five minutes before it."""
    occasion = an_occasion(noon + timedelta(minutes=minutes), kind)
    return await actions.ask(resident.id, occasion, minutes_before=5, at=noon)


async def received(sandbox, name="alice"):
    return [message for message in await sandbox.received(name) if message["kind"] == "subscribe"]


async def no_more_faults(sandbox):
    assert (await sandbox.call("DELETE", "/sandbox/faults"))[0] < 300


async def the_waits_are_over():
    """As if what is tried again, and what is stuck, had waited long enough."""
    past = "clock_timestamp() - interval '1 second'"
    await sql.rows(f"UPDATE notice SET retry_at = {past} WHERE retry_at IS NOT NULL RETURNING id")
    await sql.rows(f"UPDATE notice SET lease_until = {past} WHERE lease_until IS NOT NULL RETURNING id")


async def a_process_dies_while_it_calls(notice):
    """The key is kept, the call under way, and nobody will ever tell how it ended."""
    dying = "SET state = 'sending', send_key = gen_random_uuid(), lease_until = clock_timestamp()"
    await sql.rows(f"UPDATE notice {dying} WHERE id = $1 RETURNING id", notice.id)


class TestSending:
    async def test_one_reminder_and_four_senders_make_one_message(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon, grants=3)
        await asked(resident, noon)

        sent = await asyncio.gather(*(a_sender(wechat).send_due(at=noon + IN_FIVE) for _ in range(4)))

        assert sum(sent) == 1
        assert len(await received(sandbox)) == 1
        assert (await Grant.get(resident_id=resident.id)).remaining == 2

    async def test_nothing_is_sent_before_its_time(self, database, noon, sandbox, wechat):
        await asked(await somebody(sandbox, noon), noon)

        assert await a_sender(wechat).send_due(at=noon + IN_FIVE - timedelta(seconds=1)) == 0

    async def test_a_crowd_is_told_a_few_at_a_time(self, database, noon, sandbox, wechat):
        names = [f"person-{number}" for number in range(30)]
        for name in names:
            await asked(await somebody(sandbox, noon, name=name), noon)

        sent = await a_sender(wechat, at_once=4, per_second=200).send_due(at=noon + IN_FIVE)

        assert sent == 30
        assert [len(await received(sandbox, name)) for name in names] == [1] * 30

    async def test_several_messages_to_one_person_go_one_after_the_other(
        self, database, noon, sandbox, wechat
    ):
        resident = await somebody(sandbox, noon, grants=3)
        for _ in range(3):
            await asked(resident, noon)

        assert await a_sender(wechat).send_due(at=noon + IN_FIVE) == 3

        assert {notice.attempts for notice in await Notice.all()} == {1}
        assert (await Grant.get(resident_id=resident.id)).remaining == 0

    async def test_the_key_is_kept_before_the_call(self, database, noon, sandbox, wechat):
        await asked(await somebody(sandbox, noon), noon)
        await sandbox.fault(SEND, "hang", rate=1.0)

        sending = asyncio.create_task(a_sender(wechat).send_due(at=noon + IN_FIVE))
        while (during := await Notice.get()).state is NoticeState.OWED:
            await asyncio.sleep(0.01)
        await sending

        assert (during.state, during.send_key is None) == (NoticeState.SENDING, False)
        assert (await Notice.get()).send_key == during.send_key

    async def test_one_that_is_broken_stops_no_other(self, database, noon, sandbox, wechat, caplog):
        broken, whole = [await somebody(sandbox, noon, name=name) for name in ("broken", "whole")]
        await asked(broken, noon)
        await asked(whole, noon)
        await Notice.filter(resident_id=broken.id).update(fields_json={"thing1": 1})

        assert await a_sender(wechat).send_due(at=noon + IN_FIVE) == 1

        assert len(await received(sandbox, "whole")) == 1
        ended = await Notice.get(resident_id=broken.id)
        assert (ended.state, ended.outcome) == (NoticeState.UNKNOWN, "failed")
        assert any("the call failed" in one.getMessage() for one in caplog.records)

    async def test_who_is_to_stop_begins_nothing(self, database, noon, sandbox, wechat):
        await asked(await somebody(sandbox, noon), noon)
        sender = a_sender(wechat)
        sender.stop()

        assert await sender.send_due(at=noon + IN_FIVE) == 0
        assert (await Notice.get()).state is NoticeState.OWED


class TestNotSending:
    @pytest.mark.parametrize(
        ("grants", "late", "outcome"), [(0, 0, "no_grant"), (1, 36, "too_late")], ids=["no_grant", "too_late"]
    )
    async def test_it_waits_in_the_inbox(self, database, noon, sandbox, wechat, grants, late, outcome):
        await asked(await somebody(sandbox, noon, grants=grants), noon)

        await a_sender(wechat).send_due(at=noon + IN_FIVE + timedelta(minutes=late))

        notice = await Notice.get()
        assert (notice.state, notice.outcome) == (NoticeState.INBOX, outcome)

    async def test_wechat_knows_better_than_our_count(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon, grants=0)
        template = await sandbox.template_id("drop")
        await actions.add_grants(resident.id, [template, template])
        await asked(resident, noon)

        await a_sender(wechat).send_due(at=noon + IN_FIVE)

        notice = await Notice.get()
        assert (notice.state, notice.outcome, notice.attempts) == (NoticeState.INBOX, "refused", 1)
        assert (await Grant.get(resident_id=resident.id)).remaining == 0

    async def test_so_many_a_day_and_no_more(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon, grants=4)
        for _ in range(3):
            await asked(resident, noon)
        sender = a_sender(wechat, person_per_day=2)

        assert await sender.send_due(at=noon + IN_FIVE) == 2
        assert await Notice.filter(state=NoticeState.INBOX, outcome="day_full").count() == 1

        await asked(resident, noon + timedelta(days=1))
        assert await sender.send_due(at=noon + timedelta(days=1) + IN_FIVE) == 1

    async def test_at_night_only_what_was_asked_for_comes(self, database, noon, sandbox, wechat):
        resident, night = await somebody(sandbox, noon, grants=2), noon.replace(hour=21)
        await actions.owe(resident.id, an_occasion(night), key="k", at=night)
        await asked(resident, night - IN_FIVE)
        sender = a_sender(wechat)

        assert await sender.send_due(at=night) == 1
        assert (await Notice.get(asked_for=False)).due_at == night + timedelta(hours=11)
        assert await sender.send_due(at=night + timedelta(hours=10, minutes=59)) == 0
        assert await sender.send_due(at=night + timedelta(hours=11)) == 1


class TestTryingAgain:
    async def test_what_can_pass_is_tried_again(self, database, noon, sandbox, wechat):
        await asked(await somebody(sandbox, noon), noon)
        sender, due = a_sender(wechat), noon + IN_FIVE

        for mode, errcode in (("errcode", -1), ("errcode", 45009), ("error", 0)):
            await sandbox.fault(SEND, mode, rate=1.0, errcode=errcode)
            assert await sender.send_due(at=due) == 0
            assert (await Notice.get()).state is NoticeState.OWED
            assert await sender.send_due(at=due) == 0  # not at once
            await no_more_faults(sandbox)
            await the_waits_are_over()

        assert await sender.send_due(at=due) == 1
        assert (await Notice.get()).attempts == 4
        assert len(await received(sandbox)) == 1

    async def test_not_what_was_cancelled_meanwhile(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon)
        notice = await asked(resident, noon)
        await sandbox.fault(SEND, "error", rate=1.0)
        await a_sender(wechat).send_due(at=noon + IN_FIVE)
        await no_more_faults(sandbox)

        await actions.cancel(notice.id, resident.id, at=noon + IN_FIVE)
        await the_waits_are_over()

        assert await a_sender(wechat).send_due(at=noon + IN_FIVE) == 0
        assert (await Notice.get()).state is NoticeState.CANCELLED

    async def test_nor_what_was_called_off_while_the_call_was_under_way(
        self, database, noon, sandbox, wechat
    ):
        notice = await asked(await somebody(sandbox, noon), noon)
        await sandbox.fault(SEND, "slow", rate=1.0, seconds=0.3)
        await sandbox.fault(SEND, "errcode", rate=1.0, errcode=-1)
        await a_process_dies_while_it_calls(notice)

        await actions.call_off(notice.subject, at=noon)
        await the_waits_are_over()

        assert await a_sender(wechat).send_due(at=noon + IN_FIVE) == 0
        assert (await Notice.get()).state is NoticeState.UNKNOWN

    async def test_a_wechat_that_is_away_is_not_hammered(self, database, noon, sandbox, wechat):
        for number in range(10):
            await asked(await somebody(sandbox, noon, name=f"person-{number}"), noon)
        await sandbox.fault(SEND, "error", rate=1.0)

        await a_sender(wechat, at_once=2).send_due(at=noon + IN_FIVE)

        assert await Notice.filter(attempts=0).count() >= 6
        assert await Notice.filter(state=NoticeState.OWED).count() == 10


class TestAnAnswerThatWasLost:
    async def test_what_would_annoy_is_never_sent_twice(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon, grants=2)
        await asked(resident, noon)
        await sandbox.fault(SEND, "truncate", rate=1.0)

        await a_sender(wechat).send_due(at=noon + IN_FIVE)
        await no_more_faults(sandbox)
        await the_waits_are_over()
        await a_sender(wechat).send_due(at=noon + IN_FIVE)

        notice = await Notice.get()
        assert (notice.state, notice.outcome) == (NoticeState.UNKNOWN, "unknown")
        assert len(await received(sandbox)) == 1
        assert (await Grant.get(resident_id=resident.id)).remaining == 1

    async def test_nobody_is_waited_for_without_end(self, database, noon, sandbox, monkeypatch):
        monkeypatch.setattr(rules, "CALL_WITHIN", 0.3)
        monkeypatch.setattr(sending, "LOOK_EVERY", 0.1)
        await asked(await somebody(sandbox, noon), noon)
        await sandbox.fault(SEND, "hang", rate=1.0)

        async with WeChat(sandbox.wechat, total_seconds=60.0) as patient, asyncio.timeout(20):
            assert await a_sender(patient).send_due(at=noon + IN_FIVE) == 0

        notice = await Notice.get()
        assert (notice.state, notice.outcome) == (NoticeState.UNKNOWN, "unknown")

    async def test_what_must_be_known_is_sent_once_more(self, database, noon, sandbox, wechat):
        resident = await somebody(sandbox, noon, grants=3, kind="pickup")
        await asked(resident, noon, kind="pickup")
        await sandbox.fault(SEND, "truncate", rate=1.0)

        for _ in range(3):
            await a_sender(wechat).send_due(at=noon + IN_FIVE)
            await the_waits_are_over()

        assert (await Notice.get()).state is NoticeState.UNKNOWN
        assert len(await received(sandbox)) == 2

    @pytest.mark.parametrize(
        ("kind", "state", "copies"),
        [("drop", NoticeState.UNKNOWN, 0), ("pickup", NoticeState.SENT, 1)],
        ids=["once", "again"],
    )
    async def test_a_call_under_way_when_its_process_died(
        self, database, noon, sandbox, wechat, caplog, kind, state, copies
    ):
        caplog.set_level(logging.WARNING)
        resident = await somebody(sandbox, noon, grants=2, kind=kind)
        await a_process_dies_while_it_calls(await asked(resident, noon, kind=kind))

        await a_sender(wechat).send_due(at=noon + IN_FIVE)

        assert (await Notice.get()).state is state
        assert len(await received(sandbox)) == copies
        assert any("when its process died" in one.getMessage() for one in caplog.records)
