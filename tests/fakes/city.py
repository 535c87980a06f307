"""A city in memory: Yangling's programme with its drops, slots, shops and points, at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.ports import (
    Caller,
    Declined,
    DropSeen,
    OldThing,
    PickupSeen,
    Place,
    Priced,
    Quoted,
    RegistrationSeen,
    ReminderSeen,
    SlotSeen,
    TicketSeen,
    VoucherSeen,
    Wallet,
    Worth,
)
from faq.packs import Library
from faq.rules import CHINA

QUOTA = 100
MOST_OPEN_TICKETS = 5
POINTS: dict[str, dict[str, Any]] = {
    "东": {},
    "西": {"district": "五泉镇", "hours": "周一至周五 09:00-17:00", "open_now": False},
    "南": {"district": "揉谷镇", "hours": "每天 08:00-20:00", "open_now": True},
}
OLD = 5  # years
WORTH = {"washer": (2_000, 15_050)}  # fen
SLOT_HOURS = ((9, 11), (11, 13), (14, 16), (16, 18))


@dataclass
class FakeCity:
    """Keeps the same promises as the service, without a database."""

    library: Library
    at: datetime
    grants: int = 1  # how many WeChat messages the person has consented to
    region: str = "yangling"
    districts: Sequence[str] = ("杨陵区",)  # where crews come
    taken: set[str] = field(default_factory=set)
    bookings: list[tuple[str | None, PickupSeen]] = field(default_factory=list)
    kept_reminders: list[tuple[str | None, ReminderSeen]] = field(default_factory=list)
    vouchers: list[tuple[str | None, str, VoucherSeen]] = field(default_factory=list)
    opened_tickets: list[tuple[Caller, str, TicketSeen]] = field(default_factory=list)
    clauses: list[str | None] = field(default_factory=list)  # that the tickets name
    draws: dict[date, datetime] = field(default_factory=dict)  # the days whose drop is a lottery
    registered: list[tuple[str | None, RegistrationSeen]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    async def quote(self, caller: Caller, region: str, items: Sequence[Priced]) -> Quoted:
        pack = self.library.pack(region)
        rule = pack.rules.subsidy(self.at.date())
        if rule is None:
            raise Declined("这里的文件没有规定补贴标准。", code="no_subsidy_rule")
        room = rule.person_cap_yuan * 100
        each = []
        for item in items:
            if item.category not in rule.categories:
                raise Declined(
                    "这类商品不在文件列出的补贴范围里。",
                    code="category_not_covered",
                    citations=(pack.citation(rule.cites, self.at),),
                )
            fen = min(item.price_fen * rule.percent // 100, rule.item_cap_yuan * 100, room)
            room -= fen
            each.append(fen)
        steps = (("按成交价的比例计算，不超过上限。", pack.citation(rule.cites, self.at)),)
        return Quoted(tuple(each), sum(each), steps)

    async def drops(self, region: str) -> Sequence[DropSeen]:
        calendar = self.library.pack(region).rules.calendar(self.at.date())
        if calendar is None:
            return []
        opens = calendar.drops()
        closes = [calendar.valid_until(start.date()) for start in opens]
        return [self._drop(start, end) for start, end in zip(opens, closes, strict=True)]

    def _drop(self, opens_at: datetime, closes_at: datetime) -> DropSeen:
        calendar = self.library.pack(self.region).rules.calendar(self.at.date())
        assert calendar is not None
        identity = f"drop-{opens_at:%m%d}"
        given = sum(drop == identity for _, drop, _ in self.vouchers)
        draws_at = self.draws.get(opens_at.date())
        over = self.at >= (draws_at or closes_at)
        state = "planned" if self.at < opens_at else "closed" if over else "open"
        if state == "open" and given >= QUOTA:
            state = "sold_out"
        until = calendar.valid_until(opens_at.date())
        return DropSeen(identity, opens_at, closes_at, until, QUOTA, QUOTA - given, state, draws_at)

    async def claim(self, caller: Caller, drop_id: str) -> VoucherSeen:
        drop = next(one for one in await self.drops(self.region) if one.id == drop_id)
        if any(owner == caller.id and of == drop_id for owner, of, _ in self.vouchers):
            raise Declined("这一场您已经领过了，每场每人一张。", code="already_claimed")
        if drop.remaining <= 0:
            raise Declined("本场的券已领完。", code="drop_sold_out")
        voucher = VoucherSeen(
            f"v{len(self.vouchers) + 1}", f"8801{len(self.vouchers):04d}", "issued", drop.valid_until, 100_000
        )
        self.vouchers.append((caller.id, drop_id, voucher))
        return voucher

    async def register(self, caller: Caller, drop_id: str) -> RegistrationSeen:
        drop = next(one for one in await self.drops(self.region) if one.id == drop_id)
        mine = next((one for who, one in self.registered if who == caller.id and one.id == drop_id), None)
        if mine is None:
            mine = RegistrationSeen(drop_id, drop.opens_at, drop.ends_at)
            self.registered.append((caller.id, mine))
        return mine

    async def registrations(self, caller: Caller) -> Sequence[RegistrationSeen]:
        return [one for who, one in self.registered if who == caller.id]

    async def withdraw(self, caller: Caller, registration_id: str) -> None:
        mine = next(one for one in self.registered if one[0] == caller.id and one[1].id == registration_id)
        if self.at >= mine[1].draws_at:
            raise Declined("本场报名已经截止，参加抽签的名单不能再改。", code="entries_fixed")
        self.registered.remove(mine)

    async def wallet(self, caller: Caller) -> Wallet:
        mine = tuple(voucher for owner, _, voucher in self.vouchers if owner == caller.id)
        return Wallet(mine, 300_000 - sum(voucher.max_fen for voucher in mine))

    async def remind_before(
        self, caller: Caller, kind: str, subject_id: str, minutes_before: int
    ) -> ReminderSeen:
        about, happens_at = await self._occasion(kind, subject_id)
        at = happens_at - timedelta(minutes=minutes_before)
        if at <= self.at:
            raise Declined("提醒的时间已经过了。", code="too_late")
        delivery = "wechat" if self.grants > 0 else "inbox"
        made = ReminderSeen(f"r{len(self.kept_reminders) + 1}", kind, at, about, delivery)
        self.grants -= 1
        self.kept_reminders.append((caller.id, made))
        return made

    async def _occasion(self, kind: str, subject_id: str) -> tuple[str, datetime]:
        if kind == "pickup":
            visit = next(one for _, one in self.bookings if one.id == subject_id)
            return f"预约 {visit.number} 上门回收", visit.starts_at
        if kind == "voucher_expiry":
            voucher = next(one for _, _, one in self.vouchers if one.id == subject_id)
            return f"消费券 {voucher.code} 到期", voucher.valid_until
        drop = next(one for one in await self.drops(self.region) if one.id == subject_id)
        return f"{drop.opens_at.month}月{drop.opens_at.day}日 {drop.opens_at:%H:%M} 开抢", drop.opens_at

    async def reminders(self, caller: Caller) -> Sequence[ReminderSeen]:
        return [one for owner, one in self.kept_reminders if owner == caller.id]

    async def cancel_reminder(self, caller: Caller, reminder_id: str) -> None:
        self.kept_reminders = [one for one in self.kept_reminders if one[1].id != reminder_id]

    async def slots(self, region: str, day: date) -> Sequence[SlotSeen]:
        if region != self.region or not self.at.date() <= day < self.at.date() + timedelta(days=14):
            return []
        found = []
        for start, end in SLOT_HOURS:
            starts_at = datetime.combine(day, time(start), CHINA)
            ends_at = datetime.combine(day, time(end), CHINA)
            for district in self.districts:
                identity = f"{starts_at:%Y%m%d%H}{district}"
                if starts_at > self.at and identity not in self.taken:
                    found.append(SlotSeen(identity, starts_at, ends_at, district, 1))
        return found

    async def book_pickup(
        self, caller: Caller, slot_id: str, categories: Sequence[str], address: str
    ) -> PickupSeen:
        slot = await self._take(slot_id)
        number = f"HS{len(self.bookings) + 1:04d}"
        booked = PickupSeen(
            f"p{len(self.bookings) + 1}",
            number,
            "booked",
            slot.starts_at,
            slot.ends_at,
            tuple(categories),
            address,
            slot.starts_at - timedelta(hours=2),
            slot.district,
        )
        self.bookings.append((caller.id, booked))
        return booked

    async def _take(self, slot_id: str) -> SlotSeen:
        day = datetime.strptime(slot_id[:10], "%Y%m%d%H").replace(tzinfo=CHINA).date()
        slot = next((one for one in await self.slots(self.region, day) if one.id == slot_id), None)
        if slot is None:
            raise Declined("这个时间刚刚被约走了。", code="slot_full")
        self.taken.add(slot_id)
        return slot

    async def pickups(self, caller: Caller) -> Sequence[PickupSeen]:
        return [one for owner, one in self.bookings if owner == caller.id]

    async def cancel_pickup(self, caller: Caller, pickup_id: str) -> PickupSeen:
        return self._change(pickup_id, state="cancelled")

    async def reschedule_pickup(self, caller: Caller, pickup_id: str, slot_id: str) -> PickupSeen:
        slot = await self._take(slot_id)
        return self._change(pickup_id, starts_at=slot.starts_at, ends_at=slot.ends_at)

    def _change(self, pickup_id: str, **changes: object) -> PickupSeen:
        for position, (owner, one) in enumerate(self.bookings):
            if one.id == pickup_id:
                self.taken.discard(f"{one.starts_at:%Y%m%d%H}{one.district}")
                self.bookings[position] = (owner, replace(one, **changes))  # type: ignore[arg-type]
                return self.bookings[position][1]
        raise Declined("没有找到这个预约。", code="no_such_pickup")

    async def open_ticket(
        self, caller: Caller, kind: str, text: str, clause: str | None = None
    ) -> TicketSeen:
        if sum(owner.id == caller.id for owner, _, _ in self.opened_tickets) >= MOST_OPEN_TICKETS:
            raise Declined("您还有几件工单在等答复。", code="too_many_open_tickets")
        nth = len(self.opened_tickets) + 1
        opened = TicketSeen(f"t{nth}", f"{nth:010d}", kind, "open")
        self.opened_tickets.append((caller, text, opened))
        self.clauses.append(clause)
        return opened

    async def tickets(self, caller: Caller) -> Sequence[TicketSeen]:
        return [one for owner, _, one in reversed(self.opened_tickets) if owner.id == caller.id]

    def answer_ticket(self, nth: int, answer: str) -> None:
        """What the staff do meanwhile."""
        owner, text, one = self.opened_tickets[nth]
        answered = replace(one, state="answered", answer=answer, answered_at=self.at)
        self.opened_tickets[nth] = (owner, text, answered)

    async def shops(self, region: str) -> Sequence[Place]:
        if region != self.region:
            return []
        return [
            Place(f"示例家电{name}店", f"杨陵区示例路{number}号")
            for number, name in enumerate("甲乙丙丁戊", 1)
        ]

    async def estimate(self, region: str, thing: OldThing) -> Worth | None:
        if region != self.region or thing.category not in WORTH:
            return None
        low, high = WORTH[thing.category]
        best = thing.works and thing.size == "large" and (thing.age_years or OLD) < OLD
        since = datetime(2024, 8, 20, tzinfo=CHINA)
        return Worth(high // 2 if best else low, high, ("示例回收站甲", "示例回收站乙"), since)

    async def points(self, region: str) -> Sequence[Place]:
        if region != self.region:
            return []
        return [
            Place(f"示例社区{name}回收点", f"杨陵区示例街{number}号", "029-00000000", **more)
            for number, (name, more) in enumerate(POINTS.items(), 1)
        ]
