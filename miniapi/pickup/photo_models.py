"""Photos of what is to be collected. The pictures are files; here stands what opens them."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.pickup.models import Pickup


class PhotoKind(StrEnum):
    """What a photo shows: what its resident gives away, what the crew takes along, or who signed for it."""

    GIVEN = "given"
    TAKEN = "taken"
    SIGNATURE = "signature"


class PickupPhoto(Model):
    """One photo of a booking, kept as a file that is called by the id, which nobody can guess.

    The file is encrypted with a key of its own. With the row goes the key, and nothing opens the file again.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    pickup: fields.ForeignKeyRelation[Pickup] = fields.ForeignKeyField(
        "miniapi.Pickup", on_delete=fields.RESTRICT, related_name="photos"
    )
    pickup_id: UUID
    kind = fields.CharEnumField(PhotoKind, max_length=12, default=PhotoKind.GIVEN)
    place = fields.SmallIntField()
    key_sealed = fields.TextField()
    width = fields.IntField()
    height = fields.IntField()
    added_at = fields.DatetimeField()

    class Meta:
        table = "pickup_photo"
        constraints = (
            UniqueConstraint(fields=("pickup_id", "kind", "place"), name="one_photo_per_place"),
            CheckConstraint(check="place BETWEEN 1 AND 6", name="six_photos_a_pickup"),
            CheckConstraint(check="kind IN ('given','taken','signature')", name="photo_kind_known"),
            CheckConstraint(check="kind <> 'signature' OR place = 1", name="one_signature_a_pickup"),
            CheckConstraint(check="width > 0 AND height > 0", name="photo_shows_something"),
        )
