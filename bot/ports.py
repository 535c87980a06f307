"""What a conversation needs from the city, said in people's terms and provided by the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from faq.packs import Citation


class Declined(Exception):
    """The city says no, in a sentence that can be shown to the person."""

    def __init__(
        self, sentence: str, *, code: str = "declined", citations: tuple[Citation, ...] = ()
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.citations = citations


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is talking; without an id the person has not signed in."""

    id: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """One item that somebody wants to buy, at its deal price."""

    category: str
    price_fen: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """What each item would get, and the rules that led there."""

    subsidies_fen: tuple[int, ...]
    total_fen: int
    steps: tuple[tuple[str, Citation], ...]


@dataclass(frozen=True, slots=True)
class DropSeen:
    """A release of vouchers; state is planned, open, sold_out, closed or frozen.

    With `draws_at` it is a lottery: people register until then, and a draw decides.
    """

    id: str
    opens_at: datetime
    closes_at: datetime
    valid_until: datetime
    quota: int
    remaining: int
    state: str
    draws_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When nobody can take part any more."""
        return self.draws_at or self.closes_at


@dataclass(frozen=True, slots=True)
class RegistrationSeen:
    """That somebody takes part in the draw of a drop; `won` is None until it is drawn."""

    id: str
    opens_at: datetime
    draws_at: datetime
    won: bool | None = None


@dataclass(frozen=True, slots=True)
class VoucherSeen:
    """A voucher as its owner sees it; state is issued, redeemed, expired or void."""

    id: str
    code: str
    state: str
    valid_until: datetime
    max_fen: int


@dataclass(frozen=True, slots=True)
class Wallet:
    """Somebody's vouchers, and how much subsidy the personal cap still leaves."""

    vouchers: tuple[VoucherSeen, ...]
    room_fen: int


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """A time at which a crew can come."""

    id: str
    starts_at: datetime
    ends_at: datetime
    district: str
    left: int


@dataclass(frozen=True, slots=True)
class PickupSeen:
    """A booked pickup; state is booked, assigned, on_the_way, arrived, cancelled or further on."""

    id: str
    number: str
    state: str
    starts_at: datetime
    ends_at: datetime
    categories: tuple[str, ...]
    address: str
    change_until: datetime
    district: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderSeen:
    """A promised reminder; delivery is wechat or inbox."""

    id: str
    kind: str
    at: datetime
    about: str
    delivery: str


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """Something brought to the staff, and what they said last.

    Kind is complaint, help, policy or identity, state open, answered or closed.
    """

    id: str
    number: str
    kind: str
    state: str
    answer: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A shop or a collection point."""

    name: str
    address: str
    phone: str | None = None
    district: str | None = None
    hours: str | None = None  # 周一至周五 09:00-17:00
    open_now: bool | None = None  # None where nobody has told the hours


@dataclass(frozen=True, slots=True)
class OldThing:
    """Something to be rid of; size is small, medium or large, and what was not said is None."""

    category: str
    size: str | None = None
    age_years: int | None = None
    works: bool | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """From what to what recyclers pay by their tables, who they are, and since when the newest one holds."""

    low_fen: int
    high_fen: int
    recyclers: tuple[str, ...]
    since: datetime


class City(Protocol):
    """Everything a conversation can ask of the city; a refusal is `Declined`."""

    def now(self) -> datetime: ...

    async def quote(self, caller: Caller, region: str, items: Sequence[Priced]) -> Quoted: ...

    async def drops(self, region: str) -> Sequence[DropSeen]: ...

    async def claim(self, caller: Caller, drop_id: str) -> VoucherSeen: ...

    async def register(self, caller: Caller, drop_id: str) -> RegistrationSeen: ...

    async def registrations(self, caller: Caller) -> Sequence[RegistrationSeen]: ...

    async def withdraw(self, caller: Caller, registration_id: str) -> None: ...

    async def wallet(self, caller: Caller) -> Wallet: ...

    async def remind_before(
        self, caller: Caller, kind: str, subject_id: str, minutes_before: int
    ) -> ReminderSeen:
        """Kind is drop, pickup or voucher_expiry, the subject a drop, a pickup or a voucher."""
        ...

    async def reminders(self, caller: Caller) -> Sequence[ReminderSeen]: ...

    async def cancel_reminder(self, caller: Caller, reminder_id: str) -> None: ...

    async def slots(self, region: str, day: date) -> Sequence[SlotSeen]: ...

    async def book_pickup(
        self, caller: Caller, slot_id: str, categories: Sequence[str], address: str
    ) -> PickupSeen: ...

    async def pickups(self, caller: Caller) -> Sequence[PickupSeen]: ...

    async def cancel_pickup(self, caller: Caller, pickup_id: str) -> PickupSeen: ...

    async def reschedule_pickup(self, caller: Caller, pickup_id: str, slot_id: str) -> PickupSeen: ...

    async def open_ticket(
        self, caller: Caller, kind: str, text: str, clause: str | None = None
    ) -> TicketSeen: ...

    async def tickets(self, caller: Caller) -> Sequence[TicketSeen]: ...

    async def shops(self, region: str) -> Sequence[Place]: ...

    async def points(self, region: str) -> Sequence[Place]: ...

    async def estimate(self, region: str, thing: OldThing) -> Worth | None:
        """None where no recycler of the region has published a price for it."""
        ...
