"""Every rule of visits that is broken by hand is found, with the row named, and no other."""

from itertools import pairwise

import pytest

from miniapi.audit.actions import record
from miniapi.pickup import crewing, desk, offering, queries
from miniapi.pickup.desk import Outcome
from miniapi.pickup.models import Pickup, PickupState
from miniapi.redemption.models import Redemption
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.reports.visit_checks import VISITS
from miniapi.staff.callers import Bureau
from miniapi.vouchers.models import Voucher
from tests.factories.counter import a_redemption
from tests.factories.custody import a_dismantled, at_the_door
from tests.factories.people import KEYS, a_resident
from tests.factories.pickups import an_act
from tests.factories.staff import a_staff
from tests.miniapi.reports.test_audit import by_hand, rules_of

STEP_BY_STEP = "a booking came to its state step by step"
AS_AGREED = (
    "what was collected was paid as its owner agreed to, or as the crew named where the bureau ended it"
)
NAMED = "a booking is of who is named as its resident in the log, and in what they were told of it"
ONE_OWNER = "a purchase and the pickup of its old unit are of one resident, or of two accounts of one person"

BY_HAND = {
    "that it was collected is forgotten": (
        {STEP_BY_STEP},
        "ALTER TABLE pickup_event DISABLE TRIGGER ALL",
        "DELETE FROM pickup_event WHERE what = 'collected'",
    ),
    "nobody came to the door": (
        {STEP_BY_STEP},
        "ALTER TABLE pickup_event DISABLE TRIGGER ALL",
        "DELETE FROM pickup_event WHERE what = 'arrived'",
    ),
    "more was paid": ({AS_AGREED}, "UPDATE pickup SET price_fen = 999999"),
    "something else was agreed to": ({AS_AGREED}, "UPDATE pickup SET agreed_fen = 1"),
    "both are something else": ({AS_AGREED}, "UPDATE pickup SET (price_fen, agreed_fen) = (1, 1)"),
    "no price was named": ({AS_AGREED}, "DELETE FROM pickup_offer"),
    "nobody said yes": ({AS_AGREED}, "UPDATE pickup_offer SET state = 'refused'"),
}


@pytest.mark.parametrize("what", BY_HAND)
async def test_what_was_changed_by_hand_is_named(database, noon, library, what):
    gone = await a_dismantled(noon)
    assert await differences(database, library) == []
    broken, *statements = BY_HAND[what]

    await by_hand(database, *statements, "SELECT 1")

    found = await differences(database, library)
    assert all(line.startswith(f"pickup {gone.number}: ") for line in found), found
    assert rules_of(found) == broken


class TestAPurchase:
    @pytest.fixture
    async def bought(self, database, noon, library):
        return await a_redemption(noon, library)

    async def test_with_the_pickup_of_somebody_else_is_named(self, bought, noon, library, database):
        gone = await a_dismantled(noon)
        await Redemption.filter(id=bought.id).update(pickup_id=gone.id)

        found = await differences(database, library)

        assert [line.split(":")[0] for line in found] == [f"redemption {bought.id}"]
        assert rules_of(found) == {ONE_OWNER}

    async def test_may_have_moved_to_another_account_twice(self, bought, noon, library, database):
        accounts = [(await Voucher.get(id=bought.voucher_id)).resident_id]
        accounts += [(await a_resident(noon)).id for _ in range(2)]
        gone = await a_dismantled(noon)
        await Pickup.filter(id=gone.id).update(resident_id=accounts[0])
        await Redemption.filter(id=bought.id).update(pickup_id=gone.id)
        for source, target in pairwise(accounts):
            moved = {"moved_to": str(target)}
            before = {"verified": True}
            await record(
                "staff:1", "identity.moved", f"resident:{source}", at=noon, before=before, after=moved
            )
        await Voucher.filter(id=bought.voucher_id).update(resident_id=accounts[-1])

        found = await differences(database, library)

        assert ONE_OWNER not in rules_of(found)


class TestABookingOfSomebodyElse:
    async def test_is_known_by_what_its_resident_was_told(self, database, noon, library):
        gone = await a_dismantled(noon)
        await Pickup.filter(id=gone.id).update(resident_id=(await a_resident(noon)).id)

        (found,) = await differences(database, library)

        assert found.startswith(f"pickup {gone.number}: ")
        assert rules_of([found]) == {NAMED}

    async def test_is_known_by_whose_door_its_crew_looked_at(self, database, noon, library):
        pickup, member = await at_the_door(noon)
        await crewing.look_at(pickup.id, member, at=noon)
        await Notice.filter(subject=pickup.id).delete()
        await Pickup.filter(id=pickup.id).update(resident_id=(await a_resident(noon)).id)

        (found,) = await differences(database, library)

        assert found.startswith(f"pickup {pickup.number}: ")
        assert f"named {pickup.resident_id} (" in found


async def test_what_the_bureau_decided_is_paid_as_the_crew_had_named(database, noon, library):
    pickup, member = await at_the_door(noon)
    await crewing.offer(pickup.id, 100, member, an_act(noon), KEYS, at=noon)
    offer = await queries.open_offer(pickup.id)
    await offering.refuse(pickup.id, pickup.resident_id, offer.id, library, KEYS, at=noon)
    outcome = Outcome(PickupState.COLLECTED, 20_000, 100)
    await desk.resolve(pickup.number, outcome, "双方商定", Bureau(await a_staff(noon), ""), KEYS, at=noon)
    assert await differences(database, library) == []

    await by_hand(database, "UPDATE pickup SET price_fen = 99", "SELECT 1")

    assert rules_of(await differences(database, library)) == {AS_AGREED}


def test_every_rule_is_broken_here():
    named = set().union(*(broken for broken, *_ in BY_HAND.values())) | {ONE_OWNER, NAMED}

    assert named == {check.rule for check in VISITS}
