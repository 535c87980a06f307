"""What a resident says to the price a crew names at the door."""

from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from faq.packs import Library
from miniapi.accounts.actions import held
from miniapi.keys import Keys
from miniapi.money import in_yuan
from miniapi.pickup import queries
from miniapi.pickup.errors import OfferChanged
from miniapi.pickup.models import OfferState, Pickup, PickupOffer
from miniapi.pickup.moves import Actor, Move
from miniapi.pickup.moving import Mover, locked, make, note, refuse_unless_allowed
from miniapi.pickup.telling import tell_crew
from miniapi.tickets.actions import open_ticket
from miniapi.tickets.models import Ticket, TicketKind
from miniapi.tickets.rules import Matter

RESIDENT = Mover(Actor.RESIDENT)


async def accept(pickup_id: UUID, resident_id: UUID, offer_id: UUID, *, at: datetime) -> Pickup:
    """Agree to the price that was read: at this one the crew may collect.

    Raises NoSuchPickup, NotBooked, NotNow, NoSuchOffer, OfferChanged.
    """
    async with in_transaction():
        pickup, offer = await _asked(pickup_id, resident_id, offer_id)
        await _answer(offer, OfferState.ACCEPTED, at)
        await Pickup.filter(id=pickup.id).update(agreed_fen=offer.price_fen)
        pickup.agreed_fen = offer.price_fen
        event = await note(pickup, "agreed", RESIDENT, at=at)
        await tell_crew(pickup, pickup.crew_id, "的报价已同意，可以回收", key=f"{event.id}", at=at)
    return pickup


async def refuse(
    pickup_id: UUID, resident_id: UUID, offer_id: UUID, library: Library, keys: Keys, *, at: datetime
) -> tuple[Pickup, Ticket]:
    """Not agree: nothing is collected, and the bureau looks into it.

    Raises NotSignedIn of who left, NoSuchPickup, NotBooked, NotNow, NoSuchOffer, OfferChanged, TooManyOpen.
    """
    async with in_transaction():
        await held(resident_id)
        pickup, offer = await _asked(pickup_id, resident_id, offer_id)
        await _answer(offer, OfferState.REFUSED, at)
        event = await make(pickup, Move.DISPUTE, RESIDENT, at=at)
        await tell_crew(pickup, pickup.crew_id, "的报价未获同意，请不要回收", key=f"{event.id}", at=at)
        words = f"上门回收预约 {pickup.number}：师傅报价 {in_yuan(offer.price_fen)} 元，我不同意。"
        matter = Matter(TicketKind.COMPLAINT, words, library.packs.get(pickup.slot.region))
        ticket = await open_ticket(resident_id, matter, keys, at=at)
    return pickup, ticket


async def _asked(pickup_id: UUID, resident_id: UUID, offer_id: UUID) -> tuple[Pickup, PickupOffer]:
    """The booking, locked, and the offer its resident answers, where it is still the one that waits."""
    pickup = await locked(Pickup.filter(id=pickup_id, resident_id=resident_id))
    refuse_unless_allowed(pickup, Move.DISPUTE, Actor.RESIDENT)
    offer = await queries.open_offer(pickup.id)
    if offer.id != offer_id:
        raise OfferChanged()
    return pickup, offer


async def _answer(offer: PickupOffer, state: OfferState, at: datetime) -> None:
    await PickupOffer.filter(id=offer.id).update(state=state, answered_at=at)
