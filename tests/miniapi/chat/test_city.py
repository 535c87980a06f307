import pytest

from bot.ports import Caller, Declined
from miniapi.chat.city import ServiceCity
from miniapi.tickets.models import Ticket, TicketKind
from miniapi.tickets.rules import MOST_OPEN
from tests.factories.people import a_resident


class TestOpenTicket:
    async def test_writes_down_what_was_said_and_where(self, database, noon, library, keys):
        resident = await a_resident(noon)
        city = ServiceCity(library, keys, resident)

        seen = await city.open_ticket(Caller(str(resident.id), "qingzhou"), "complaint", "不给退货")

        kept = await Ticket.get(resident_id=resident.id)
        assert (seen.id, seen.number) == (str(kept.id), kept.number)
        assert (seen.kind, seen.state) == ("complaint", "open")
        assert (kept.kind, kept.region) == (TicketKind.COMPLAINT, "qingzhou")
        assert keys.unseal(kept.text_sealed) == "不给退货"

    async def test_leaves_out_a_clause_of_another_region(self, database, noon, library, keys):
        resident = await a_resident(noon)
        city, caller = ServiceCity(library, keys, resident), Caller(str(resident.id), "jining")

        await city.open_ticket(caller, "policy", "几天内可以退货", "yangling#细则三")

        kept = await Ticket.get(resident_id=resident.id)
        assert (kept.kind, kept.region, kept.clause) == (TicketKind.POLICY, "jining", None)

    async def test_declines_in_a_sentence_when_too_many_wait(self, database, noon, library, keys):
        resident = await a_resident(noon)
        city, caller = ServiceCity(library, keys, resident), Caller(str(resident.id), "yangling")
        for _ in range(MOST_OPEN):
            await city.open_ticket(caller, "help", "请帮忙")

        with pytest.raises(Declined, match=f"{MOST_OPEN} 件工单") as declined:
            await city.open_ticket(caller, "help", "请帮忙")

        assert declined.value.code == "too_many_open_tickets"

    async def test_declines_somebody_who_is_nobody(self, library):
        with pytest.raises(Declined) as declined:
            await ServiceCity(library, None, None).open_ticket(Caller(), "help", "请帮忙")

        assert declined.value.code == "not_signed_in"
