"""Old out, new in: the pickup of the old unit, booked with the purchase and checked by the programme."""

import asyncio
from dataclasses import replace

import pytest

from miniapi.accounts.models import Resident
from miniapi.pickup import actions as pickups
from miniapi.pickup import crewing, desk, offering, queries
from miniapi.pickup.desk import Outcome
from miniapi.pickup.errors import NoSuchPickup, NotBooked, NotNow
from miniapi.pickup.models import Pickup, PickupState, Slot
from miniapi.redemption.errors import OldUnitNotHandedIn
from miniapi.redemption.models import Redemption
from miniapi.redemption.redeeming import OldUnit
from miniapi.redemption.refunding import refund
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.callers import Bureau
from tests.factories.counter import a_clerk, a_redemption, a_sale, a_voucher
from tests.factories.custody import a_collected, at_the_door
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import an_act
from tests.factories.slots import a_crew_member, a_slot
from tests.factories.staff import a_staff
from tests.miniapi.pickup.test_routes import a_booking


@pytest.fixture
async def bought(database, noon, library):
    return await a_redemption(noon, library)


@pytest.fixture
async def buyer(bought):
    return await Resident.get(vouchers__id=bought.voucher_id)


@pytest.fixture
async def slot(database, noon):
    return await a_slot(noon)


def book(web, bought, buyer, slot, **more):
    return web.post(f"/redemptions/{bought.id}/pickup", by=buyer, **a_booking(slot), **more)


class TestBooking:
    async def test_is_found_with_the_purchase(self, web, bought, buyer, slot):
        answer = await book(web, bought, buyer, slot)

        purchases = (await web.get("/redemptions", by=buyer)).json["items"]
        assert answer.status == 201
        assert [(one["id"], one["pickup"]["number"]) for one in purchases] == [
            (str(bought.id), answer.json["number"])
        ]

    async def test_is_seen_by_the_crew(self, web, bought, buyer, slot, noon):
        await book(web, bought, buyer, slot)
        member = await a_crew_member(noon)

        listed = await web.get("/crew/pickups", by=member.account)

        assert [one["with_delivery"] for one in listed.json["items"]] == [True]

    async def test_is_made_once(self, web, bought, buyer, noon):
        slots = [await a_slot(noon, hours_ahead=24 + 3 * many) for many in range(3)]

        answers = await asyncio.gather(*(book(web, bought, buyer, slot) for slot in slots))

        assert sorted(one.status for one in answers) == [201, 409, 409]
        assert {one.json["code"] for one in answers if one.status == 409} == {"old_unit_booked"}
        assert await Pickup.all().count() == 1
        assert sorted([slot.taken for slot in await Slot.all()]) == [0, 0, 1]

    async def test_a_full_slot_leaves_the_purchase_as_it_was(self, web, bought, buyer, slot):
        await Slot.filter(id=slot.id).update(taken=slot.capacity)

        answer = await book(web, bought, buyer, slot)

        assert (answer.status, answer.json["code"]) == (409, "slot_full")
        assert (await Redemption.get(id=bought.id)).pickup_id is None

    async def test_of_somebody_elses_purchase_is_not_there(self, web, bought, slot, noon):
        answer = await book(web, bought, await a_resident(noon), slot)

        assert answer.status == 404

    async def test_may_be_made_again_after_it_was_cancelled(self, web, bought, buyer, slot, noon):
        first = await book(web, bought, buyer, slot)
        await web.post(f"/pickups/{first.json['id']}/cancel", by=buyer)

        again = await book(web, bought, buyer, slot)

        assert again.status == 201
        assert str((await Redemption.get(id=bought.id)).pickup_id) == again.json["id"]

    async def test_in_place_of_a_missed_one_is_the_only_one(self, web, bought, buyer, slot, noon):
        first = await book(web, bought, buyer, slot)
        await Pickup.filter(id=first.json["id"]).update(state=PickupState.MISSED_BY_CREW)

        again = await book(web, bought, buyer, await a_slot(noon, hours_ahead=30))

        other = {"slot": str((await a_slot(noon, hours_ahead=36)).id)}
        moved = await web.post(f"/pickups/{first.json['id']}/reschedule", by=buyer, **other)
        assert (again.status, moved.json["code"]) == (201, "pickup_not_booked")
        assert (await Pickup.get(id=first.json["id"])).state is PickupState.CANCELLED

    async def test_in_place_of_a_disputed_one_ends_the_dispute(
        self, web, bought, buyer, noon, library, database
    ):
        disputed, member = await at_the_door(noon, buyer)
        await Redemption.filter(id=bought.id).update(pickup_id=disputed.id)
        await crewing.offer(disputed.id, 100, member, an_act(noon), KEYS, at=noon)
        offer = await queries.open_offer(disputed.id)
        await offering.refuse(disputed.id, buyer.id, offer.id, library, KEYS, at=noon)

        again = await book(web, bought, buyer, await a_slot(noon, hours_ahead=30))

        bureau, collected = Bureau(await a_staff(noon), ""), Outcome(PickupState.COLLECTED, 20_000, 100)
        with pytest.raises(NotBooked):
            await desk.resolve(disputed.number, collected, "双方商定", bureau, KEYS, at=noon)
        assert again.status == 201
        assert await Notice.filter(resident_id=member.id, about__contains="不再回收").count() == 1
        assert await differences(database, library) == []


class TestGoodsThatComeBack:
    async def test_leave_the_pickup_and_say_so(self, web, bought, buyer, slot, library, noon):
        booked = await book(web, bought, buyer, slot)
        clerk = await a_clerk(noon, await bought.merchant)

        await refund(bought.id, "门开不了", clerk, library, at=noon)

        told = await Notice.get(resident_id=buyer.id, kind="refunded")
        assert f"旧件的上门回收（单号 {booked.json['number']}）仍然有效" in told.about
        assert (await Pickup.get(id=booked.json["id"])).state is PickupState.BOOKED

    async def test_take_no_pickup_any_more(self, web, bought, buyer, slot, library, noon):
        clerk = await a_clerk(noon, await bought.merchant)
        await refund(bought.id, "门开不了", clerk, library, at=noon)

        answer = await book(web, bought, buyer, slot)

        assert (answer.status, answer.json["code"]) == (409, "already_refunded")


class TestWhatWasGivenIn:
    @pytest.fixture
    def strict(self, library, monkeypatch, noon):
        """A programme that takes a voucher only for an old unit that a crew has collected."""
        rules = library.packs["yangling"].rules
        counter = replace(rules.counter(noon.date()), old_unit_collected=True)
        monkeypatch.setattr(rules, "counters", (counter,))

    async def sell(self, voucher, pickup_id, library, noon, category=None):
        old = OldUnit(True, category, pickup_id)
        return await a_redemption(noon, library, voucher=voucher, sale=a_sale(old_unit=old))

    async def test_is_what_a_strict_programme_checks(self, strict, database, library, noon):
        voucher = await a_voucher(noon, library)
        collected = await a_collected(noon, await voucher.resident)

        sold = await self.sell(voucher, collected.id, library, noon, library.categories["fridge"])

        assert sold.pickup_id == collected.id

    async def test_is_not_what_was_only_promised(self, strict, slot, library, noon):
        voucher = await a_voucher(noon, library)
        door = pickups.Door(slot.district, "示例路 8 号")
        items = [pickups.OldItem(library.categories["fridge"])]
        booked = await pickups.book(voucher.resident_id, slot.id, items, door, None, KEYS, at=noon)

        with pytest.raises(OldUnitNotHandedIn):
            await self.sell(voucher, booked.id, library, noon)

    async def test_is_not_nothing(self, strict, database, library, noon):
        with pytest.raises(OldUnitNotHandedIn) as refused:
            await self.sell(await a_voucher(noon, library), None, library, noon)

        assert [cited.clause for cited in refused.value.citations] == ["细则三"]

    async def test_is_not_a_thing_of_another_kind(self, strict, database, library, noon):
        voucher = await a_voucher(noon, library)
        collected = await a_collected(noon, await voucher.resident)

        with pytest.raises(OldUnitNotHandedIn):
            await self.sell(voucher, collected.id, library, noon, library.categories["washer"])

    async def test_is_nobody_elses(self, strict, database, library, noon):
        collected = await a_collected(noon)

        with pytest.raises(NoSuchPickup):
            await self.sell(await a_voucher(noon, library), collected.id, library, noon)

    @pytest.mark.parametrize("state", ["missed_by_resident", "missed_by_crew", "disputed"])
    async def test_is_not_a_visit_that_came_to_nothing(self, database, library, noon, state):
        voucher = await a_voucher(noon, library)
        collected = await a_collected(noon, await voucher.resident)
        await Pickup.filter(id=collected.id).update(state=state)

        with pytest.raises(NotNow):
            await self.sell(voucher, collected.id, library, noon)
