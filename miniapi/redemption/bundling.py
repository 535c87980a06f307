"""Old out, new in: the collection of the old unit, booked with the purchase that replaces it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.accounts.actions import held
from miniapi.keys import Keys
from miniapi.pickup import actions as pickups
from miniapi.pickup.actions import Contact, Door, OldItem
from miniapi.pickup.models import Pickup, PickupState
from miniapi.pickup.moves import FAILED, UNSETTLED
from miniapi.redemption.errors import AlreadyRefunded, NoSuchRedemption, OldUnitBooked
from miniapi.redemption.models import Redemption, RedemptionState

CAME_TO_NOTHING = FAILED | {PickupState.CANCELLED}


def purchases_of(resident_id: UUID) -> "QuerySet[Redemption]":
    """What somebody bought with their vouchers, each with its shop and the pickup of the old unit."""
    return Redemption.filter(voucher__resident_id=resident_id).select_related("merchant", "pickup", "voucher")


async def book_with(
    redemption_id: UUID,
    resident_id: UUID,
    slot_id: UUID,
    items: Sequence[OldItem],
    door: Door,
    contact: Contact | None,
    keys: Keys,
    *,
    at: datetime,
) -> Pickup:
    """Book the collection of what a purchase replaces, in place of one that came to nothing.

    One that its crew missed, and that could still be moved to another day, is cancelled with that; so is one
    about whose price the bureau has not decided yet.

    Raises NoSuchRedemption, also for somebody else's, AlreadyRefunded, OldUnitBooked, NotNow of one that is
    ended meanwhile, and what booking a pickup raises.
    """
    async with in_transaction():
        await held(resident_id)
        own = Redemption.filter(id=redemption_id, voucher__resident_id=resident_id)
        if not await own.exists():
            raise NoSuchRedemption()
        bought = await Redemption.filter(id=redemption_id).select_for_update(no_key=True).get()
        if bought.state is RedemptionState.REFUNDED:
            raise AlreadyRefunded()
        before = await Pickup.get_or_none(id=bought.pickup_id) if bought.pickup_id else None
        if before is not None and before.state not in CAME_TO_NOTHING:
            raise OldUnitBooked(number=before.number)
        if before is not None and before.state in UNSETTLED:
            # one purchase, one old unit: the failed one is not moved to another day or collected as well
            await pickups.give_up(before.id, resident_id, keys, at=at)
        pickup = await pickups.book(
            resident_id, slot_id, items, door, contact, keys, with_delivery=True, at=at
        )
        await Redemption.filter(id=bought.id).update(pickup_id=pickup.id)
    return pickup
