"""What can be asked about old things on their way, and about the paper at its end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from miniapi.custody.errors import NoSuchCertificate
from miniapi.custody.models import Certificate
from miniapi.merchants.models import Merchant
from miniapi.pickup.errors import NoSuchPickup
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup, PickupState
from miniapi.redemption.models import Redemption, RedemptionState

# goods that came back, and what the city found not to be due: no voucher of the city paid for them
WITHOUT_SUBSIDY = (RedemptionState.REFUNDED, RedemptionState.REJECTED)
CODE = re.compile(r"[A-Z2-7]{26}")


def collected_by(recycler_id: UUID) -> "QuerySet[Pickup]":
    """The bookings that crews of a recycler have collected, and what became of them since."""
    return _that_came_to(Q(hand=Hand.CREW, merchant_id=recycler_id))


def meant_for(dismantler: Merchant, pickup_id: UUID) -> "QuerySet[Pickup]":
    """A booking, where this dismantler may take it over: of its region, at a station, nobody else's since."""
    elsewhere = Handover.filter(pickup_id=pickup_id, hand=Hand.DISMANTLER).exclude(merchant_id=dismantler.id)
    came = _that_came_to(Q(hand=Hand.STATION, merchant__region=dismantler.region))
    return came.filter(id=pickup_id).exclude(id__in=Subquery(elsewhere.values("pickup_id")))


def to_receive(recycler_id: UUID, number: str | None = None) -> "QuerySet[Handover]":
    """What is on its way to the stations of a recycler; of one confirmation number where it is given."""
    waiting = _waiting(PickupState.COLLECTED, number)
    return waiting.filter(hand=Hand.CREW, merchant_id=recycler_id)


def to_dismantle(dismantler: Merchant, number: str | None = None) -> "QuerySet[Handover]":
    """What lies at the stations of a dismantler's region; of one confirmation number where it is given."""
    waiting = _waiting(PickupState.RECEIVED, number)
    return waiting.filter(hand=Hand.STATION, merchant__region=dismantler.region)


def handovers_in(region: str, weight_off: bool | None = None) -> "QuerySet[Handover]":
    """The hand-overs of a region; only those whose weights differ, or do not, where that is asked."""
    found = Handover.filter(merchant__region=region)
    if weight_off is not None:
        found = found.filter(weight_off=weight_off)
    return found.select_related("pickup", "merchant")


def _that_came_to(hands: Q) -> "QuerySet[Pickup]":
    return Pickup.filter(id__in=Subquery(Handover.filter(hands).values("pickup_id")))


def _waiting(state: PickupState, number: str | None) -> "QuerySet[Handover]":
    waiting = Handover.filter(pickup__state=state)
    if number is not None:
        waiting = waiting.filter(pickup__number=number)
    return waiting.select_related("pickup", "merchant")


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose hands old things came into so far, in their order; the certificate; the purchase they belong to.

    Without a certificate they are still on their way.
    """

    pickup: Pickup
    handovers: Sequence[Handover]
    certificate: Certificate | None
    purchase: Redemption | None


async def chain_of(pickup_id: UUID, resident_id: UUID) -> Chain:
    """The way of what somebody gave away. Raises NoSuchPickup, also for somebody else's."""
    pickup = await Pickup.get_or_none(id=pickup_id, resident_id=resident_id)
    if pickup is None:
        raise NoSuchPickup()
    return await _chain(pickup, await Certificate.get_or_none(pickup_id=pickup.id))


async def chain_by_code(code: str) -> tuple[Chain, Certificate]:
    """A certificate and the way it tells of; spaces, hyphens and small letters do not matter.

    Raises NoSuchCertificate.
    """
    written = re.sub(r"[\s-]", "", unquote(code)).upper()
    known = Certificate.filter(code=written).select_related("pickup")
    if not CODE.fullmatch(written) or (certificate := await known.first()) is None:
        raise NoSuchCertificate()
    return await _chain(certificate.pickup, certificate), certificate


async def _chain(pickup: Pickup, certificate: Certificate | None) -> Chain:
    handovers = (
        await Handover.filter(pickup_id=pickup.id).order_by("done_at", "id").select_related("merchant")
    )
    bought = Redemption.filter(pickup_id=pickup.id).exclude(state__in=WITHOUT_SUBSIDY)
    return Chain(pickup, handovers, certificate, await bought.select_related("voucher", "merchant").first())
