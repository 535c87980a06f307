"""Conversations and what was said in them, kept over restarts and encrypted."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from miniapi.accounts.models import Resident
from miniapi.ids import new_id


class Conversation(Model):
    """One conversation of one caller; without an owner it belongs to whoever knows its name."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=64)
    owner: fields.ForeignKeyNullableRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", null=True, on_delete=fields.CASCADE, related_name="conversations"
    )
    memory_sealed = fields.TextField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "conversation"
        constraints = (
            UniqueConstraint(fields=("name", "owner_id"), name="one_conversation_per_owner"),
            UniqueConstraint(
                fields=("name",), name="one_nameless_conversation", condition="owner_id IS NULL"
            ),
            CheckConstraint(check="name ~ '^[A-Za-z0-9_-]{8,64}$'", name="conversation_name_plain"),
        )


class ChatMessage(Model):
    """One message and its reply."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "miniapi.Conversation", on_delete=fields.CASCADE, related_name="messages"
    )
    conversation_id: UUID
    text_sealed = fields.TextField()
    reply_sealed = fields.TextField()
    intent = fields.CharField(max_length=32)
    confidence = fields.FloatField()
    helpful = fields.BooleanField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "chat_message"
        indexes = (("conversation_id", "at"),)
        constraints = (CheckConstraint(check="confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),)


class PushInHand(Model):
    """What somebody said or did in the customer-service session, until it is answered.

    Sealed are their words, their openid and, once it is found, the reply. `taken_until` is the turn of the
    worker that answers, by the machine's clock of the database's host: when it is over another one goes on.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    resident: fields.ForeignKeyNullableRelation[Resident] = fields.ForeignKeyField(
        "miniapi.Resident", null=True, on_delete=fields.CASCADE, related_name="pushes_in_hand"
    )
    resident_id: UUID | None
    content_sealed = fields.TextField()
    came_at = fields.DatetimeField()
    attempts = fields.SmallIntField(default=1)
    taken_until = fields.DatetimeField()

    class Meta:
        table = "push_in_hand"
        indexes = (("taken_until",), ("resident_id",))
        constraints = (CheckConstraint(check="attempts > 0", name="push_was_tried"),)


class Miss(StrEnum):
    """What went wrong with an answer: there was none, it was not certain, somebody disliked it."""

    DECLINED = "declined"
    UNSURE = "unsure"
    DISLIKED = "disliked"


class MissedQuestion(Model):
    """The common words of a question that was not answered well; whose it was is not kept."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    words = fields.CharField(max_length=200)
    region = fields.CharField(max_length=32, null=True)
    why = fields.CharEnumField(Miss, max_length=12)
    at = fields.DatetimeField()

    class Meta:
        table = "missed_question"
        indexes = (("at",),)
        constraints = (
            CheckConstraint(check="words ~ '[^ ]' AND words !~ '[0-9]'", name="missed_words_are_words"),
            CheckConstraint(check="why IN ('declined','unsure','disliked')", name="miss_known"),
        )
