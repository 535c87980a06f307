"""Nobody is called to a drop that gives nothing: reminders wait while it, or its programme, is frozen."""

from datetime import timedelta

import pytest

from miniapi import clock
from miniapi.database import sql
from miniapi.drops import actions as drops
from miniapi.drops import queries
from miniapi.drops.actions import Change
from miniapi.programmes import actions as programmes
from miniapi.programmes.actions import Decision
from miniapi.programmes.models import Programme
from miniapi.reminders import actions as reminders
from miniapi.reminders.models import Notice, NoticeState
from miniapi.staff.callers import Bureau
from miniapi.wechat.client import WeChat
from scheduler import jobs
from scheduler.jobs import Tools
from tests.factories.people import a_resident
from tests.factories.reminding import a_sender
from tests.factories.season import a_drop, a_programme
from tests.factories.staff import a_staff
from tests.miniapi.sandbox.running import running_sandbox

WHY = "等待公告调整"
BEFORE = timedelta(minutes=10)


@pytest.fixture
async def sandbox(tmp_path, noon):
    async with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def drop(database, library, noon):
    """A drop in an hour."""
    return await a_drop(await a_programme(library, noon), noon + timedelta(hours=1))


@pytest.fixture
async def alice(sandbox, noon):
    """Somebody who allows two messages about drops."""
    resident = await a_resident(noon)
    resident.openid = await sandbox.openid("alice")
    await resident.save()
    for _ in range(2):
        await reminders.add_grants(resident.id, [await sandbox.accept("alice", "drop")])
    return resident


@pytest.fixture
async def asked(drop, alice, noon):
    """Her reminder, ten minutes before the drop opens."""
    occasion = await queries.occasion(drop.id, alice.id, noon)
    return await reminders.ask(alice.id, occasion, minutes_before=10, at=noon)


@pytest.fixture
async def send(sandbox, settings, library, keys):
    """Send what is due at a time; how many messages she has by then."""
    async with WeChat(sandbox.wechat, total_seconds=1.0) as wechat:
        tools = Tools(a_sender(wechat), library, keys, settings.photos, wechat)

        async def do(at):
            clock.stand_still(at)
            await jobs.send_reminders(tools)
            return len([one for one in await sandbox.received("alice") if one["kind"] == "subscribe"])

        yield do


@pytest.fixture(params=["drop", "programme"])
async def freeze(request, drop, library, noon):
    """Freeze the drop, or its programme, or let it go on."""
    bureau = Bureau(await a_staff(noon), "")

    async def do(frozen, *, at=noon):
        if request.param == "drop":
            await drops.change(drop.id, Change(frozen=frozen), WHY, bureau, library, at=at)
        else:
            decision = Decision(claims_frozen=frozen)
            await programmes.decide(library.packs["yangling"], decision, WHY, bureau, at=at)

    return do


async def test_what_goes_on_after_the_reminders_time_is_told_then(freeze, asked, send):
    await freeze(True)
    waiting = [await send(asked.due_at + timedelta(minutes=minutes)) for minutes in (0, 1)]

    goes_on = asked.due_at + timedelta(minutes=5)
    await freeze(False, at=goes_on)

    assert (waiting, await send(goes_on)) == ([0, 0], 1)


async def test_what_goes_on_before_it_is_told_as_planned(freeze, asked, send, noon):
    await freeze(True)
    early = await send(noon + timedelta(minutes=1))

    await freeze(False)

    assert (early, await send(asked.due_at - timedelta(seconds=1)), await send(asked.due_at)) == (0, 0, 1)


async def test_what_stays_frozen_ends_in_the_inbox(freeze, drop, asked, send):
    await freeze(True)

    told = [await send(at) for at in (asked.due_at, drop.opens_at, drop.opens_at + timedelta(minutes=30))]

    ended = await Notice.get(id=asked.id)
    assert (told, ended.state, ended.outcome) == ([0, 0, 0], NoticeState.INBOX, "too_late")


async def test_what_wechat_did_not_take_is_held_back_as_well(freeze, asked, send, sandbox):
    await sandbox.fault("/cgi-bin/message/subscribe/send", mode="errcode", rate=1.0, errcode=-1)
    await send(asked.due_at)
    assert (await sandbox.call("DELETE", "/sandbox/faults"))[0] < 300

    await freeze(True)
    told = await send(asked.due_at)

    held_back = "SELECT retry_at > clock_timestamp() + interval '23 hours' AS long FROM notice"
    assert (told, (await sql.rows(held_back))[0]["long"]) == (0, True)


async def test_another_drop_goes_on(drop, asked, alice, send, noon):
    other = await a_drop(await Programme.get(), noon + timedelta(hours=1, minutes=1))
    occasion = await queries.occasion(other.id, alice.id, noon)
    await reminders.ask(alice.id, occasion, minutes_before=11, at=noon)
    drop.frozen_because = WHY
    await drop.save()

    assert await send(asked.due_at) == 1
    assert (await Notice.get(id=asked.id)).state is NoticeState.OWED
