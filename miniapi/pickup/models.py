"""Slots in which a crew comes to the door, and the bookings in them."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class PickupState(StrEnum):
    """The life of a booking."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


class SlotPattern(Model):
    """What a district offers every day: slots are laid out from it two weeks ahead."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    district = fields.CharField(max_length=50)
    begins = fields.SmallIntField()
    ends = fields.SmallIntField()
    capacity = fields.IntField()
    demo = fields.BooleanField(default=False)

    class Meta:
        table = "slot_pattern"
        constraints = (
            UniqueConstraint(fields=("region", "district", "begins"), name="one_pattern_per_hour"),
            CheckConstraint(
                check="0 <= begins AND begins < ends AND ends <= 24", name="pattern_within_a_day"
            ),
            CheckConstraint(check="capacity > 0", name="pattern_has_places"),
        )


class Slot(Model):
    """A time in a district with a number of places; `taken` counts the bookings in it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    region = fields.CharField(max_length=32)
    district = fields.CharField(max_length=50)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)

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


class Pickup(Model):
    """A booking. Street and contact are encrypted; the district is what crews are planned by."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(max_length=16)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.RESTRICT, related_name="pickups"
    )
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField(
        "miniapi.Slot", on_delete=fields.RESTRICT, related_name="pickups"
    )
    slot_id: UUID
    state = fields.CharEnumField(PickupState, max_length=12, default=PickupState.BOOKED)
    items: list[dict] = fields.JSONField()
    district = fields.CharField(max_length=50)
    street_sealed = fields.TextField(null=True)
    contact_sealed = fields.TextField(null=True)
    booked_at = fields.DatetimeField()
    events: fields.ReverseRelation["PickupEvent"]

    class Meta:
        table = "pickup"
        indexes = (("resident_id", "booked_at"),)
        constraints = (
            UniqueConstraint(fields=("number",), name="one_pickup_per_number"),
            UniqueConstraint(
                fields=("slot_id", "resident_id"), name="one_booking_per_slot", condition="state = 'booked'"
            ),
            CheckConstraint(check="state IN ('booked','cancelled')", name="pickup_state_known"),
            CheckConstraint(check="jsonb_array_length(items) BETWEEN 1 AND 10", name="pickup_has_items"),
        )


class PickupEvent(Model):
    """One thing that happened to a booking. Never edited."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="events"
    )
    what = fields.CharField(max_length=16)
    at = fields.DatetimeField()
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "pickup_event"
        indexes = (("pickup_id", "at"),)
        constraints = (
            CheckConstraint(check="what IN ('booked','rescheduled','cancelled')", name="pickup_event_known"),
        )
