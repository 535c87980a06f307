"""Drops: the times at which a number of vouchers can be claimed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Person, Resident
from miniapi.ids import new_id
from miniapi.programmes.models import Programme


class DropState(StrEnum):
    """How a drop stands at a time."""

    PLANNED = "planned"
    OPEN = "open"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"
    FROZEN = "frozen"


class DropMode(StrEnum):
    """How a drop's vouchers find their owners: whoever comes first, or a draw among who registered."""

    FIRST_COME = "first_come"
    LOTTERY = "lottery"


class Drop(Model):
    """One drop. Every voucher of it is valid until `valid_until`, whenever it was claimed.

    A lottery takes registrations until `draws_at`. Its seed (64 hex digits) is sealed and its SHA-256
    published when it is planned. Before the draw `entries_digest` fixes who takes part; with the draw the
    seed is published too, and anyone can draw again.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "miniapi.Programme", on_delete=fields.RESTRICT, related_name="drops"
    )
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    quota = fields.IntField()
    issued = fields.IntField(default=0)
    mode = fields.CharEnumField(DropMode, max_length=12, default=DropMode.FIRST_COME)
    draws_at = fields.DatetimeField(null=True)
    seed_commitment = fields.CharField(max_length=64, null=True)
    seed_sealed = fields.TextField(null=True)
    entries_digest = fields.CharField(max_length=64, null=True)
    seed = fields.CharField(max_length=64, null=True)
    drawn_at = fields.DatetimeField(null=True)
    frozen_because = fields.CharField(max_length=200, null=True)
    announced_at = fields.DatetimeField(null=True)
    # read by `queries.as_they_stand`: who takes part in the region, and what the programme may still promise
    sellers: int
    recyclers: int
    pool: int  # fen

    class Meta:
        table = "drop"
        constraints = (
            UniqueConstraint(fields=("programme_id", "opens_at"), name="one_drop_per_time"),
            CheckConstraint(check="quota > 0", name="drop_has_a_quota"),
            CheckConstraint(check="issued BETWEEN 0 AND quota", name="never_more_than_the_quota"),
            CheckConstraint(check="opens_at < closes_at", name="drop_lasts"),
            CheckConstraint(check="valid_until > opens_at", name="voucher_has_a_validity"),
            CheckConstraint(check="mode IN ('first_come','lottery')", name="drop_mode_known"),
            CheckConstraint(
                check="(mode = 'lottery') = (draws_at IS NOT NULL AND seed_commitment IS NOT NULL"
                " AND seed_sealed IS NOT NULL)",
                name="a_lottery_commits_to_its_seed",
            ),
            CheckConstraint(
                check="draws_at > opens_at AND draws_at < closes_at", name="drawn_while_it_lasts"
            ),
            CheckConstraint(
                check="(seed IS NULL) = (drawn_at IS NULL) AND (seed IS NULL OR entries_digest IS NOT NULL)"
                " AND (entries_digest IS NULL OR mode = 'lottery')",
                name="the_seed_is_told_with_the_draw",
            ),
            CheckConstraint(
                check="seed_commitment ~ '^[0-9a-f]{64}$' AND (seed IS NULL OR seed ~ '^[0-9a-f]{64}$')"
                " AND (entries_digest IS NULL OR entries_digest ~ '^[0-9a-f]{64}$')",
                name="seed_is_hex",
            ),
        )

    @property
    def remaining(self) -> int:
        """How many vouchers are left."""
        return self.quota - self.issued

    @property
    def ends_at(self) -> datetime:
        """When nobody can take part any more: at a lottery's draw, else when the drop closes."""
        return self.draws_at or self.closes_at

    def state(self, at: datetime) -> DropState:
        """How the drop stands: a question to the clock, never to a job."""
        if at >= self.ends_at:
            return DropState.CLOSED
        if self.frozen_because is not None:
            return DropState.FROZEN
        if at < self.opens_at:
            return DropState.PLANNED
        return DropState.OPEN if self.remaining else DropState.SOLD_OUT


class Registration(Model):
    """Somebody who takes part in the draw of a drop; `place` is where the draw put them, from one.

    Of somebody who left after the entries were fixed the person is forgotten, unless they won.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    drop: fields.ForeignKeyRelation[Drop] = fields.ForeignKeyField(
        "miniapi.Drop", on_delete=fields.RESTRICT, related_name="registrations"
    )
    drop_id: UUID
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="registrations"
    )
    resident_id: UUID
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "miniapi.Person", null=True, on_delete=fields.RESTRICT, related_name="registrations"
    )
    person_id: UUID | None
    registered_at = fields.DatetimeField()
    place = fields.IntField(null=True)
    won = fields.BooleanField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "registration"
        indexes = (("resident_id", "registered_at"),)
        constraints = (
            UniqueConstraint(fields=("drop_id", "person_id"), name="one_registration_per_person"),
            UniqueConstraint(fields=("drop_id", "place"), name="one_registration_per_place"),
            CheckConstraint(check="place > 0", name="place_counts_from_one"),
            CheckConstraint(
                check="(won IS NULL) = (place IS NULL) AND (place IS NULL OR withdrawn_at IS NULL)"
                " AND (won IS NOT TRUE OR person_id IS NOT NULL)",
                name="won_with_a_place",
            ),
        )
