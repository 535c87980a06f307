"""Everything kept about one person, in the clear for its owner: one JSON document, a piece at a time."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from miniapi.accounts.models import Person, Resident, Session, SessionKey
from miniapi.audit.actions import record
from miniapi.chat.models import ChatMessage, Conversation, PushInHand
from miniapi.custody.models import Certificate
from miniapi.custody.schemas import step_json
from miniapi.drops.lottery_schemas import registration_json
from miniapi.drops.models import Registration
from miniapi.http.answers import dumps, written
from miniapi.keys import Keys
from miniapi.merchants.models import Member
from miniapi.pickup.handover_models import Handover
from miniapi.pickup.models import Hold, Pickup, PickupEvent, PickupOffer
from miniapi.pickup.photo_models import PickupPhoto
from miniapi.pickup.photo_schemas import photo_json
from miniapi.privacy import queries, shopping
from miniapi.privacy.models import Consent
from miniapi.privacy.schemas import access_json, consent_json
from miniapi.redemption.models import CounterQuote, Redemption, RedemptionEvent
from miniapi.reminders.models import Grant, Notice
from miniapi.tickets.models import Ticket, TicketEvent
from miniapi.tickets.schemas import ticket_json
from miniapi.vouchers.models import Presentation, Voucher, VoucherEvent

AT_ONCE = 100  # rows in memory, however much is kept
Row = TypeVar("Row", bound=Model)
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the document: the tables it tells of, the rows of a resident, and how one looks."""

    name: str
    tells_of: tuple[type[Model], ...]
    rows: Callable[[Resident], "QuerySet[Any]"]
    shown: Callable[[Any, Keys], Shown]


async def record_export(resident_id: UUID, *, at: datetime) -> None:
    """Write down that somebody takes their data along."""
    itself = f"resident:{resident_id}"
    async with in_transaction():
        await record(itself, "resident.exported", itself, at=at)


async def pieces(resident: Resident, keys: Keys, *, at: datetime) -> AsyncIterator[str]:
    """The document, in pieces that give it when put together."""
    yield f'{{"exported_at":{dumps(written(at))},"account":{dumps(await _account(resident, keys))}'
    for section in SECTIONS:
        yield f',"{section.name}":['
        comma = ""
        async for row in _all(section.rows(resident)):
            yield comma + dumps(section.shown(row, keys))
            comma = ","
        yield "]"
    yield "}"


async def _all(rows: "QuerySet[Row]") -> AsyncIterator[Row]:
    """Every row in the order of its key, a few in memory."""
    key = rows.model._meta.pk_attr
    found = await rows.order_by(key).limit(AT_ONCE)
    while found:
        for row in found:
            yield row
        found = await rows.filter(pk__gt=found[-1].pk).order_by(key).limit(AT_ONCE)


async def _account(resident: Resident, keys: Keys) -> Shown:
    person = await Person.get_or_none(id=resident.person_id) if resident.person_id else None
    return {
        "id": str(resident.id),
        "openid": resident.openid,
        "region": resident.region,
        "phone": _open(resident.phone_sealed, keys),
        "phone_verified": resident.phone_verified,
        "name": _open(resident.name_sealed, keys),
        "id_number": _open(resident.id_number_sealed, keys),
        "person_known_since": written(person.created_at) if person else None,
        "created_at": written(resident.created_at),
    }


def _own(resident: Resident) -> Q:
    """What is of the account, and of an earlier account of the same person."""
    own = Q(resident_id=resident.id)
    if resident.person_id is not None:
        own |= Q(person_id=resident.person_id)
    return own


def _voucher(voucher: Voucher, keys: Keys) -> Shown:
    return {
        "id": str(voucher.id),
        "code": voucher.code,
        "state": voucher.state,
        "region": voucher.region,
        "drop": str(voucher.drop_id),
        "rank": voucher.rank,
        "max_fen": voucher.max_fen,
        "subsidy_fen": voucher.subsidy_fen,
        "issued_at": written(voucher.issued_at),
        "valid_until": written(voucher.valid_until),
        "history": [
            {"state": event.state, "at": written(event.at), "note": event.note}
            for event in sorted(voucher.events, key=lambda one: (one.at, one.id))
        ],
    }


def _registration(given: Registration, keys: Keys) -> Shown:
    withdrawn = written(given.withdrawn_at) if given.withdrawn_at else None
    return {**registration_json(given), "withdrawn_at": withdrawn}


def _pickup(pickup: Pickup, keys: Keys) -> Shown:
    contact, sealed = _open(pickup.contact_sealed, keys), _open(pickup.words_sealed, keys)
    words = json.loads(sealed) if sealed else [{} for _ in pickup.items]
    return {
        "id": str(pickup.id),
        "number": pickup.number,
        "state": pickup.state,
        "starts_at": written(pickup.slot.starts_at),
        "ends_at": written(pickup.slot.ends_at),
        "items": [{**item, **said} for item, said in zip(pickup.items, words, strict=True)],
        "district": pickup.district,
        "floor": pickup.floor,
        "lift": pickup.lift,
        "call_first": pickup.call_first,
        "street": _open(pickup.street_sealed, keys),
        "contact": json.loads(contact) if contact else None,
        "booked_at": written(pickup.booked_at),
        "history": [
            {
                "what": event.what,
                "at": written(event.at),
                "proof": event.proof,
                "reason": event.reason or _open(event.reason_sealed, keys),
            }
            for event in sorted(pickup.events, key=lambda one: one.id)
        ],
        "offers": [
            {"price_fen": offer.price_fen, "state": offer.state, "offered_at": written(offer.offered_at)}
            for offer in sorted(pickup.offers, key=lambda one: one.id)
        ],
        "with_delivery": pickup.with_delivery,
        "agreed_fen": pickup.agreed_fen,
        "price_fen": pickup.price_fen,
        "weight_grams": pickup.weight_grams,
    }


def _hold(hold: Hold, keys: Keys) -> Shown:
    return {"slot": str(hold.slot_id), "expires_at": written(hold.expires_at)}


def _notice(notice: Notice, keys: Keys) -> Shown:
    return {
        "kind": notice.kind,
        "about": notice.about,
        "fields": notice.fields_json,
        "asked_for": notice.asked_for,
        "due_at": written(notice.due_at),
        "state": notice.state,
        "outcome": notice.outcome,
        "created_at": written(notice.created_at),
    }


def _session(session: Session, keys: Keys) -> Shown:
    return {
        "created_at": written(session.created_at),
        "expires_at": written(session.expires_at),
        "ended_at": written(session.ended_at) if session.ended_at else None,
    }


def _conversation(conversation: Conversation, keys: Keys) -> Shown:
    return {
        "id": str(conversation.id),
        "name": conversation.name,
        "memory": json.loads(keys.unseal(conversation.memory_sealed)),
        "updated_at": written(conversation.updated_at),
    }


def _message(message: ChatMessage, keys: Keys) -> Shown:
    return {
        "conversation": str(message.conversation_id),
        "at": written(message.at),
        "text": keys.unseal(message.text_sealed),
        "reply": keys.unseal(message.reply_sealed),
        "intent": message.intent,
        "confidence": message.confidence,
        "helpful": message.helpful,
    }


def _push(push: PushInHand, keys: Keys) -> Shown:
    content = json.loads(keys.unseal(push.content_sealed))
    return {"came_at": written(push.came_at), "content": content}


def _open(sealed: str | None, keys: Keys) -> str | None:
    return keys.unseal(sealed) if sealed else None


SECTIONS: tuple[Section, ...] = (
    Section(
        "consents",
        (Consent,),
        lambda resident: Consent.filter(resident_id=resident.id),
        lambda consent, keys: {**consent_json(consent)},
    ),
    Section("sessions", (Session,), lambda resident: Session.filter(resident_id=resident.id), _session),
    Section(
        "wechat_keys",
        (SessionKey,),
        lambda resident: SessionKey.filter(resident_id=resident.id),
        lambda key, keys: {"of_login_at": written(key.at)},  # WeChat forbids to hand the key itself out
    ),
    Section(
        "memberships",
        (Member,),
        lambda resident: Member.filter(resident_id=resident.id).select_related("merchant"),
        lambda member, keys: {"merchant": member.merchant.name, "role": member.role},
    ),
    Section(
        "vouchers",
        (Voucher, VoucherEvent),
        lambda resident: Voucher.filter(_own(resident)).prefetch_related("events"),
        _voucher,
    ),
    Section(
        "registrations",
        (Registration,),
        lambda resident: Registration.filter(_own(resident)).select_related("drop"),
        _registration,
    ),
    Section("presentations", (Presentation,), shopping.presentations, shopping.presentation),
    Section("quotes", (CounterQuote,), shopping.quotes, shopping.quote),
    Section("purchases", (Redemption, RedemptionEvent), shopping.purchases, shopping.purchase),
    Section("quotes_made", (CounterQuote,), shopping.quotes_made, shopping.quote),
    Section("sales", (Redemption,), shopping.sales, shopping.sale),
    Section(
        "pickups",
        (Pickup, PickupEvent, PickupOffer),
        lambda resident: (
            Pickup.filter(resident_id=resident.id).select_related("slot").prefetch_related("events", "offers")
        ),
        _pickup,
    ),
    Section(
        "handovers",
        (Handover,),
        lambda resident: Handover.filter(pickup__resident_id=resident.id).select_related("merchant"),
        lambda handover, keys: {**step_json(handover), "pickup": str(handover.pickup_id)},
    ),
    Section(
        "certificates",
        (Certificate,),
        lambda resident: Certificate.filter(pickup__resident_id=resident.id),
        lambda paper, keys: {
            "pickup": str(paper.pickup_id),
            "code": paper.code,
            "issued_at": written(paper.issued_at),
        },
    ),
    Section("holds", (Hold,), lambda resident: Hold.filter(resident_id=resident.id), _hold),
    Section(
        "photos",
        (PickupPhoto,),
        lambda resident: PickupPhoto.filter(pickup__resident_id=resident.id),
        lambda photo, keys: {
            **photo_json(photo),
            "pickup": str(photo.pickup_id),
            "address": f"/api/v1/pickups/{photo.pickup_id}/photos/{photo.id}",
        },
    ),
    Section("notices", (Notice,), lambda resident: Notice.filter(resident_id=resident.id), _notice),
    Section(
        "grants",
        (Grant,),
        lambda resident: Grant.filter(resident_id=resident.id),
        lambda grant, keys: {"template_id": grant.template_id, "remaining": grant.remaining},
    ),
    Section(
        "tickets",
        (Ticket, TicketEvent),
        lambda resident: Ticket.filter(resident_id=resident.id).prefetch_related("events"),
        lambda ticket, keys: {**ticket_json(ticket, keys)},
    ),
    Section(
        "conversations",
        (Conversation,),
        lambda resident: Conversation.filter(owner_id=resident.id),
        _conversation,
    ),
    Section(
        "messages",
        (ChatMessage,),
        lambda resident: ChatMessage.filter(conversation__owner_id=resident.id),
        _message,
    ),
    Section(
        "unanswered",
        (PushInHand,),
        lambda resident: PushInHand.filter(resident_id=resident.id),
        _push,
    ),
    Section(
        "access_by_staff",
        (),
        lambda resident: queries.access_to(resident.id),
        lambda event, keys: {**access_json(event)},
    ),
)
