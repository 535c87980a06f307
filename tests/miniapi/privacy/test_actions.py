import asyncio

import pytest

from miniapi.accounts.actions import Identity, bind_phone, held, verify_identity
from miniapi.accounts.models import Person, Resident, Session
from miniapi.audit.models import AuditEvent
from miniapi.chat.models import ChatMessage, Conversation
from miniapi.database import sql
from miniapi.drops.models import Registration
from miniapi.errors import NotSignedIn
from miniapi.http.models import KeptAnswer
from miniapi.ledger import queries as ledger
from miniapi.ledger.models import AccountName
from miniapi.merchants.models import Member
from miniapi.pickup import actions as pickup
from miniapi.pickup.models import Pickup, PickupEvent, PickupState, Slot
from miniapi.pickup.photo_models import PickupPhoto
from miniapi.privacy import actions
from miniapi.privacy.errors import VersionOutdated
from miniapi.privacy.models import Consent
from miniapi.privacy.notice import load
from miniapi.reminders.models import Grant, Notice
from miniapi.reports.audit import differences
from miniapi.staff.models import StaffRole
from miniapi.tickets import actions as tickets
from miniapi.tickets.errors import MovedOn
from miniapi.tickets.models import Ticket, TicketEvent, TicketState
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import AlreadyClaimed
from miniapi.vouchers.models import Voucher, VoucherState
from tests.factories.people import a_resident, an_id_number
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot
from tests.factories.tickets import a_ticket, an_officer
from tests.miniapi.privacy.conftest import CONTACT, NOTE, PHONE, STREET, WORDS, a_life

GONE = (Session, Notice, Grant, Conversation, ChatMessage, Member, KeptAnswer, Registration, PickupPhoto)


class TestLeaving:
    async def test_leaves_nothing_issued_booked_owed_or_known(self, life, noon):
        await actions.leave(life.resident.id, at=noon)

        kept = await Resident.get(id=life.resident.id)
        assert kept.left_at == noon
        assert (kept.openid, kept.person_id, kept.phone_sealed, kept.name_sealed) == (None,) * 4
        assert (await Voucher.get()).state is VoucherState.VOID
        booked = await Pickup.get()
        assert (booked.state, booked.street_sealed, booked.contact_sealed) == (
            PickupState.CANCELLED,
            None,
            None,
        )
        assert [item["note"] for item in booked.items] == [None]
        assert {slot.taken for slot in await Slot.all()} == {0}
        ticket = await Ticket.get()
        assert (ticket.state, ticket.text_sealed, ticket.session) == (TicketState.CLOSED, None, None)
        assert [event.text_sealed for event in await TicketEvent.all()] == [None, None]
        assert {model.__name__: await model.all().count() for model in GONE} == {
            model.__name__: 0 for model in GONE
        }
        assert await Consent.all().count() == 1

    async def test_gives_the_money_back_and_the_books_stay_whole(self, life, database, library, noon):
        book = (await life.drop.programme).code
        before = await ledger.balance(book, AccountName.RESERVED)

        await actions.leave(life.resident.id, at=noon)

        assert (before, await ledger.balance(book, AccountName.RESERVED)) == (life.voucher.max_fen, 0)
        assert await differences(database, library) == []

    async def test_is_written_down_without_personal_data(self, life, noon, keys):
        name, number = (
            keys.unseal(one) for one in (life.resident.name_sealed, life.resident.id_number_sealed)
        )

        await actions.leave(life.resident.id, at=noon)

        event = await AuditEvent.get(action="resident.left")
        said = f"{event.actor}{event.subject}{event.reason}{event.before}{event.after}"
        assert '"vouchers_void":1' in said
        for datum in (
            name,
            number,
            PHONE,
            STREET,
            NOTE,
            WORDS,
            CONTACT.name,
            CONTACT.phone,
            life.resident.openid,
        ):
            assert datum not in said

    async def test_what_has_lapsed_is_expired_and_not_void(self, life, database, library, noon):
        await actions.leave(life.resident.id, at=life.voucher.valid_until.replace(year=2025))

        assert (await Voucher.get()).state is VoucherState.EXPIRED
        assert await differences(database, library) == []

    async def test_what_was_used_still_counts_when_somebody_comes_back(self, database, noon, library, keys):
        first, drop = await a_resident(noon, verified=False), await an_open_drop(library, noon)
        number = an_id_number()
        first = await verify_identity(first, Identity("张三", number), keys, at=noon)
        await claim(drop.id, first, library, at=noon)
        await sql.rows(
            "UPDATE voucher SET state = 'redeemed', subsidy_fen = 5, reserved_fen = 0 RETURNING id"
        )

        await actions.leave(first.id, at=noon)
        again = await Resident.create(openid=first.openid, created_at=noon)
        again = await verify_identity(again, Identity("张三", number), keys, at=noon)

        assert (await Voucher.get()).state is VoucherState.REDEEMED
        assert again.id != first.id
        assert again.person_id == (await Person.get()).id
        with pytest.raises(AlreadyClaimed):
            await claim(drop.id, again, library, at=noon)

    async def test_is_possible_once(self, life, noon):
        await actions.leave(life.resident.id, at=noon)

        with pytest.raises(NotSignedIn):
            await actions.leave(life.resident.id, at=noon)

    async def test_many_at_once_never_wait_for_each_other(self, database, noon, library, keys):
        drop = await an_open_drop(library, noon)
        lives = [await a_life(noon, library, keys, drop) for _ in range(6)]

        await asyncio.gather(*(actions.leave(one.resident.id, at=noon) for one in lives))

        assert await Voucher.filter(state=VoucherState.VOID).count() == 6
        assert await differences(database, library) == []

    async def test_words_of_a_cancelled_booking_are_erased_too(self, life, noon, keys):
        await pickup.cancel(life.pickup.id, life.resident.id, WORDS, keys, at=noon)

        await actions.leave(life.resident.id, at=noon)

        assert {event.reason_sealed for event in await PickupEvent.all()} == {None}
        assert await PickupEvent.all().count() == 2

    async def test_nobody_takes_up_the_ticket_again(self, life, noon, keys):
        officer = await an_officer(noon, StaffRole.BUREAU)
        await actions.leave(life.resident.id, at=noon)

        with pytest.raises(MovedOn):
            await tickets.reopen(life.ticket.id, officer, "再看一下", keys, at=noon)


class TestWhoIsGone:
    """Whoever was let in before leaving, and comes to the database after."""

    async def test_gets_nothing_more(self, database, noon, library, keys):
        resident, drop, slot = await a_resident(noon), await an_open_drop(library, noon), await a_slot(noon)
        items, door = [pickup.OldItem(library.categories["tv"])], pickup.Door("杨陵区", STREET)
        await actions.leave(resident.id, at=noon)

        for attempt in (
            claim(drop.id, resident, library, at=noon),
            pickup.book(resident.id, slot.id, items, door, None, keys, at=noon),
            bind_phone(resident, PHONE, keys, verified=False),
            verify_identity(resident, Identity("张三", an_id_number()), keys, at=noon),
            actions.consent(resident.id, "2024-2", load(), at=noon),
            a_ticket(resident, noon),
            held(resident.id),
        ):
            with pytest.raises(NotSignedIn):
                await attempt

        assert (await Slot.get()).taken == 0
        assert await differences(database, library) == []

    async def test_gets_nothing_more_also_at_the_same_moment(self, database, noon, library, keys):
        drop, slot = await an_open_drop(library, noon), await a_slot(noon, capacity=100)
        items, door = [pickup.OldItem(library.categories["tv"])], pickup.Door("杨陵区", STREET)
        crowd = [await a_resident(noon) for _ in range(12)]

        outcomes = await asyncio.gather(
            *(
                act
                for one in crowd
                for act in (
                    claim(drop.id, one, library, at=noon),
                    actions.leave(one.id, at=noon),
                    pickup.book(one.id, slot.id, items, door, None, keys, at=noon),
                )
            ),
            return_exceptions=True,
        )

        assert {type(one) for one in outcomes} <= {type(None), Voucher, Pickup, NotSignedIn}
        assert await Resident.filter(left_at=None).count() == 0
        assert await Voucher.filter(state=VoucherState.ISSUED).count() == 0
        assert await Pickup.filter(state=PickupState.BOOKED).count() == 0
        assert await differences(database, library) == []


class TestConsent:
    async def test_counts_from_the_first_time(self, database, noon):
        resident, notices = await a_resident(noon), load()
        version = notices.current(noon).version

        first = await actions.consent(resident.id, version, notices, at=noon)
        again = await actions.consent(resident.id, version, notices, at=noon.replace(hour=13))

        assert (again.id, again.at) == (first.id, noon)

    async def test_is_to_the_notice_that_holds_now(self, database, noon):
        resident = await a_resident(noon)

        for version in ("nonsense", "2024-1", "2099-1"):
            with pytest.raises(VersionOutdated) as refused:
                await actions.consent(resident.id, version, load(), at=noon)
            assert refused.value.facts == {"current": "2024-2"}
