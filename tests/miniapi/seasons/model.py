"""A season by the document, in plain Python: what each step does, or the code with which it is refused.

Nothing here comes from the service: the figures stand in the notice, the arithmetic is its own.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
OPENS = datetime(2024, 8, 16, 10, tzinfo=CHINA)
CLOSES = datetime(2024, 10, 16, tzinfo=CHINA)
DROP_DAYS = ((8, 16), (9, 1), (9, 16), (10, 1))
DAYS_VALID = 7
PERCENT, ITEM_CAP, PERSON_CAP = 10, 1_000_00, 3_000_00
GRADES = {1, 2}
WITHOUT_GRADE = {"sofa", "bed"}
SUBSIDISED = {"tv", "fridge", "washer", "ac", "computer", "water_heater", "range_hood", "gas_stove"}
SUBSIDISED |= WITHOUT_GRADE
CODE_LASTS, QUOTE_LASTS = timedelta(minutes=1), timedelta(minutes=10)
SECOND = timedelta(seconds=1)
SOURCES = ("fund", "province", "zone", "district")
ACCOUNTS = (*SOURCES, "pool", "reserved", "payable", "paid", "clawback")


class Refused(Exception):
    """A step is refused, with this code."""


def refuse(code, because):
    """Refuse a step where there is a reason to."""
    if because:
        raise Refused(code)


@dataclass(eq=False)
class Drop:
    opens: datetime
    quota: int
    issued: int = 0
    frozen: bool = False

    @property
    def lapses(self):
        """The day of the drop is not counted, and no voucher outlives the programme."""
        day = self.opens.replace(hour=0) + timedelta(days=DAYS_VALID + 1)
        return min(day, CLOSES)

    @property
    def closes(self):
        """Claims end with the last second's beginning, as the drop's `closes_at` says."""
        return self.lapses - SECOND


@dataclass(eq=False)
class Voucher:
    drop: Drop
    owner: int
    account: int  # which of the owner's accounts it belongs to
    worth: int
    reserve: int
    kept: int = 0
    state: str = "issued"


@dataclass(eq=False)
class Code:
    voucher: Voucher
    dies: datetime
    used: bool = False


@dataclass(eq=False)
class Quote:
    voucher: Voucher
    clerk: int
    price: int
    subsidy: int
    dies: datetime
    state: str = "open"


@dataclass(frozen=True)
class Terms:
    """What a programme may ask for beyond the notice, by its parameters."""

    refund_days: int | None = None
    used_up: bool = False  # a voucher that was used does not return
    refuse_mismatch: bool = False  # an invoice over another sum is no sale


@dataclass(eq=False)
class Sale:
    voucher: Voucher
    shop: int
    sold: datetime
    price: int
    subsidy: int
    serial: int
    flags: set[str]
    state: str = "redeemed"
    owed: int = 0
    recovered: bool = False


@dataclass
class City:
    """Everything there is, and the time."""

    fund: int
    quota: int
    shop_of: list[int]  # of each clerk
    terms: Terms = Terms()
    now: datetime = OPENS - timedelta(minutes=1)
    money: dict[str, int] = field(init=False)
    drops: list[Drop] = field(init=False)
    claims_frozen: bool = False
    redemptions_frozen: bool = False
    province: int | None = None  # its grant, where it is known
    accounts: Counter = field(default_factory=Counter)  # how many each person has given up
    vouchers: list[Voucher] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    replaced: set[int] = field(default_factory=set)  # numbers of pieces that came back in an exchange

    def __post_init__(self):
        self.drops = [Drop(datetime(2024, *day, 10, tzinfo=CHINA), self.quota) for day in DROP_DAYS]
        self.money = dict.fromkeys(ACCOUNTS, 0) | {"fund": self.fund, "pool": self.fund}

    # at a drop

    def claim(self, person, drop):
        refuse("drop_not_open", self.claims_frozen or drop.frozen)
        refuse("drop_not_open", not drop.opens <= self.now < drop.closes)
        refuse("already_claimed", any(v.owner == person and v.drop is drop for v in self.vouchers))
        if self.used_by(person) >= PERSON_CAP:
            self.expire()
        refuse("personal_limit_reached", self.used_by(person) >= PERSON_CAP)
        refuse("drop_sold_out", drop.issued >= drop.quota)
        if self._most_for(person) > self.money["pool"]:
            self.expire()
        worth = self._most_for(person)
        refuse("drop_sold_out", worth > self.money["pool"])
        drop.issued += 1
        self._move(worth, "pool", "reserved")
        self.vouchers.append(Voucher(drop, person, self.accounts[person], worth, worth))
        return self.vouchers[-1]

    def used_by(self, person):
        """What somebody keeps or has set aside, by whichever account; also what lapsed, until seen."""
        return sum(v.kept + v.reserve for v in self.vouchers if v.owner == person)

    def _most_for(self, person):
        return min(ITEM_CAP, PERSON_CAP - self.used_by(person))

    # in the wallet

    def lapsed(self, voucher):
        return voucher.state == "issued" and self.now >= voucher.drop.lapses

    @property
    def usable(self):
        """Vouchers that can be used now."""
        return [v for v in self.vouchers if v.state == "issued" and not self.lapsed(v)]

    @property
    def lapsed_ones(self):
        """Vouchers whose time is over, and that hold their reserve until somebody sees it."""
        return [v for v in self.vouchers if self.lapsed(v)]

    def expire(self):
        """What has lapsed goes back to the pool; how many it were."""
        lapsed = self.lapsed_ones
        for voucher in lapsed:
            self._end(voucher, "expired")
        return len(lapsed)

    def void(self, voucher):
        refuse("voucher_ended", voucher.state != "issued" or self.lapsed(voucher))
        self._end(voucher, "void")

    def leave(self, person):
        for voucher in self.vouchers:
            if voucher.owner == person and voucher.state == "issued":
                self._end(voucher, "expired" if self.lapsed(voucher) else "void")
        self.accounts[person] += 1

    def move_identity(self, person):
        """All that is in the account goes to another one; what was left behind before stays there."""
        for voucher in self.vouchers:
            if voucher.owner == person and not self._owner_left(voucher):
                voucher.account += 1
        self.accounts[person] += 1

    def present(self, voucher):
        refuse("not_signed_in", self._owner_left(voucher))
        refuse("voucher_expired", self.lapsed(voucher) or voucher.state == "expired")
        refuse("voucher_not_usable", voucher.state != "issued")
        for code in self.codes:  # only the newest one works
            if code.voucher is voucher and not code.used:
                code.dies = min(code.dies, self.now)
        self.codes.append(Code(voucher, self.now + CODE_LASTS))
        return self.codes[-1]

    # at a counter

    def quote(self, code, clerk, category, price, grade):
        voucher = code.voucher
        refuse("voucher_not_usable", self._owner_left(voucher))
        refuse("presentation_used", code.used)
        refuse("voucher_expired", self.lapsed(voucher) or voucher.state == "expired")
        refuse("presentation_expired", self.now >= code.dies)
        refuse("voucher_not_usable", voucher.state != "issued")
        refuse("redemptions_frozen", self.redemptions_frozen)
        refuse("redemption_closed", not OPENS <= self.now < CLOSES)
        graded = category in SUBSIDISED - WITHOUT_GRADE
        refuse("energy_grade_required", graded and grade is None)
        room = PERSON_CAP - sum(v.kept for v in self.vouchers if v.owner == voucher.owner)
        subsidy = min(price * PERCENT // 100, ITEM_CAP, room, voucher.worth)
        refuse("not_subsidised", category not in SUBSIDISED or (graded and grade not in GRADES))
        refuse("not_subsidised", subsidy == 0)
        promised = self._open_quote(voucher)
        refuse("voucher_locked", promised and promised.clerk != clerk and self.now < promised.dies)
        if promised:
            promised.state = "given_back"
        code.used = True
        dies = min(self.now + QUOTE_LASTS, voucher.drop.lapses)
        self.quotes.append(Quote(voucher, clerk, price, subsidy, dies))
        return self.quotes[-1]

    def give_back(self, quote, clerk):
        refuse("not_found", quote.clerk != clerk)
        refuse("quote_used", quote.state == "used")
        quote.state = "given_back"

    def redeem(self, quote, clerk, serial, paid, *, declared):
        voucher = quote.voucher
        refuse("not_found", quote.clerk != clerk)
        refuse("voucher_not_usable", self._owner_left(voucher))
        refuse("quote_used", quote.state == "used")
        refuse("voucher_not_usable", voucher.state == "void")
        refuse("quote_expired", quote.state != "open" or self.now >= quote.dies)
        refuse("redemptions_frozen", self.redemptions_frozen)
        refuse("trade_in_required", not declared)
        refuse("invoice_mismatch", self.terms.refuse_mismatch and paid != quote.price)
        seen = [sale for sale in self.sales if sale.serial == serial]
        refuse("serial_taken", any(sale.state != "refunded" for sale in seen))
        quote.state, voucher.state = "used", "redeemed"
        self._move(quote.subsidy, "reserved", "payable")
        self._move(voucher.reserve - quote.subsidy, "reserved", "pool")
        voucher.kept, voucher.reserve = quote.subsidy, 0
        flags = {"invoice": paid != quote.price, "seen": bool(seen) or serial in self.replaced}
        shop = self.shop_of[clerk]
        raised = {flag for flag, there in flags.items() if there}
        self.sales.append(Sale(voucher, shop, self.now, quote.price, quote.subsidy, serial, raised))
        return self.sales[-1]

    def correct(self, sale, clerk, price, paid):
        refuse("not_found", sale.shop != self.shop_of[clerk])
        refuse("already_refunded", sale.state == "refunded")
        refuse("already_rejected", sale.state == "rejected")
        refuse("already_settled", sale.state == "settled")
        refuse("price_only_down", price >= sale.price)
        refuse("invoice_mismatch", self.terms.refuse_mismatch and paid != price)
        subsidy = min(price * PERCENT // 100, sale.subsidy)
        refuse("price_too_low", subsidy == 0)
        self._move(sale.subsidy - subsidy, "payable", "pool")
        sale.price, sale.subsidy, sale.voucher.kept = price, subsidy, subsidy
        sale.flags |= {"invoice"} if paid != price else set()

    def exchange(self, sale, clerk, serial):
        refuse("not_found", sale.shop != self.shop_of[clerk])
        refuse("already_refunded", sale.state == "refunded")
        refuse("already_rejected", sale.state == "rejected")
        seen = [other for other in self.sales if other.serial == serial]
        refuse("serial_taken", any(other.state != "refunded" for other in seen))
        sale.flags |= {"seen"} if seen or serial in self.replaced else set()
        self.replaced.add(sale.serial)
        sale.serial = serial

    def refund(self, sale, clerk):
        refuse("not_found", sale.shop != self.shop_of[clerk])
        self.expire()  # what has lapsed takes up nobody's room
        refuse("already_refunded", sale.state == "refunded")
        refuse("refund_too_late", self._too_late(sale))
        self._take_back(sale)
        sale.state, sale.voucher.kept = "refunded", 0
        self._return(sale.voucher)

    def _too_late(self, sale):
        """The day of the sale is not counted."""
        if self.terms.refund_days is None:
            return False
        return self.now >= sale.sold.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
            days=self.terms.refund_days + 1
        )

    def _take_back(self, sale):
        """The shop does not get the subsidy, or owes it; of what was rejected it was taken back before."""
        if sale.state == "settled":
            sale.owed = sale.subsidy
            self._move(sale.subsidy, "paid", "clawback")
        elif sale.state == "redeemed":
            self._move(sale.subsidy, "payable", "pool")

    def _return(self, voucher):
        """A voucher whose goods came back is good again while its face lasts, for what there is."""
        worth = min(voucher.worth, self._most_for(voucher.owner), self.money["pool"])
        if self.now >= voucher.drop.lapses:
            voucher.state = "expired"
        elif self._owner_left(voucher) or self.terms.used_up or worth == 0:
            voucher.state = "void"
        else:
            voucher.state, voucher.worth, voucher.reserve = "issued", worth, worth
            self._move(worth, "pool", "reserved")

    # at the bureau

    def review(self, sale, accepted):
        """What is accepted has no flag any more; for what is rejected the shop gets nothing."""
        refuse("already_refunded", sale.state == "refunded")
        refuse("already_rejected", sale.state == "rejected")
        refuse("nothing_to_review", accepted and not sale.flags)
        if accepted:
            sale.flags = set()
        else:
            self._take_back(sale)
            sale.state = "rejected"

    def settle(self, shop, wanted=None):
        """Pay a shop these sales, or all of them; those it is paid for."""
        refuse("not_found", any(sale.shop != shop for sale in wanted or ()))
        sales = self.sales if wanted is None else wanted
        paid = [s for s in sales if s.shop == shop and s.state == "redeemed" and not s.flags]
        refuse("nothing_to_settle", not paid)
        for sale in paid:
            sale.state = "settled"
            self._move(sale.subsidy, "payable", "paid")
        return paid

    def recover(self, sale):
        refuse("nothing_owed", not sale.owed)
        refuse("already_recovered", sale.recovered)
        sale.recovered = True
        self._move(sale.owed, "clawback", "pool")

    def change_quota(self, drop, quota):
        refuse("drop_over", self.now >= drop.closes)
        refuse("quota_below_issued", quota < drop.issued)
        refuse("quota_over_room", quota - drop.issued > self.money["pool"] // ITEM_CAP)
        drop.quota = quota

    def freeze_drop(self, drop, frozen):
        refuse("drop_over", self.now >= drop.closes)
        drop.frozen = frozen

    def grant(self, province):
        """The province gives this much of the fund; of the rest an odd fen is the zone's."""
        refuse("grant_over_fund", province > self.fund)
        self.province = province
        self._attribute(sum(self.money[name] for name in SOURCES))

    def return_unspent(self):
        """Each source gets back its share of what is left in the pool when all is over."""
        refuse("programme_not_over", self.now < CLOSES)
        self.expire()
        refuse("nothing_unspent", self.money["pool"] == 0)
        kept = sum(self.money[name] for name in SOURCES) - self.money["pool"]
        self.money["pool"] = 0
        self._attribute(kept)

    def _attribute(self, kept):
        if self.province is None:
            self.money["fund"] = kept
            return
        province = kept * self.province // self.fund
        rest = kept - province
        self.money |= {"fund": 0, "province": province, "zone": rest - rest // 2, "district": rest // 2}

    # inside

    def _owner_left(self, voucher):
        return voucher.account != self.accounts[voucher.owner]

    def _open_quote(self, voucher):
        return next((q for q in self.quotes if q.voucher is voucher and q.state == "open"), None)

    def _end(self, voucher, state):
        self._move(voucher.reserve, "reserved", "pool")
        voucher.state, voucher.reserve = state, 0
        if promised := self._open_quote(voucher):
            promised.state = "given_back"

    def _move(self, amount, source, target):
        self.money[source] -= amount
        self.money[target] += amount
