"""The city as the bot sees it: the same actions and queries that the routes use."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from uuid import UUID

from bot import ports
from bot.ports import Caller, Declined
from faq.packs import Library
from miniapi import clock
from miniapi.accounts.models import Resident
from miniapi.drops import lottery, lottery_queries
from miniapi.drops import queries as drops
from miniapi.drops import rules as drop_rules
from miniapi.drops.models import Drop, Registration
from miniapi.errors import NotSignedIn, Refusal
from miniapi.keys import Keys
from miniapi.merchants import hours
from miniapi.merchants import queries as merchants
from miniapi.merchants.models import MerchantKind, Size
from miniapi.money import Fen
from miniapi.pickup import actions as pickup_actions
from miniapi.pickup import estimating
from miniapi.pickup import queries as pickups
from miniapi.pickup import rules as pickup_rules
from miniapi.pickup.models import Pickup
from miniapi.reminders import actions as reminder_actions
from miniapi.reminders import queries as reminders
from miniapi.reminders.models import Notice
from miniapi.reminders.occasions import Occasions
from miniapi.subsidies import queries as subsidies
from miniapi.subsidies.rules import Item, person_cap
from miniapi.tickets import actions as ticket_actions
from miniapi.tickets import queries as tickets
from miniapi.tickets import rules as ticket_rules
from miniapi.tickets.models import Ticket, TicketKind
from miniapi.vouchers import claiming
from miniapi.vouchers import queries as vouchers
from miniapi.vouchers.models import Voucher

PLACES = 10  # more than anybody reads in a chat
MOST_POINTS = 200  # among which those of a district are looked for
OLDEST_SHOWN = 20
OCCASIONS: Occasions = {
    "drop": drops.occasion,
    "pickup": pickups.occasion,
    "voucher_expiry": vouchers.occasion,
}


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """A refusal of the service, as the sentence the bot can say."""
    try:
        yield
    except Refusal as refusal:
        raise Declined(str(refusal), code=refusal.code, citations=refusal.citations) from refusal


class ServiceCity:
    """One conversation's city: what `bot.ports.City` asks for, for this resident or for nobody."""

    def __init__(
        self, library: Library, keys: Keys | None, resident: Resident | None, session: str | None = None
    ) -> None:
        self.library = library
        self.keys = keys
        self.resident = resident
        self.session = session

    def now(self) -> datetime:
        """The business clock."""
        return clock.now()

    async def quote(self, caller: Caller, region: str, items: Sequence[ports.Priced]) -> ports.Quoted:
        """Quote by the counter's rules."""
        pack, priced = self.library.packs[region], [self._item(item) for item in items]
        async with _told():
            kept = await vouchers.kept_in(self.resident, region, at=self.now())
            quoted = subsidies.quote(pack, priced, used=kept, at=self.now())
        steps = [(step, quoted.citation) for item in quoted.items for step in item.steps]
        return ports.Quoted(
            subsidies_fen=tuple(item.subsidy for item in quoted.items),
            total_fen=quoted.total,
            steps=(*steps, *quoted.notes),
        )

    async def drops(self, region: str) -> Sequence[ports.DropSeen]:
        """The drops of a region, in their order."""
        now = self.now()
        found = await drops.drops_of(region).order_by("opens_at")
        return [self._drop_seen(drop, now) for drop in found]

    async def claim(self, caller: Caller, drop_id: str) -> ports.VoucherSeen:
        """Claim one voucher."""
        async with _told():
            now = self.now()
            voucher = await claiming.claim(UUID(drop_id), self._somebody(), self.library, at=now)
        return _voucher_seen(voucher, now)

    async def register(self, caller: Caller, drop_id: str) -> ports.RegistrationSeen:
        """Take part in the draw of a drop."""
        async with _told():
            given = await lottery.register(UUID(drop_id), self._somebody(), self.library, at=self.now())
        return _registration_seen(given)

    async def registrations(self, caller: Caller) -> Sequence[ports.RegistrationSeen]:
        """The newest draws somebody takes part in."""
        async with _told():
            newest = lottery_queries.registrations_of(self._somebody().id).order_by("-registered_at")
            return [_registration_seen(given) for given in await newest.limit(OLDEST_SHOWN)]

    async def withdraw(self, caller: Caller, registration_id: str) -> None:
        """Take no part in a draw after all."""
        async with _told():
            await lottery.withdraw(UUID(registration_id), self._somebody().id, at=self.now())

    async def wallet(self, caller: Caller) -> ports.Wallet:
        """The newest vouchers, and what the personal cap leaves."""
        async with _told():
            resident, now = self._somebody(), self.now()
            newest = await vouchers.wallet(resident.id).order_by("-issued_at").limit(OLDEST_SHOWN)
            room = await self._room(resident, caller.region)
        return ports.Wallet(tuple(_voucher_seen(voucher, now) for voucher in newest), room)

    async def remind_before(
        self, caller: Caller, kind: str, subject_id: str, minutes_before: int
    ) -> ports.ReminderSeen:
        """Owe a reminder before a drop, a visit or the end of a voucher."""
        async with _told():
            resident, now = self._somebody(), self.now()
            occasion = await OCCASIONS[kind](UUID(subject_id), resident.id, now)
            notice = await reminder_actions.ask(resident.id, occasion, minutes_before=minutes_before, at=now)
        return await _reminder_seen(notice)

    async def reminders(self, caller: Caller) -> Sequence[ports.ReminderSeen]:
        """The reminders still to come."""
        async with _told():
            waiting = await reminders.reminders_of(self._somebody().id).order_by("due_at").limit(OLDEST_SHOWN)
        return [await _reminder_seen(notice) for notice in waiting]

    async def cancel_reminder(self, caller: Caller, reminder_id: str) -> None:
        """Take a reminder back."""
        async with _told():
            await reminder_actions.cancel(UUID(reminder_id), self._somebody().id, at=self.now())

    async def slots(self, region: str, day: date) -> Sequence[ports.SlotSeen]:
        """The slots of a day with a place left, in their order."""
        found = pickups.bookable_slots(region, at=self.now(), day=day).order_by("starts_at", "district")
        return [
            ports.SlotSeen(
                str(slot.id),
                slot.starts_at.astimezone(clock.SHANGHAI),
                slot.ends_at.astimezone(clock.SHANGHAI),
                slot.district,
                slot.left,
            )
            for slot in await found
            if slot.left
        ]

    async def book_pickup(
        self, caller: Caller, slot_id: str, categories: Sequence[str], address: str
    ) -> ports.PickupSeen:
        """Book a place in a slot."""
        async with _told():
            slot = await pickups.slot(UUID(slot_id))
            booked = await pickup_actions.book(
                self._somebody().id,
                slot.id,
                [pickup_actions.OldItem(self.library.categories[key]) for key in categories],
                pickup_actions.Door(slot.district, address),
                None,
                self._keys(),
                at=self.now(),
            )
        return self._pickup_seen(booked)

    async def pickups(self, caller: Caller) -> Sequence[ports.PickupSeen]:
        """The newest bookings."""
        async with _told():
            newest = pickups.pickups_of(self._somebody().id).order_by("-booked_at").limit(OLDEST_SHOWN)
            return [self._pickup_seen(pickup) for pickup in await newest]

    async def cancel_pickup(self, caller: Caller, pickup_id: str) -> ports.PickupSeen:
        """Cancel a booking."""
        async with _told():
            pickup = await pickup_actions.cancel(
                UUID(pickup_id), self._somebody().id, "在对话中取消", self._keys(), at=self.now()
            )
        return self._pickup_seen(pickup)

    async def reschedule_pickup(self, caller: Caller, pickup_id: str, slot_id: str) -> ports.PickupSeen:
        """Move a booking to another slot."""
        async with _told():
            pickup = await pickup_actions.reschedule(
                UUID(pickup_id), self._somebody().id, UUID(slot_id), at=self.now()
            )
        return self._pickup_seen(pickup)

    async def open_ticket(
        self, caller: Caller, kind: str, text: str, clause: str | None = None
    ) -> ports.TicketSeen:
        """Bring something to the staff, with this conversation, about the region that the talk is of."""
        pack = self.library.packs.get(caller.region or "")
        matter = ticket_rules.Matter(TicketKind(kind), text, pack, clause, self.session)
        async with _told():
            opened = await ticket_actions.open_ticket(
                self._somebody().id, matter, self._keys(), at=self.now()
            )
        return self._ticket_seen(opened)

    async def tickets(self, caller: Caller) -> Sequence[ports.TicketSeen]:
        """The newest tickets, with what the staff said last."""
        async with _told():
            newest = tickets.tickets_of(self._somebody().id).order_by("-opened_at").limit(OLDEST_SHOWN)
            return [self._ticket_seen(ticket) for ticket in await newest]

    async def shops(self, region: str) -> Sequence[ports.Place]:
        """Shops on the public list."""
        found = merchants.public_list(region).filter(kind=MerchantKind.SELLER).order_by("name")
        return [ports.Place(shop.name, shop.address, shop.phone) for shop in await found.limit(PLACES)]

    async def points(self, region: str) -> Sequence[ports.Place]:
        """Collection points."""
        found, _ = await merchants.points(merchants.Wanted(region), limit=MOST_POINTS)
        return [self._place(near) for near in found]

    async def estimate(self, region: str, thing: ports.OldThing) -> ports.Worth | None:
        """What the recyclers' tables say of an old thing."""
        meant = estimating.OldThing(
            self.library.categories[thing.category],
            Size(thing.size) if thing.size else None,
            thing.age_years,
            thing.works,
        )
        found = (await estimating.estimate(region, [meant], at=self.now()))[0]
        if found.range is None:
            return None
        return ports.Worth(
            found.range.low,
            found.range.high,
            recyclers=tuple(basis.prices.merchant.name for basis in found.basis),
            since=max(basis.prices.valid_from for basis in found.basis).astimezone(clock.SHANGHAI),
        )

    def _place(self, near: merchants.Near) -> ports.Place:
        point = near.point
        return ports.Place(
            point.name,
            point.address,
            point.phone,
            district=point.district,
            hours=hours.written(near.openings) or None,
            open_now=hours.is_open(near.openings, self.now()),
        )

    def _somebody(self) -> Resident:
        if self.resident is None:
            raise NotSignedIn()
        return self.resident

    def _keys(self) -> Keys:
        if self.keys is None:
            raise NotSignedIn()
        return self.keys

    def _item(self, item: ports.Priced) -> Item:
        return Item(self.library.categories[item.category], Fen(item.price_fen))

    async def _room(self, resident: Resident, region: str | None) -> Fen:
        """What is left of the personal cap in the caller's region, or where there is one at all."""
        capped = [pack for pack in self.library.packs.values() if pack.rules.subsidies]
        pack = next((pack for pack in capped if pack.region == region), capped[0])
        rule = pack.rules.subsidy(self.now().date())
        used = await vouchers.used_in(resident, pack.region, at=self.now())
        return Fen(max(0, person_cap(rule) - used)) if rule else Fen(0)

    def _drop_seen(self, drop: Drop, at: datetime) -> ports.DropSeen:
        state, left = drop_rules.as_shown(drop, self.library, at)
        return ports.DropSeen(
            id=str(drop.id),
            opens_at=drop.opens_at.astimezone(clock.SHANGHAI),
            closes_at=drop.closes_at.astimezone(clock.SHANGHAI),
            valid_until=drop.valid_until.astimezone(clock.SHANGHAI),
            quota=drop.quota,
            remaining=left,
            state=state.value,
            draws_at=drop.draws_at.astimezone(clock.SHANGHAI) if drop.draws_at else None,
        )

    def _ticket_seen(self, ticket: Ticket) -> ports.TicketSeen:
        said = ticket_rules.last_word_of_staff(ticket.events)
        return ports.TicketSeen(
            id=str(ticket.id),
            number=ticket.number,
            kind=ticket.kind.value,
            state=ticket.state.value,
            answer=self._keys().unseal(said.text_sealed) if said and said.text_sealed else None,
            answered_at=said.at.astimezone(clock.SHANGHAI) if said else None,
        )

    def _pickup_seen(self, pickup: Pickup) -> ports.PickupSeen:
        street = self._keys().unseal(pickup.street_sealed) if pickup.street_sealed else ""
        return ports.PickupSeen(
            id=str(pickup.id),
            number=pickup.number,
            state=pickup.state.value,
            starts_at=pickup.slot.starts_at.astimezone(clock.SHANGHAI),
            ends_at=pickup.slot.ends_at.astimezone(clock.SHANGHAI),
            categories=tuple(item["category"] for item in pickup.items),
            address=street,
            change_until=pickup_rules.change_until(pickup.slot),
            district=pickup.district,
        )


def _registration_seen(given: Registration) -> ports.RegistrationSeen:
    return ports.RegistrationSeen(
        id=str(given.id),
        opens_at=given.drop.opens_at.astimezone(clock.SHANGHAI),
        draws_at=given.drop.ends_at.astimezone(clock.SHANGHAI),
        won=given.won,
    )


def _voucher_seen(voucher: Voucher, at: datetime) -> ports.VoucherSeen:
    return ports.VoucherSeen(
        id=str(voucher.id),
        code=voucher.code,
        state=voucher.state_at(at).value,
        valid_until=voucher.valid_until.astimezone(clock.SHANGHAI),
        max_fen=voucher.max_fen,
    )


async def _reminder_seen(notice: Notice) -> ports.ReminderSeen:
    return ports.ReminderSeen(
        id=str(notice.id),
        kind=notice.kind,
        at=notice.due_at.astimezone(clock.SHANGHAI),
        about=notice.about,
        delivery=await reminders.delivery(notice),
    )
