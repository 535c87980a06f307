"""Talking: one message in, one reply out, the conversation kept, and read by the staff it was brought to."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.dialogue import Dialogue
from bot.memory import Memory
from bot.ports import Caller
from bot.replies import Reply
from faq.packs import Library
from miniapi.accounts.actions import held
from miniapi.accounts.models import Resident
from miniapi.audit import actions as audit
from miniapi.chat import missed
from miniapi.chat.city import ServiceCity
from miniapi.chat.errors import NoSuchConversation, NoSuchMessage
from miniapi.chat.models import ChatMessage, Conversation, Miss
from miniapi.database import sql
from miniapi.http.answers import dumps
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.staff.callers import DeskOfficer
from miniapi.staff.reasons import fit_to_keep
from miniapi.tickets import queries as tickets

LONGEST_TEXT = 500
REMEMBER_NAMELESS = timedelta(days=90)
MOST_READ = 50  # messages of a conversation that a ticket shows
KEEP = """
    WITH conversed AS (
        INSERT INTO conversation (id, name, owner_id, memory_sealed, updated_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT {whose} DO UPDATE
        SET memory_sealed = excluded.memory_sealed, updated_at = excluded.updated_at RETURNING id
    )
    INSERT INTO chat_message (id, conversation_id, text_sealed, reply_sealed, intent, confidence, at)
    SELECT $6, id, $7, $8, $9, $10, $5 FROM conversed RETURNING id
"""
NAMELESS, OWNED = KEEP.format(whose="(name) WHERE owner_id IS NULL"), KEEP.format(whose="(name, owner_id)")


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
    """Answer one message of a conversation and keep both sides; of two at once the later one is remembered.

    A conversation belongs to the caller who began it: another caller's under the same name is another one.
    """
    owner = resident.id if resident else None
    conversation = await Conversation.get_or_none(name=session, owner_id=owner)
    kept = json.loads(talker.keys.unseal(conversation.memory_sealed)) if conversation else None
    memory = Memory.from_json(kept)
    caller = Caller(str(resident.id) if resident else None, region or (resident.region if resident else None))
    city = ServiceCity(talker.library, talker.keys, resident, session)
    reply = await talker.dialogue.answer(text, memory, caller, city)
    miss = missed.missed_by(reply)
    words = await missed.words_of(text, talker.library) if miss else ""
    message_id = new_id()
    async with in_transaction() if owner or miss else nullcontext():  # one statement is one by itself
        if owner is not None:
            await held(owner)
        await sql.rows(
            OWNED if owner else NAMELESS,
            new_id(),
            session,
            owner,
            talker.keys.seal(dumps(memory.to_json())),
            at,
            message_id,
            talker.keys.seal(text),
            talker.keys.seal(reply.text),
            reply.intent,
            reply.confidence,
        )
        if miss is not None:
            await missed.note(words, memory.region, miss, at=at)
    return Said(message_id, session, reply)


async def erase_all(resident_id: UUID) -> int:
    """Forget every conversation of somebody who leaves; how many it were."""
    return await Conversation.filter(owner_id=resident_id).delete()


async def forget_nameless(*, at: datetime) -> int:
    """Delete conversations of nobody in particular that rested for three months; how many it were."""
    return await Conversation.filter(owner_id=None, updated_at__lte=at - REMEMBER_NAMELESS).delete()


async def rate(message_id: UUID, talker: Talker, *, helpful: bool, at: datetime) -> None:
    """Keep whether a reply helped, and what was asked where it did not. Raises NoSuchMessage."""
    message = await ChatMessage.get_or_none(id=message_id)
    if message is None:
        raise NoSuchMessage()
    words = "" if helpful else await missed.words_of(talker.keys.unseal(message.text_sealed), talker.library)
    async with in_transaction():
        other = Q(helpful=None) | Q(helpful=not helpful)
        changed = await ChatMessage.filter(other, id=message_id).update(helpful=helpful)
        if changed and not helpful:
            await missed.note(words, None, Miss.DISLIKED, at=at)


async def read_attached(
    ticket_id: UUID, reason: str, officer: DeskOfficer, keys: Keys, *, at: datetime
) -> list[ChatMessage]:
    """The conversation a ticket came from, its newest messages in their order; its resident sees who read it.

    Raises NoSuchTicket, NoSuchConversation, ReasonPersonal.
    """
    ticket = await tickets.on_desk(ticket_id, officer.account.roles)
    if ticket.session is None:
        raise NoSuchConversation()
    because = await fit_to_keep(reason, [ticket.resident], officer, ticket.role, keys, at=at)
    async with in_transaction():
        talk_of = ChatMessage.filter(
            conversation__name=ticket.session, conversation__owner_id=ticket.resident_id
        )
        newest = await talk_of.order_by("-at", "-id").limit(MOST_READ)
        if not newest:
            raise NoSuchConversation()
        await audit.record(
            officer.actor,
            "ticket.read_conversation",
            f"resident:{ticket.resident_id}",
            at=at,
            reason=because,
            after={"ticket": ticket.id, "role": ticket.role, "messages": len(newest)},
        )
    return newest[::-1]
