import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from faq.packs import Library
from miniapi.accounts.actions import bind_phone
from miniapi.accounts.models import Resident, SessionKey
from miniapi.chat.models import ChatMessage, Conversation, PushInHand
from miniapi.drops import lottery
from miniapi.drops.models import Drop, DropMode
from miniapi.http.models import KeptAnswer
from miniapi.keys import Keys
from miniapi.merchants.models import Member, Merchant, MerchantKind, Role
from miniapi.pickup import actions as pickup
from miniapi.pickup import places
from miniapi.pickup.models import Pickup
from miniapi.pickup.photo_models import PickupPhoto
from miniapi.privacy.models import Consent
from miniapi.reminders import actions as reminders
from miniapi.reminders.occasions import Occasion
from miniapi.staff.callers import SupportOfficer
from miniapi.staff.models import StaffRole
from miniapi.tickets.models import Ticket
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.models import Voucher
from tests.factories.lottery import a_lottery
from tests.factories.people import a_resident
from tests.factories.season import an_open_drop
from tests.factories.slots import a_slot
from tests.factories.staff import a_staff
from tests.factories.tickets import a_ticket
from tests.web import a_token_of

PHONE, STREET, NOTE, WORDS = "13812345678", "示例路 8 号 2 单元", "放在三楼", "我家的冰箱坏了"
CONTACT = pickup.Contact("李小红", "13987654321")


@dataclass(frozen=True)
class Life:
    """Somebody who has used everything there is to use."""

    resident: Resident
    drop: Drop
    voucher: Voucher
    pickup: Pickup
    ticket: Ticket


async def a_life(noon: datetime, library: Library, keys: Keys, drop: Drop | None = None) -> Life:
    """A verified resident with a phone, a voucher, a booking, reminders, a ticket, a talk, a job."""
    resident = await bind_phone(await a_resident(noon), PHONE, keys, verified=True)
    drop = drop or await an_open_drop(library, noon)
    voucher = await claim(drop.id, resident, library, at=noon)
    by_lot = await Drop.get_or_none(mode=DropMode.LOTTERY)
    by_lot = by_lot or await a_lottery(library, noon - timedelta(hours=1), programme=drop.programme)
    await lottery.register(by_lot.id, resident, library, at=noon)
    items = [pickup.OldItem(library.categories["fridge"], NOTE)]
    booked = await pickup.book(
        resident.id,
        (await a_slot(noon, hours_ahead=24 + voucher.rank)).id,
        items,
        pickup.Door("杨陵区", STREET),
        CONTACT,
        keys,
        at=noon,
    )
    await places.hold((await a_slot(noon, hours_ahead=72 + voucher.rank)).id, resident.id, at=noon)
    seen = {"place": 1, "key_sealed": keys.seal("a-key-of-its-own"), "width": 60, "height": 40}
    await PickupPhoto.create(pickup=booked, added_at=noon, **seen)
    occasion = Occasion("voucher_expiry", voucher.id, voucher.valid_until, "消费券到期", {})
    await reminders.ask(resident.id, occasion, minutes_before=60, at=noon)
    await reminders.add_grants(resident.id, ["a-template"])
    ticket = await a_ticket(resident, noon, text=WORDS)
    talk = await Conversation.create(
        name="my-first-talk", owner=resident, memory_sealed=keys.seal("{}"), updated_at=noon
    )
    sealed = {"text_sealed": keys.seal(WORDS), "reply_sealed": keys.seal("请稍等")}
    await ChatMessage.create(conversation=talk, intent="help", confidence=1, at=noon, **sealed)
    unanswered = keys.seal(json.dumps({"openid": resident.openid, "said": WORDS}))
    await PushInHand.create(
        resident=resident, content_sealed=unanswered, came_at=noon, taken_until=noon + timedelta(minutes=1)
    )
    await SessionKey.create(resident=resident, key_sealed=keys.seal("a key of WeChat's"), at=noon)
    merchant = await Merchant.create(
        region="yangling", kind=MerchantKind.SELLER, name=f"示例店 {voucher.rank}", address="示例路"
    )
    await Member.create(resident=resident, merchant=merchant, role=Role.CLERK)
    await Consent.create(resident=resident, version="2024-1", at=noon)
    await KeptAnswer.create(
        caller=resident.id,
        route="POST /x",
        key="k",
        body_hash="0" * 64,
        status=201,
        answer_sealed=keys.seal("{}"),
        kept_until=noon + timedelta(days=1),
    )
    await a_token_of(resident)
    return Life(resident, drop, voucher, booked, ticket)


@pytest.fixture
async def life(database, noon, library, keys):
    """One of them."""
    return await a_life(noon, library, keys)


@pytest.fixture
async def officer(database, noon):
    """Somebody of the support desk."""
    return SupportOfficer(await a_staff(noon, StaffRole.SUPPORT), "")
