"""The JSON of old things on their way: for stations, dismantlers, the staff, their owner and anybody."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.custody.models import Certificate
from miniapi.custody.queries import Chain
from miniapi.http.answers import Id, Time, written
from miniapi.http.paging import Page
from miniapi.http.regions import RegionName
from miniapi.merchants.licence_schemas import DayJson
from miniapi.pickup.crew_schemas import MOST_GRAMS, DoCrewMove
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup, PickupState
from miniapi.redemption.models import Redemption

CALLED = {Hand.CREW: "上门回收", Hand.STATION: "回收站接收", Hand.DISMANTLER: "拆解处理"}
SHOWN_DIGITS = 4  # of a voucher's number: enough for its owner to know it, of no use to anybody else


class Waiting(Page):
    """What waits; one thing of it where its confirmation number is scanned or typed."""

    number: Annotated[str, Field(pattern=r"^[0-9]{10}$")] | None = None


class Take(DoCrewMove):
    """Taking over, as a phone tells it, and what the scale says."""

    weight_grams: Annotated[int, Field(ge=1, le=MOST_GRAMS)]


class HandoversOf(Page):
    """The hand-overs of a region; with `weight_off` only those whose weights differ, or do not."""

    region: RegionName
    weight_off: bool | None = None


class OldThingJson(TypedDict):
    """One old thing, and nothing that its owner wrote of it."""

    category: str
    category_name: str


class WaitingJson(TypedDict):
    """Old things that wait to be taken over: who has them, since when, and what they weighed there."""

    id: Id
    number: str
    state: PickupState
    items: list[OldThingJson]
    merchant: str
    weight_grams: int
    handed_over_at: Time


class TakenJson(TypedDict):
    """Old things that were taken over. `weight_off`: the staff will ask about the weight."""

    id: Id
    hand: Hand
    weight_grams: int
    weight_off: bool
    handed_over_at: Time


class HandoverRowJson(TypedDict):
    """One hand-over as the staff see it."""

    id: Id
    pickup: Id
    number: str
    hand: Hand
    merchant: str
    licence_number: str | None
    weight_grams: int
    weight_off: bool
    handed_over_at: Time


class LicenceShownJson(TypedDict):
    """With what somebody took old things over: the licence as it was then."""

    number: str
    valid_until: DayJson


class StepJson(TypedDict):
    """One step of the way; without a licence is what was collected before licences were kept."""

    hand: Hand
    step: str
    merchant: str
    licence: LicenceShownJson | None
    weight_grams: int
    done_at: Time


class CertificateJson(TypedDict):
    """The paper: by its code anybody may ask at `address` whether it is genuine."""

    code: str
    address: str
    issued_at: Time


class PurchaseJson(TypedDict):
    """What was bought in exchange; of the voucher's number only the end is shown."""

    category: str
    category_name: str
    merchant: str
    bought_at: Time
    voucher: str


class ChainJson(TypedDict):
    """The way of what somebody gave away: the steps that are done, those to come, the paper at the end."""

    id: Id
    number: str
    state: PickupState
    items: list[OldThingJson]
    steps: list[StepJson]
    to_come: list[Hand]
    certificate: CertificateJson | None
    purchase: PurchaseJson | None


class GenuineJson(TypedDict):
    """What a certificate says, to whoever holds it: no number of a booking and nobody's name."""

    genuine: Literal[True]
    code: str
    issued_at: Time
    items: list[OldThingJson]
    steps: list[StepJson]
    purchase: PurchaseJson | None


def waiting_json(handover: Handover, categories: Categories) -> WaitingJson:
    """What waits, of the hand-over that came last, with its booking and merchant."""
    pickup = handover.pickup
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "items": items_json(pickup, categories),
        "merchant": handover.merchant.name,
        "weight_grams": handover.weight_grams,
        "handed_over_at": written(handover.done_at),
    }


def taken_json(handover: Handover) -> TakenJson:
    """What was taken over."""
    return {
        "id": str(handover.pickup_id),
        "hand": handover.hand,
        "weight_grams": handover.weight_grams,
        "weight_off": handover.weight_off,
        "handed_over_at": written(handover.done_at),
    }


def handover_row_json(handover: Handover) -> HandoverRowJson:
    """A hand-over with its booking and merchant."""
    return {
        "id": str(handover.id),
        "pickup": str(handover.pickup_id),
        "number": handover.pickup.number,
        "hand": handover.hand,
        "merchant": handover.merchant.name,
        "licence_number": handover.licence_number,
        "weight_grams": handover.weight_grams,
        "weight_off": handover.weight_off,
        "handed_over_at": written(handover.done_at),
    }


def items_json(pickup: Pickup, categories: Categories) -> list[OldThingJson]:
    """What was given away."""
    keys: list[str] = [item["category"] for item in pickup.items]
    return [{"category": key, "category_name": categories[key].name} for key in keys]


def chain_json(chain: Chain, public_url: str, categories: Categories) -> ChainJson:
    """The way of what somebody gave away, for them."""
    pickup, done = chain.pickup, {one.hand for one in chain.handovers}
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "items": items_json(pickup, categories),
        "steps": [step_json(one) for one in chain.handovers],
        "to_come": [hand for hand in Hand if hand not in done],
        "certificate": certificate_json(chain.certificate, public_url) if chain.certificate else None,
        "purchase": purchase_json(chain.purchase, categories) if chain.purchase else None,
    }


def genuine_json(chain: Chain, certificate: Certificate, categories: Categories) -> GenuineJson:
    """What a certificate says."""
    return {
        "genuine": True,
        "code": certificate.code,
        "issued_at": written(certificate.issued_at),
        "items": items_json(chain.pickup, categories),
        "steps": [step_json(one) for one in chain.handovers],
        "purchase": purchase_json(chain.purchase, categories) if chain.purchase else None,
    }


def step_json(handover: Handover) -> StepJson:
    """One step of the way, with its merchant."""
    number, until = handover.licence_number, handover.licence_valid_until
    return {
        "hand": handover.hand,
        "step": CALLED[handover.hand],
        "merchant": handover.merchant.name,
        "licence": {"number": number, "valid_until": until.isoformat()} if number and until else None,
        "weight_grams": handover.weight_grams,
        "done_at": written(handover.done_at),
    }


def certificate_json(certificate: Certificate, public_url: str) -> CertificateJson:
    """The paper and where to ask about it."""
    return {
        "code": certificate.code,
        "address": address_of(certificate, public_url),
        "issued_at": written(certificate.issued_at),
    }


def address_of(certificate: Certificate, public_url: str) -> str:
    """Where anybody may ask whether a certificate is genuine; what its QR code says."""
    return f"{public_url}/c/{certificate.code}"


def purchase_json(bought: Redemption, categories: Categories) -> PurchaseJson:
    """What was bought, with its shop and voucher."""
    return {
        "category": bought.category,
        "category_name": categories[bought.category].name,
        "merchant": bought.merchant.name,
        "bought_at": written(bought.redeemed_at),
        "voucher": masked_code(bought.voucher.code),
    }


def masked_code(code: str) -> str:
    """The end of a voucher's number."""
    return "*" * (len(code) - SHOWN_DIGITS) + code[-SHOWN_DIGITS:]
