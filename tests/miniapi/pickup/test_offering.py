import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from miniapi.ids import new_id
from miniapi.merchants.models import Merchant
from miniapi.pickup import crewing, desk, offering
from miniapi.pickup.desk import Outcome
from miniapi.pickup.errors import CodeWrong, NeverOffered, NoSuchOffer, NoSuchPickup, NotNow, OfferChanged
from miniapi.pickup.handover_models import Handover
from miniapi.pickup.models import OfferState, Pickup, PickupOffer, PickupState
from miniapi.pickup.moves import Move
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau, SupportOfficer
from miniapi.staff.errors import ReasonPersonal
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import Ticket, TicketKind
from tests.factories.licences import a_licence
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import a_pickup, agreed_to, all_right, an_act, moved
from tests.factories.slots import a_slot
from tests.factories.staff import a_staff


@pytest.fixture
async def at_the_door(member, noon):
    """A crew at the door of somebody."""
    slot = await a_slot(noon - timedelta(hours=6), hours_ahead=7)
    pickup = await a_pickup(noon - timedelta(hours=5), slot)
    return await moved(pickup, member, Move.ACCEPT, Move.SET_OUT, Move.ARRIVE, at=noon)


@pytest.fixture
async def offered(at_the_door, member, noon):
    return await crewing.offer(at_the_door.id, 5000, member, an_act(noon), KEYS, at=noon)


@pytest.fixture
async def disputed(offered, library, noon):
    offer = await PickupOffer.get()
    pickup, _ = await offering.refuse(offered.id, offered.resident_id, offer.id, library, KEYS, at=noon)
    return pickup


async def test_an_offer_is_answered_once(offered, library, noon):
    who = (offered.id, offered.resident_id, (await PickupOffer.get()).id)

    outcomes = await asyncio.gather(
        offering.accept(*who, at=noon),
        offering.accept(*who, at=noon),
        offering.refuse(*who, library, KEYS, at=noon),
        return_exceptions=True,
    )

    assert Counter(map(type, outcomes))[NoSuchOffer] + Counter(map(type, outcomes))[NotNow] == 2
    assert (await PickupOffer.get()).state in (OfferState.ACCEPTED, OfferState.REFUSED)


async def test_a_refused_price_becomes_a_ticket_and_the_crew_is_told(disputed, offered, member):
    ticket = await Ticket.get()

    assert disputed.state is PickupState.DISPUTED
    assert (ticket.kind, ticket.region) == (TicketKind.COMPLAINT, "yangling")
    assert KEYS.unseal(ticket.text_sealed) == f"上门回收预约 {offered.number}：师傅报价 50 元，我不同意。"
    assert await Notice.filter(resident_id=member.id, about__contains="未获同意").count() == 1


async def test_nobody_answers_for_somebody_else_or_nothing(at_the_door, noon):
    with pytest.raises(NoSuchOffer):
        await offering.accept(at_the_door.id, at_the_door.resident_id, new_id(), at=noon)
    with pytest.raises(NoSuchPickup):
        await offering.accept(at_the_door.id, (await a_resident(noon)).id, new_id(), at=noon)


async def test_only_the_price_that_was_read_is_answered(offered, member, library, noon):
    who = (offered.id, offered.resident_id, (await PickupOffer.get()).id)
    await crewing.offer(offered.id, 100, member, an_act(noon), KEYS, at=noon)

    with pytest.raises(OfferChanged):
        await offering.accept(*who, at=noon)
    with pytest.raises(OfferChanged):
        await offering.refuse(*who, library, KEYS, at=noon)

    pickup = await Pickup.get()
    assert (pickup.state, pickup.agreed_fen) == (PickupState.ARRIVED, None)
    assert (await PickupOffer.get(price_fen=100)).state is OfferState.OPEN


class TestTheDesk:
    @pytest.fixture
    async def officer(self, noon):
        return Bureau(await a_staff(noon, StaffRole.BUREAU), "")

    async def test_ends_a_dispute_as_collected(self, disputed, officer, noon, library, database):
        outcome = Outcome(PickupState.COLLECTED, 20_000, 5000)

        done = await desk.resolve(disputed.number, outcome, "双方同意 50 元", officer, KEYS, at=noon)

        assert (done.state, done.price_fen, done.weight_grams) == (PickupState.COLLECTED, 5000, 20_000)
        assert await differences(database, library) == []

    async def test_ends_no_dispute_at_a_price_that_was_never_named(self, disputed, officer, noon):
        for price_fen in (1, 0, 4999):
            outcome = Outcome(PickupState.COLLECTED, 20_000, price_fen)
            with pytest.raises(NeverOffered):
                await desk.resolve(disputed.number, outcome, "双方商定", officer, KEYS, at=noon)

        assert (await Pickup.get()).state is PickupState.DISPUTED

    async def test_asks_for_a_licence_that_was_good_at_the_door(
        self, disputed, member, officer, noon, library, database
    ):
        recycler = await Merchant.get(id=member.crew.merchant_id)
        await a_licence(recycler, valid_until=noon.date(), added_at=noon)
        outcome, later = Outcome(PickupState.COLLECTED, 20_000, 5000), noon + timedelta(days=2)

        done = await desk.resolve(disputed.number, outcome, "双方商定", officer, KEYS, at=later)

        assert (done.state, (await Handover.get()).done_at) == (PickupState.COLLECTED, noon)
        assert await differences(database, library) == []

    async def test_ends_a_dispute_as_cancelled_and_frees_the_place(
        self, disputed, officer, noon, library, database
    ):
        await desk.resolve(
            disputed.number, Outcome(PickupState.CANCELLED), "不回收了", officer, KEYS, at=noon
        )

        assert (await Pickup.get()).state is PickupState.CANCELLED
        assert await differences(database, library) == []
        with pytest.raises(ReasonPersonal):
            await desk.resolve(
                disputed.number, Outcome(PickupState.CANCELLED), "王小明不要了", officer, KEYS, at=noon
            )

    async def test_unlocks_a_code(self, offered, member, noon):
        await agreed_to(offered, at=noon)
        wrong = all_right(offered, code="000000")
        for _ in range(5):
            with pytest.raises(CodeWrong):
                await crewing.collect(offered.id, wrong, member, an_act(noon), KEYS, at=noon)
        officer = SupportOfficer(await a_staff(noon, StaffRole.SUPPORT), "")

        await desk.unlock_code(offered.number, "居民来电核对", officer, KEYS, at=noon)

        done = await crewing.collect(offered.id, all_right(offered), member, an_act(noon), KEYS, at=noon)
        assert done.state is PickupState.COLLECTED

    async def test_an_unknown_number_is_not_found(self, database, officer, noon):
        with pytest.raises(NoSuchPickup):
            await desk.resolve("0", Outcome(PickupState.CANCELLED), "不回收了", officer, KEYS, at=noon)
