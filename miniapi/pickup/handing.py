"""Handing over: old things come into somebody's hands only with a good licence, and it is written down."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from miniapi.http.errors import invalid_field
from miniapi.merchants.licensing import good_licence
from miniapi.merchants.models import LicenceKind
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup
from miniapi.pickup.moving import Mover

MOST_OFF_PERCENT = 10  # between two scales; beyond it something is missing, or was added
BEFORE: Mapping[Hand, Hand] = {Hand.STATION: Hand.CREW, Hand.DISMANTLER: Hand.STATION}
NEEDED: Mapping[Hand, LicenceKind] = {
    Hand.CREW: LicenceKind.RECYCLING,
    Hand.STATION: LicenceKind.RECYCLING,
    Hand.DISMANTLER: LicenceKind.DISMANTLING,
}


async def hand_over(
    pickup: Pickup, hand: Hand, merchant_id: UUID, weight_grams: int, mover: Mover, *, at: datetime
) -> Handover:
    """Write down that the things of a locked booking came into these hands.

    The licence must be good when they came there, not when we hear of it. Raises LicenceMissing,
    LicenceExpired, and InvalidRequest for a time before the hands they came from.
    """
    done_at = mover.done_at or at
    licence = await good_licence(merchant_id, NEEDED[hand], on=done_at)
    before = await Handover.get_or_none(pickup_id=pickup.id, hand=BEFORE[hand]) if hand in BEFORE else None
    if before is not None and done_at < before.done_at:
        raise invalid_field("done_at", "不能早于上一次交接")
    return await Handover.create(
        pickup=pickup,
        hand=hand,
        previous=BEFORE.get(hand),
        merchant_id=merchant_id,
        licence_number=licence.number,
        licence_valid_until=licence.valid_until,
        weight_grams=weight_grams,
        weight_off=before is not None and is_off(weight_grams, before.weight_grams),
        action=mover.action,
        done_at=done_at,
        at=at,
    )


def is_off(weighed: int, before: int) -> bool:
    """Whether two weighings of the same things differ by more than scales do."""
    return abs(weighed - before) * 100 > before * MOST_OFF_PERCENT
