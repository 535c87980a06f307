"""What happens at a counter: quotes that lock a voucher, redemptions and what became of each."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id
from miniapi.merchants.models import Merchant
from miniapi.pickup.models import Pickup
from miniapi.programmes.models import Programme
from miniapi.vouchers.models import Voucher


class QuoteState(StrEnum):
    """An open quote locks its voucher until it expires; used and given back ones do not."""

    OPEN = "open"
    USED = "used"
    GIVEN_BACK = "given_back"


class CounterQuote(Model):
    """What one voucher takes off one item, promised to one clerk until `expires_at`."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    voucher: fields.ForeignKeyRelation[Voucher] = fields.ForeignKeyField(
        "miniapi.Voucher", on_delete=fields.RESTRICT, related_name="quotes"
    )
    voucher_id: UUID
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="quotes"
    )
    merchant_id: UUID
    clerk: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="quotes"
    )
    clerk_id: UUID
    category = fields.CharField(max_length=32)
    energy_grade = fields.SmallIntField(null=True)
    price_fen = fields.BigIntField()
    subsidy_fen = fields.BigIntField()
    state = fields.CharEnumField(QuoteState, max_length=12, default=QuoteState.OPEN)
    quoted_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "counter_quote"
        indexes = (("clerk_id", "quoted_at"),)
        constraints = (
            UniqueConstraint(
                fields=("voucher_id",), name="one_open_quote_per_voucher", condition="state = 'open'"
            ),
            CheckConstraint(check="state IN ('open','used','given_back')", name="quote_state_known"),
            CheckConstraint(
                check="subsidy_fen > 0 AND subsidy_fen <= price_fen", name="quote_within_the_price"
            ),
            CheckConstraint(check="energy_grade BETWEEN 1 AND 5", name="quote_grade_known"),
            CheckConstraint(check="expires_at > quoted_at", name="quote_lasts"),
        )


class RedemptionState(StrEnum):
    """The life of a redemption: advanced by the shop, paid to it or refused to it, or the goods came back."""

    REDEEMED = "redeemed"
    SETTLED = "settled"
    REJECTED = "rejected"
    REFUNDED = "refunded"


class Redemption(Model):
    """One item sold with one voucher: `price_fen` is what the shop and the buyer agreed, subsidy included.

    After a refund or a rejection `subsidy_fen` still says what it was; `owed_fen` is what the shop must give
    back because it had been settled, and `recovered_at` when it did. Flags are what the reviewer has to
    answer; while there are any, nothing is paid. Of a rejected one the shop bears the subsidy: the buyer has
    had it, and the voucher is used.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    quote: fields.ForeignKeyRelation[CounterQuote] = fields.ForeignKeyField(
        "miniapi.CounterQuote", on_delete=fields.RESTRICT, related_name="redemptions"
    )
    quote_id: UUID
    voucher: fields.ForeignKeyRelation[Voucher] = fields.ForeignKeyField(
        "miniapi.Voucher", on_delete=fields.RESTRICT, related_name="redemptions"
    )
    voucher_id: UUID
    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "miniapi.Programme", on_delete=fields.RESTRICT, related_name="redemptions"
    )
    programme_id: UUID
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "miniapi.Merchant", on_delete=fields.RESTRICT, related_name="redemptions"
    )
    merchant_id: UUID
    clerk: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="redemptions"
    )
    clerk_id: UUID
    category = fields.CharField(max_length=32)
    energy_grade = fields.SmallIntField(null=True)
    brand = fields.CharField(max_length=50)
    model = fields.CharField(max_length=100)
    serial_number = fields.CharField(max_length=64)
    invoice_number = fields.CharField(max_length=64)
    invoice_fen = fields.BigIntField()
    price_fen = fields.BigIntField()
    subsidy_fen = fields.BigIntField()
    trade_in_declared = fields.BooleanField()
    trade_in_category = fields.CharField(max_length=32, null=True)
    pickup: fields.ForeignKeyNullableRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", null=True, on_delete=fields.RESTRICT, related_name="redemptions"
    )
    pickup_id: UUID | None
    flags: list[str] = fields.JSONField()
    state = fields.CharEnumField(RedemptionState, max_length=12, default=RedemptionState.REDEEMED)
    owed_fen = fields.BigIntField(default=0)
    redeemed_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    rejected_at = fields.DatetimeField(null=True)
    refunded_at = fields.DatetimeField(null=True)
    recovered_at = fields.DatetimeField(null=True)
    events: fields.ReverseRelation["RedemptionEvent"]

    class Meta:
        table = "redemption"
        indexes = (
            ("merchant_id", "redeemed_at"),
            ("voucher_id",),
            ("serial_number",),
            ("invoice_number",),
        )
        constraints = (
            UniqueConstraint(fields=("quote_id",), name="one_redemption_per_quote"),
            UniqueConstraint(
                fields=("voucher_id",), name="one_redemption_per_voucher", condition="state <> 'refunded'"
            ),
            UniqueConstraint(
                fields=("serial_number",), name="one_redemption_per_serial", condition="state <> 'refunded'"
            ),
            UniqueConstraint(
                fields=("invoice_number",), name="one_redemption_per_invoice", condition="state <> 'refunded'"
            ),
            UniqueConstraint(
                fields=("pickup_id",), name="one_redemption_per_pickup", condition="state <> 'refunded'"
            ),
            CheckConstraint(
                check="state IN ('redeemed','settled','rejected','refunded')", name="redemption_state_known"
            ),
            CheckConstraint(
                check="subsidy_fen > 0 AND subsidy_fen <= price_fen", name="subsidy_within_the_price"
            ),
            CheckConstraint(check="invoice_fen >= 0", name="invoice_is_a_sum"),
            CheckConstraint(check="energy_grade BETWEEN 1 AND 5", name="grade_known"),
            CheckConstraint(
                check="(state = 'refunded') = (refunded_at IS NOT NULL)"
                " AND (state <> 'settled' OR settled_at IS NOT NULL)"
                " AND (state <> 'rejected' OR rejected_at IS NOT NULL)"
                " AND (state <> 'redeemed' OR settled_at IS NULL)"
                " AND (state NOT IN ('redeemed','settled') OR rejected_at IS NULL)",
                name="redemption_dated",
            ),
            CheckConstraint(
                check="owed_fen = CASE WHEN state IN ('rejected','refunded') AND settled_at IS NOT NULL"
                " THEN subsidy_fen ELSE 0 END AND (recovered_at IS NULL OR owed_fen > 0)",
                name="owed_after_settlement_only",
            ),
        )

    @property
    def payable_fen(self) -> int:
        """What the buyer pays."""
        return int(self.price_fen - self.subsidy_fen)


class RedemptionAct(StrEnum):
    """What can happen to a redemption."""

    REDEEMED = "redeemed"
    CORRECTED = "corrected"
    EXCHANGED = "exchanged"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SETTLED = "settled"
    REFUNDED = "refunded"
    RECOVERED = "recovered"


class RedemptionEvent(Model):
    """One thing that happened to a redemption, and what the subsidy was after it. Never edited.

    `replaced_serial` is the number of the piece that came back in an exchange.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    redemption: fields.ForeignKeyRelation[Redemption] = fields.ForeignKeyField(
        "miniapi.Redemption", on_delete=fields.RESTRICT, related_name="events"
    )
    what = fields.CharEnumField(RedemptionAct, max_length=12)
    at = fields.DatetimeField()
    subsidy_fen = fields.BigIntField()
    note = fields.CharField(max_length=200)
    replaced_serial = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "redemption_event"
        indexes = (("redemption_id", "at"), ("replaced_serial",))
        constraints = (
            CheckConstraint(
                check="what IN ('redeemed','corrected','exchanged','accepted','rejected',"
                "'settled','refunded','recovered')",
                name="redemption_event_known",
            ),
            CheckConstraint(check="subsidy_fen >= 0", name="redemption_event_is_a_sum"),
            CheckConstraint(
                check="replaced_serial IS NULL OR what = 'exchanged'", name="replaced_in_an_exchange"
            ),
        )
