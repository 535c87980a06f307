import asyncio
from collections import Counter

import pytest

from miniapi.tickets import actions, queries
from miniapi.tickets.errors import NoSuchTicket, TooManyOpen
from miniapi.tickets.models import Ticket, TicketEvent, TicketKind, TicketState
from miniapi.tickets.rules import MOST_OPEN
from tests.factories.people import a_resident


@pytest.fixture
def opening(keys, noon):
    async def open_ticket(resident, text="这家店不让我用券。"):
        return await actions.open_ticket(resident.id, TicketKind.COMPLAINT, text, "yangling", keys, at=noon)

    return open_ticket


async def test_a_ticket_is_open_and_its_text_is_sealed(database, noon, keys, opening):
    ticket = await opening(await a_resident(noon))

    kept = await Ticket.get(id=ticket.id)
    assert kept.state is TicketState.OPEN
    assert "用券" not in kept.text_sealed
    assert keys.unseal(kept.text_sealed) == "这家店不让我用券。"
    assert [event.what for event in await TicketEvent.filter(ticket_id=ticket.id)] == ["opened"]


async def test_a_crowd_of_clicks_opens_no_more_than_may_wait(database, noon, opening):
    resident = await a_resident(noon)

    outcomes = await asyncio.gather(
        *(opening(resident) for _ in range(MOST_OPEN + 7)), return_exceptions=True
    )

    assert Counter(map(type, outcomes)) == {Ticket: MOST_OPEN, TooManyOpen: 7}
    assert await Ticket.all().count() == await TicketEvent.all().count() == MOST_OPEN


async def test_an_answered_ticket_makes_room_for_another(database, noon, opening):
    resident = await a_resident(noon)
    tickets = [await opening(resident) for _ in range(MOST_OPEN)]
    await Ticket.filter(id=tickets[0].id).update(state=TicketState.ANSWERED)

    another = await opening(resident)

    assert len({ticket.number for ticket in (*tickets, another)}) == MOST_OPEN + 1


async def test_the_tickets_of_one_do_not_count_for_another(database, noon, opening):
    for _ in range(MOST_OPEN):
        await opening(await a_resident(noon))

    assert await opening(await a_resident(noon))


async def test_nobody_finds_somebody_elses_ticket(database, noon, opening):
    ticket = await opening(await a_resident(noon))

    with pytest.raises(NoSuchTicket):
        await queries.ticket(ticket.id, (await a_resident(noon)).id)
