import pytest

from bot.ports import Caller, Declined, OldThing, Worth
from miniapi.accounts.models import Resident
from miniapi.chat.city import ServiceCity
from miniapi.merchants import pricing
from miniapi.tickets.models import Ticket, TicketKind
from miniapi.tickets.rules import MOST_OPEN
from tests.factories.counter import a_voucher
from tests.factories.lottery import a_lottery
from tests.factories.people import a_resident
from tests.factories.points import a_point
from tests.factories.prices import A_TABLE_OF_PRICES, a_recycler
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot


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


class TestLots:
    async def test_somebody_takes_part_and_leaves_again(self, database, noon, library, keys):
        drop, resident = await a_lottery(library, noon), await a_resident(noon)
        city, caller = ServiceCity(library, keys, resident), Caller(str(resident.id), "yangling")
        (shown,) = await city.drops("yangling")

        given = await city.register(caller, shown.id)
        told = await city.registrations(caller)
        await city.withdraw(caller, given.id)

        assert (shown.draws_at, given.draws_at) == (drop.draws_at, drop.draws_at)
        assert [(one.id, one.won) for one in told] == [(given.id, None)]
        assert await city.registrations(caller) == []

    async def test_says_why_somebody_cannot_take_part(self, database, noon, library, keys):
        drop, resident = await an_open_drop(library, noon), await a_resident(noon)
        city = ServiceCity(library, keys, resident)

        with pytest.raises(Declined, match="先到先得"):
            await city.register(Caller(str(resident.id), "yangling"), str(drop.id))


class TestReminders:
    async def test_can_be_of_a_visit_and_of_a_voucher_too(self, database, noon, library, keys):
        voucher, slot = await a_voucher(noon, library), await a_slot(noon)
        resident = await Resident.get(id=voucher.resident_id)
        city, caller = ServiceCity(library, keys, resident), Caller(str(resident.id), "yangling")
        visit = await city.book_pickup(caller, str(slot.id), ["fridge"], "示例路 8 号")

        for kind, subject in (("voucher_expiry", str(voucher.id)), ("pickup", visit.id)):
            await city.remind_before(caller, kind, subject, 60)

        assert {one.kind for one in await city.reminders(caller)} == {"voucher_expiry", "pickup"}


class TestPlaces:
    async def test_points_tell_their_hours_and_whether_they_are_open(self, database, noon, library):
        await a_point("五泉站", district="五泉镇", phone="029-0000000", open_at="周日 09:00-12:30")
        await a_point("别处", region="jining")

        (place,) = await ServiceCity(library, None, None).points("yangling")

        assert (place.name, place.district, place.phone) == ("五泉站", "五泉镇", "029-0000000")
        assert (place.hours, place.open_now) == ("周日 09:00-12:30", True)

    async def test_what_a_thing_is_worth_stands_in_the_recyclers_tables(self, database, noon, library):
        recycler, city = await a_recycler(noon, "示例回收站"), ServiceCity(library, None, None)
        await pricing.publish(A_TABLE_OF_PRICES, library.categories, recycler, at=noon)

        worth = await city.estimate("yangling", OldThing("fridge", "large", 3, True))

        assert worth == Worth(15_000, 30_000, ("示例回收站",), noon)
        assert await city.estimate("yangling", OldThing("sofa")) is None
