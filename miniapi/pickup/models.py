"""When which crew comes where, the places that makes, and the bookings in them with what became of each."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id
from miniapi.merchants.models import Crew
from miniapi.staff.models import Staff


class PickupState(StrEnum):
    """The life of a booking. Which move leads from where to where stands in `moves.py`."""

    BOOKED = "booked"
    ASSIGNED = "assigned"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    COLLECTED = "collected"
    RECEIVED = "received"
    DISMANTLED = "dismantled"
    CANCELLED = "cancelled"
    MISSED_BY_RESIDENT = "missed_by_resident"
    MISSED_BY_CREW = "missed_by_crew"
    DISPUTED = "disputed"


class OfferState(StrEnum):
    """A price that a crew names at the door, until its resident answers or the crew names another."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Proof(StrEnum):
    """How a resident showed that a crew was there and took the old things along."""

    CODE = "code"
    SIGNATURE = "signature"


class CrewHours(Model):
    """When a crew serves a district every week: hours of a weekday (0 is Monday), places in each slot."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    crew: fields.ForeignKeyRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", on_delete=fields.RESTRICT, related_name="hours"
    )
    district = fields.CharField(max_length=50)
    weekday = fields.SmallIntField()
    begins = fields.SmallIntField()
    ends = fields.SmallIntField()
    capacity = fields.IntField()

    class Meta:
        table = "crew_hours"
        constraints = (
            UniqueConstraint(fields=("crew_id", "district", "weekday", "begins"), name="one_beginning_a_day"),
            CheckConstraint(check="weekday BETWEEN 0 AND 6", name="hours_on_a_weekday"),
            CheckConstraint(check="0 <= begins AND begins < ends AND ends <= 24", name="hours_within_a_day"),
            CheckConstraint(check="capacity > 0", name="hours_have_places"),
        )


class Closure(Model):
    """Nobody comes from `starts_at` until `ends_at`: in a region or one district, no crew or not this one."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    district = fields.CharField(max_length=50, null=True)
    crew: fields.ForeignKeyNullableRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", null=True, on_delete=fields.RESTRICT, related_name="closures"
    )
    crew_id: UUID | None
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    reason = fields.CharField(max_length=200)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "miniapi.Staff", on_delete=fields.RESTRICT, related_name="closures"
    )
    closed_at = fields.DatetimeField()
    moved = fields.IntField(default=0)
    cancelled = fields.IntField(default=0)
    lifted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "closure"
        indexes = (("region", "ends_at"),)
        constraints = (
            CheckConstraint(check="starts_at < ends_at", name="closure_lasts"),
            CheckConstraint(check="moved >= 0 AND cancelled >= 0", name="closure_counts"),
        )


class Slot(Model):
    """A time in a district with the places of all its shifts; `taken` counts bookings and holds in it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    district = fields.CharField(max_length=50)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    shifts: fields.ReverseRelation["Shift"]

    class Meta:
        table = "slot"
        constraints = (
            UniqueConstraint(fields=("region", "district", "starts_at"), name="one_slot_per_time"),
            CheckConstraint(check="starts_at < ends_at", name="slot_lasts"),
            CheckConstraint(check="taken BETWEEN 0 AND capacity", name="never_double_booked"),
        )

    @property
    def left(self) -> int:
        """How many places are free."""
        return self.capacity - self.taken


class Shift(Model):
    """What one crew can do of a slot; `taken` counts the bookings it has accepted."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField(
        "miniapi.Slot", on_delete=fields.RESTRICT, related_name="shifts"
    )
    slot_id: UUID
    crew: fields.ForeignKeyRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", on_delete=fields.RESTRICT, related_name="shifts"
    )
    crew_id: UUID
    capacity = fields.IntField()
    taken = fields.IntField(default=0)

    class Meta:
        table = "shift"
        constraints = (
            UniqueConstraint(fields=("slot_id", "crew_id"), name="one_shift_per_crew"),
            CheckConstraint(check="taken BETWEEN 0 AND capacity", name="never_overworked"),
        )


class Hold(Model):
    """A place kept for somebody who fills in the form. One a resident; gone when it is booked or too old."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="holds"
    )
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField(
        "miniapi.Slot", on_delete=fields.RESTRICT, related_name="holds"
    )
    slot_id: UUID
    expires_at = fields.DatetimeField()

    class Meta:
        table = "hold"
        indexes = (("slot_id", "expires_at"), ("expires_at",))
        constraints = (UniqueConstraint(fields=("resident_id",), name="one_hold_per_resident"),)


class Pickup(Model):
    """A booking. Street, contact and words are encrypted; the district is what crews are planned by.

    `crew` has accepted it; `agreed_fen` is the price its resident agreed to, `price_fen` what was paid.
    `with_delivery`: on the same visit the crew brings what was bought instead.
    `changes` counts how often its resident moved it, `wrong_codes` how often a wrong code was tried.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(max_length=16)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="pickups"
    )
    resident_id: UUID
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField(
        "miniapi.Slot", on_delete=fields.RESTRICT, related_name="pickups"
    )
    slot_id: UUID
    crew: fields.ForeignKeyNullableRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", null=True, on_delete=fields.RESTRICT, related_name="pickups"
    )
    crew_id: UUID | None
    state = fields.CharEnumField(PickupState, max_length=20, default=PickupState.BOOKED)
    items: list[dict] = fields.JSONField()
    words_sealed = fields.TextField(null=True)
    district = fields.CharField(max_length=50)
    street_sealed = fields.TextField(null=True)
    contact_sealed = fields.TextField(null=True)
    floor = fields.SmallIntField(null=True)
    lift = fields.BooleanField(null=True)
    call_first = fields.BooleanField(default=False)
    with_delivery = fields.BooleanField(default=False)
    changes = fields.SmallIntField(default=0)
    wrong_codes = fields.SmallIntField(default=0)
    agreed_fen = fields.BigIntField(null=True)
    price_fen = fields.BigIntField(null=True)
    weight_grams = fields.IntField(null=True)
    booked_at = fields.DatetimeField()
    events: fields.ReverseRelation["PickupEvent"]
    offers: fields.ReverseRelation["PickupOffer"]

    class Meta:
        table = "pickup"
        # and one for what is to come, which Tortoise cannot write: see the migration 0016_visits
        indexes = (("resident_id", "booked_at"), ("slot_id", "state"), ("crew_id", "state"))
        constraints = (
            UniqueConstraint(fields=("number",), name="one_pickup_per_number"),
            UniqueConstraint(
                fields=("slot_id", "resident_id"),
                name="one_booking_per_slot",
                condition="state IN ('booked','assigned','on_the_way','arrived')",
            ),
            CheckConstraint(
                check="state IN ('booked','assigned','on_the_way','arrived','collected','received',"
                "'dismantled','cancelled','missed_by_resident','missed_by_crew','disputed')",
                name="pickup_state_known",
            ),
            CheckConstraint(check="jsonb_array_length(items) BETWEEN 1 AND 10", name="pickup_has_items"),
            CheckConstraint(
                check="CASE WHEN state = 'booked' THEN crew_id IS NULL"
                " WHEN state IN ('cancelled','missed_by_crew') THEN true ELSE crew_id IS NOT NULL END",
                name="pickup_has_its_crew",
            ),
            CheckConstraint(
                check="state NOT IN ('collected','received','dismantled')"
                " OR (weight_grams IS NOT NULL AND price_fen IS NOT NULL)",
                name="pickup_weighed_and_paid",
            ),
            CheckConstraint(
                check="agreed_fen >= 0 AND price_fen >= 0 AND weight_grams > 0", name="pickup_is_worth_a_sum"
            ),
            CheckConstraint(check="changes >= 0 AND wrong_codes >= 0", name="pickup_counts"),
        )


class PickupEvent(Model):
    """One thing that happened to a booking: who, why, when the phone says, when we heard. Never edited.

    `action` is what the phone of a crew calls it, so that it counts once; `proof` is how its resident agreed
    to the collecting; `reason` is of before words were sealed.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="events"
    )
    pickup_id: UUID
    what = fields.CharField(max_length=16)
    actor = fields.CharField(max_length=12, null=True)
    crew: fields.ForeignKeyNullableRelation[Crew] = fields.ForeignKeyField(
        "miniapi.Crew", null=True, on_delete=fields.RESTRICT, related_name="events"
    )
    crew_id: UUID | None
    action = fields.UUIDField(null=True)
    proof = fields.CharEnumField(Proof, max_length=12, null=True)
    done_at = fields.DatetimeField(null=True)
    at = fields.DatetimeField()
    reason = fields.CharField(max_length=200, null=True)
    reason_sealed = fields.TextField(null=True)

    class Meta:
        table = "pickup_event"
        indexes = (("pickup_id", "at"),)
        constraints = (
            UniqueConstraint(fields=("action",), name="one_event_per_action"),
            CheckConstraint(
                check="what IN ('booked','accepted','given_back','set_out','arrived','offered','agreed',"
                "'collected','received','dismantled','rescheduled','cancelled','missed_resident',"
                "'missed_crew','disputed','resolved','wrong_code')",
                name="pickup_event_known",
            ),
            CheckConstraint(
                check="actor IN ('resident','crew','station','dismantler','staff','system')",
                name="pickup_actor_known",
            ),
            CheckConstraint(check="done_at <= at", name="pickup_done_before_heard"),
            CheckConstraint(
                check="proof IS NULL OR (what = 'collected' AND proof IN ('code','signature'))",
                name="pickup_proof_known",
            ),
        )


class PickupOffer(Model):
    """A price that a crew names at the door, and what its resident says to it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="offers"
    )
    pickup_id: UUID
    price_fen = fields.BigIntField()
    state = fields.CharEnumField(OfferState, max_length=12, default=OfferState.OPEN)
    offered_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "pickup_offer"
        indexes = (("pickup_id", "offered_at"),)
        constraints = (
            UniqueConstraint(
                fields=("pickup_id",), name="one_open_offer_per_pickup", condition="state = 'open'"
            ),
            CheckConstraint(
                check="state IN ('open','accepted','refused','withdrawn')", name="offer_state_known"
            ),
            CheckConstraint(check="(answered_at IS NULL) = (state = 'open')", name="offer_answered_once"),
            CheckConstraint(check="price_fen >= 0", name="offer_is_a_sum"),
        )
