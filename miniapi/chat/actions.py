"""Talking: one message in, one reply out, the conversation kept."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.dialogue import Dialogue
from bot.memory import Memory
from bot.ports import Caller
from bot.replies import Reply
from faq.packs import Library
from miniapi.accounts.models import Resident
from miniapi.chat.city import ServiceCity
from miniapi.chat.errors import NoSuchMessage
from miniapi.chat.models import ChatMessage, Conversation
from miniapi.database import sql
from miniapi.ids import new_id
from miniapi.keys import Keys

LONGEST_TEXT = 500
KEEP = """
    INSERT INTO conversation (id, name, owner_id, memory_sealed, updated_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT {whose} DO UPDATE
    SET memory_sealed = excluded.memory_sealed, updated_at = excluded.updated_at RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Talker:
    """What a conversation needs of this process: the bot, the documents, the keys."""

    dialogue: Dialogue
    library: Library
    keys: Keys


@dataclass(frozen=True, slots=True)
class Said:
    """A reply, and the message it was kept as."""

    message_id: UUID
    session: str
    reply: Reply


async def talk(
    text: str, session: str, region: str | None, resident: Resident | None, talker: Talker, *, at: datetime
) -> Said:
    """Answer one message of a conversation and keep both sides.

    A conversation belongs to the caller who began it: another caller's under the same name is another one.
    """
    owner = resident.id if resident else None
    conversation = await Conversation.get_or_none(name=session, owner_id=owner)
    kept = json.loads(talker.keys.unseal(conversation.memory_sealed)) if conversation else None
    memory = Memory.from_json(kept)
    caller = Caller(str(resident.id) if resident else None, region or (resident.region if resident else None))
    city = ServiceCity(talker.library, talker.keys, resident)
    reply = await talker.dialogue.answer(text, memory, caller, city)
    sealed = talker.keys.seal(json.dumps(memory.to_json(), ensure_ascii=False))
    async with in_transaction():
        conversation_id = await _keep(session, owner, sealed, at)
        message = await ChatMessage.create(
            conversation_id=conversation_id,
            text_sealed=talker.keys.seal(text),
            reply_sealed=talker.keys.seal(reply.text),
            intent=reply.intent,
            confidence=reply.confidence,
            at=at,
        )
    return Said(message.id, session, reply)


async def _keep(session: str, owner: UUID | None, memory_sealed: str, at: datetime) -> UUID:
    """Write what a conversation remembers now; of two at once the later one stays."""
    whose = "(name) WHERE owner_id IS NULL" if owner is None else "(name, owner_id)"
    values = [new_id(), session, owner, memory_sealed, at]
    rows = await sql.rows(KEEP.format(whose=whose), *values)
    return UUID(str(rows[0]["id"]))


async def rate(message_id: UUID, *, helpful: bool) -> None:
    """Keep whether a reply helped. Raises NoSuchMessage."""
    if not await ChatMessage.filter(id=message_id).update(helpful=helpful):
        raise NoSuchMessage()
