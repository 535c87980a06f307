"""What WeChat's check says of residents' words, beside them on the desk and in nobody's way."""

from datetime import timedelta

import pytest

from miniapi.tickets import actions
from miniapi.tickets.checking import check_words
from miniapi.tickets.models import TicketEvent
from miniapi.tickets.queries import on_desk
from miniapi.tickets.schemas import staff_ticket_json, ticket_json
from miniapi.wechat.client import Verdict, WeChat
from miniapi.wechat.errors import WeChatUnavailable
from tests.factories.people import a_resident
from tests.factories.tickets import a_ticket, an_officer

CHECK = "/wxa/msg_sec_check"


@pytest.fixture
async def wechat(sandbox):
    async with WeChat(sandbox.wechat, total_seconds=1.0) as client:
        yield client


@pytest.fixture
async def resident(database, noon, sandbox, wechat):
    """Somebody who just used the mini-program."""
    resident = await a_resident(noon)
    resident.openid = (await wechat.session_for(await sandbox.login_code("alice"))).openid
    await resident.save()
    return resident


async def verdicts():
    return [event.verdict for event in await TicketEvent.all().order_by("at")]


async def test_all_that_a_resident_wrote_is_judged_once(resident, noon, keys, wechat, sandbox):
    officer = await an_officer(noon)
    ticket = await a_ticket(resident, noon, text="这家店不让我用券。")
    await actions.answer(ticket.id, officer, "可以用。", keys, at=noon + timedelta(minutes=1))
    await actions.write(ticket.id, resident.id, "他们在诈骗！", keys, at=noon + timedelta(minutes=2))
    later = noon + timedelta(minutes=3)

    judged = [await check_words(wechat, keys, at=later) for _ in range(2)]

    assert judged == [2, 0]
    assert await verdicts() == [Verdict.PASS, None, Verdict.RISKY]
    assert sandbox.state.calls[CHECK] == 2


async def test_the_desk_sees_it_and_the_resident_does_not(resident, noon, keys, wechat):
    ticket = await a_ticket(resident, noon, text="他们代开发票")
    await check_words(wechat, keys, at=noon)

    seen = staff_ticket_json(await on_desk(ticket.id, (await an_officer(noon)).account.roles), keys)

    assert [event["verdict"] for event in seen["history"]] == ["review"]
    assert "verdict" not in str(ticket_json(await on_desk(ticket.id, ["bureau"]), keys))


async def test_it_waits_while_wechat_is_away_and_is_given_up_after_two_hours(
    resident, noon, keys, wechat, sandbox
):
    await a_ticket(resident, noon)
    await sandbox.fault(CHECK, "error")

    with pytest.raises(WeChatUnavailable):
        await check_words(wechat, keys, at=noon)
    waiting = await verdicts()
    await check_words(wechat, keys, at=noon + timedelta(hours=2))

    assert (waiting, await verdicts()) == ([None], [Verdict.UNCHECKED])


async def test_who_was_not_here_lately_is_not_judged(database, noon, keys, wechat):
    await a_ticket(await a_resident(noon), noon)

    assert await check_words(wechat, keys, at=noon) == 0
    assert await verdicts() == [Verdict.UNCHECKED]
