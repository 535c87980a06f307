import asyncio
from datetime import timedelta

import pytest

from miniapi.ids import new_id
from miniapi.reminders import actions, sending
from miniapi.reminders.errors import TooLate
from miniapi.reminders.models import Grant, Notice, NoticeState
from miniapi.reminders.occasions import Occasion
from miniapi.reminders.templates import Templates
from miniapi.wechat.client import WeChat
from tests.factories.people import a_resident
from tests.miniapi.sandbox.running import running_sandbox


@pytest.fixture
async def sandbox(tmp_path, noon):
    async with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def wechat(sandbox):
    async with WeChat(sandbox.wechat, total_seconds=1.0) as client:
        yield client


@pytest.fixture
async def templates(wechat):
    return Templates(wechat)


async def alice(sandbox, noon, *, grants=1):
    """A resident whom the sandbox knows as alice, with so many consents."""
    resident = await a_resident(noon)
    resident.openid = await sandbox.openid("alice")
    await resident.save()
    for _ in range(grants):
        await sandbox.accept("alice", "drop")
        await actions.add_grants(resident.id, ["drop"])
    return resident


def a_drop_at(at):
    fields = {"thing1": "杨凌以旧换新", "time2": at, "thing3": "先到先得"}
    return Occasion(kind="drop", subject=new_id(), at=at, about="开抢", fields=fields)


async def subscribed(sandbox):
    return [message for message in await sandbox.received("alice") if message["kind"] == "subscribe"]


async def test_one_reminder_and_four_senders_make_one_message(database, noon, sandbox, wechat, templates):
    resident = await alice(sandbox, noon, grants=3)
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)
    due = noon + timedelta(minutes=5)

    sent = await asyncio.gather(*(sending.send_due(wechat, templates, at=due) for _ in range(4)))

    assert sum(sent) == 1
    assert len(await subscribed(sandbox)) == 1
    assert (await Grant.get(resident_id=resident.id)).remaining == 2


async def test_nothing_is_sent_before_its_time(database, noon, sandbox, wechat, templates):
    resident = await alice(sandbox, noon)
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)

    assert await sending.send_due(wechat, templates, at=noon + timedelta(minutes=4, seconds=59)) == 0


async def test_without_consent_it_waits_in_the_inbox(database, noon, sandbox, wechat, templates):
    resident = await alice(sandbox, noon, grants=0)
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)

    await sending.send_due(wechat, templates, at=noon + timedelta(minutes=5))

    notice = await Notice.get()
    assert (notice.state, notice.outcome) == (NoticeState.INBOX, "no_grant")


async def test_wechat_knows_better_than_our_count(database, noon, sandbox, wechat, templates):
    resident = await alice(sandbox, noon, grants=0)
    await actions.add_grants(resident.id, ["drop", "drop"])
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)

    await sending.send_due(wechat, templates, at=noon + timedelta(minutes=5))

    assert (await Notice.get()).outcome == "refused"
    assert (await Grant.get(resident_id=resident.id)).remaining == 0


async def test_a_busy_wechat_is_asked_again_when_the_lease_is_over(
    database, noon, sandbox, wechat, templates
):
    resident = await alice(sandbox, noon)
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)
    due = noon + timedelta(minutes=5)
    await sandbox.fault("/cgi-bin/message/subscribe/send", "errcode", errcode=45009, rate=1.0)
    assert await sending.send_due(wechat, templates, at=due) == 0
    assert (await Notice.get()).state is NoticeState.SENDING
    assert (await sandbox.call("DELETE", "/sandbox/faults"))[0] < 300
    await Notice.all().update(lease_until=noon - timedelta(days=1))

    assert await sending.send_due(wechat, templates, at=due) == 1

    assert len(await subscribed(sandbox)) == 1


async def test_an_answer_that_was_lost_is_never_sent_twice(database, noon, sandbox, wechat, templates):
    resident = await alice(sandbox, noon, grants=2)
    await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=5, at=noon)
    due = noon + timedelta(minutes=5)
    await sandbox.fault("/cgi-bin/message/subscribe/send", "hang", rate=1.0)

    await sending.send_due(wechat, templates, at=due)

    notice = await Notice.get()
    assert (notice.state, notice.outcome) == (NoticeState.SENT, "unknown")


async def test_a_reminder_of_the_past_is_refused(database, noon):
    resident = await a_resident(noon)

    with pytest.raises(TooLate):
        await actions.ask(resident.id, a_drop_at(noon + timedelta(minutes=10)), minutes_before=10, at=noon)


async def test_asking_twice_owes_one_reminder_and_a_cancelled_one_comes_back(database, noon):
    resident, occasion = await a_resident(noon), a_drop_at(noon + timedelta(minutes=10))

    first = await actions.ask(resident.id, occasion, minutes_before=5, at=noon)
    await actions.cancel(first.id, resident.id, at=noon)
    again = await actions.ask(resident.id, occasion, minutes_before=5, at=noon)

    assert (again.id, again.state) == (first.id, NoticeState.OWED)
    assert await Notice.all().count() == 1


async def test_a_push_that_comes_three_times_counts_once(database, noon):
    resident = await a_resident(noon)

    for _ in range(3):
        await actions.take_in_grants(
            resident.openid, [("t", "accept")], {"t": "drop"}, turned_off=False, dedupe_key="push", at=noon
        )

    assert (await Grant.get(resident_id=resident.id)).remaining == 1


async def test_turning_messages_off_takes_all_consents_back(database, noon):
    resident = await a_resident(noon)
    await actions.add_grants(resident.id, ["drop", "drop"])

    await actions.take_in_grants(
        resident.openid, [("t", "reject")], {"t": "drop"}, turned_off=True, dedupe_key="push", at=noon
    )

    assert (await Grant.get(resident_id=resident.id)).remaining == 0
