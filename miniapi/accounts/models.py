"""Residents, the verified people behind them, and their sessions."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.ids import new_id


class Person(Model):
    """A verified identity: all that stays of an ID number is a keyed fingerprint."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    fingerprint = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "person"
        constraints = (
            UniqueConstraint(fields=("fingerprint",), name="one_person_per_fingerprint"),
            CheckConstraint(check="fingerprint ~ '^[0-9a-f]{64}$'", name="fingerprint_is_hex"),
        )


class IdentityKey(Model):
    """The one key of all fingerprints: random, sealed with the installation's secret, never replaced."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    key_sealed = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity_key"
        constraints = (CheckConstraint(check="id = 1", name="one_identity_key"),)


class Resident(Model):
    """An account of the mini-program. `…_sealed` columns are encrypted and opened with `Keys`."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    openid = fields.CharField(max_length=64, null=True)
    region = fields.CharField(max_length=32, null=True)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "miniapi.Person", null=True, on_delete=fields.RESTRICT, related_name="residents"
    )
    person_id: UUID | None
    name_sealed = fields.TextField(null=True)
    id_number_sealed = fields.TextField(null=True)
    phone_sealed = fields.TextField(null=True)
    phone_verified = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "resident"
        constraints = (
            UniqueConstraint(fields=("openid",), name="one_resident_per_openid"),
            UniqueConstraint(fields=("person_id",), name="one_resident_per_person"),
            CheckConstraint(
                check="(openid IS NULL) = (left_at IS NOT NULL)", name="here_with_openid_or_left"
            ),
            CheckConstraint(
                check="(person_id IS NOT NULL) = (name_sealed IS NOT NULL AND id_number_sealed IS NOT NULL)",
                name="verified_with_name_and_number",
            ),
            CheckConstraint(
                check="left_at IS NULL OR (phone_sealed IS NULL AND name_sealed IS NULL"
                " AND id_number_sealed IS NULL AND person_id IS NULL)",
                name="nothing_left_behind",
            ),
        )


class SessionKey(Model):
    """The key under which WeChat seals what it hands to a person's page: the one of their last login.

    It never goes out, and nothing of ours is derived from it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="session_keys"
    )
    key_sealed = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        table = "session_key"
        constraints = (UniqueConstraint(fields=("resident_id",), name="one_session_key_per_resident"),)


class Session(Model):
    """A signed-in device. Only the hash of its token is kept."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", on_delete=fields.CASCADE, related_name="sessions"
    )
    token_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"
        indexes = (("resident_id",),)
        constraints = (
            UniqueConstraint(fields=("token_hash",), name="one_session_per_token"),
            CheckConstraint(check="expires_at > created_at", name="session_lasts"),
        )
