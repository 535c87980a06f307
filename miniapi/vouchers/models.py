"""Vouchers and what happened to each."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Person, Resident
from miniapi.drops.models import Drop
from miniapi.ids import new_id


class VoucherState(StrEnum):
    """The life of a voucher."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOID = "void"


class Voucher(Model):
    """A promise of up to `max_fen` off one item. While it is issued its reserve is set aside."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code = fields.CharField(max_length=16)
    drop: fields.ForeignKeyRelation[Drop] = fields.ForeignKeyField(
        "miniapi.Drop", on_delete=fields.RESTRICT, related_name="vouchers"
    )
    drop_id: UUID
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="vouchers"
    )
    resident_id: UUID
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "miniapi.Person", on_delete=fields.RESTRICT, related_name="vouchers"
    )
    person_id: UUID
    region = fields.CharField(max_length=32)
    rank = fields.IntField()
    state = fields.CharEnumField(VoucherState, max_length=12, default=VoucherState.ISSUED)
    max_fen = fields.BigIntField()
    reserved_fen = fields.BigIntField()
    subsidy_fen = fields.BigIntField(default=0)
    issued_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    events: fields.ReverseRelation["VoucherEvent"]

    class Meta:
        table = "voucher"
        indexes = (("resident_id", "issued_at"), ("person_id", "state"), ("state", "valid_until"))
        constraints = (
            UniqueConstraint(fields=("code",), name="one_voucher_per_code"),
            UniqueConstraint(fields=("drop_id", "person_id"), name="one_voucher_per_person"),
            UniqueConstraint(fields=("drop_id", "rank"), name="one_voucher_per_rank"),
            CheckConstraint(
                check="state IN ('issued','redeemed','expired','void')", name="voucher_state_known"
            ),
            CheckConstraint(check="max_fen > 0", name="voucher_is_worth_something"),
            CheckConstraint(check="rank > 0", name="rank_counts_from_one"),
            CheckConstraint(
                check="(state = 'issued') = (reserved_fen > 0) AND reserved_fen BETWEEN 0 AND max_fen",
                name="issued_holds_its_reserve",
            ),
            CheckConstraint(
                check="subsidy_fen BETWEEN 0 AND max_fen AND (state = 'redeemed') = (subsidy_fen > 0)",
                name="redeemed_within_its_worth",
            ),
            CheckConstraint(check="valid_until > issued_at", name="voucher_lasts"),
        )

    def is_valid(self, at: datetime) -> bool:
        """Whether it can still be used. `valid_until` is its last second (the last day's 24:00)."""
        return self.valid_until > self.lapsed_before(at)

    @property
    def lapses_at(self) -> datetime:
        """The first moment at which it cannot be used any more: `valid_until` is a whole second."""
        return self.valid_until + timedelta(seconds=1)

    @staticmethod
    def lapsed_before(at: datetime) -> datetime:
        """Vouchers whose `valid_until` is not after this have lapsed at `at`."""
        return at - timedelta(seconds=1)

    def state_at(self, at: datetime) -> VoucherState:
        """Its state as a person must see it: expiry does not wait for a job."""
        lapsed = self.state is VoucherState.ISSUED and not self.is_valid(at)
        return VoucherState.EXPIRED if lapsed else self.state


class VoucherEvent(Model):
    """One thing that happened to a voucher. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    voucher: fields.ForeignKeyRelation[Voucher] = fields.ForeignKeyField(
        "miniapi.Voucher", on_delete=fields.RESTRICT, related_name="events"
    )
    state = fields.CharEnumField(VoucherState, max_length=12)
    at = fields.DatetimeField()
    note = fields.CharField(max_length=200)

    class Meta:
        table = "voucher_event"
        indexes = (("voucher_id", "at"),)
        constraints = (
            CheckConstraint(
                check="state IN ('issued','redeemed','expired','void')", name="voucher_event_state_known"
            ),
        )


class Presentation(Model):
    """A voucher held out at a counter: a code of eight digits, dead after a minute and after one use."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    voucher: fields.ForeignKeyRelation[Voucher] = fields.ForeignKeyField(
        "miniapi.Voucher", on_delete=fields.RESTRICT, related_name="presentations"
    )
    voucher_id: UUID
    code = fields.CharField(max_length=8)
    presented_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "presentation"
        indexes = (("voucher_id",), ("expires_at",))
        constraints = (
            UniqueConstraint(fields=("code",), name="one_presentation_per_code"),
            CheckConstraint(check="code ~ '^[0-9]{8}$'", name="presentation_code_is_eight_digits"),
            # not `>`: one that a newer one replaced in the same moment lasted no time at all
            CheckConstraint(check="expires_at >= presented_at", name="presentation_ends_after_it_began"),
        )
