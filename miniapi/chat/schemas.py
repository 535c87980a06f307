"""The JSON of the chat."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from bot.replies import LONGEST, Action
from miniapi.chat.actions import Said
from miniapi.chat.models import ChatMessage
from miniapi.http.answers import CitationJson, Id, Time, citation_json, written
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.masking import masked_words
from miniapi.staff.schemas import Reason
from miniapi.tickets.models import TicketKind


class Ask(Body):
    """A message; `session` is any name the client likes, `region` the city it was opened for."""

    text: str
    region: RegionName | None = None
    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None


class Feedback(Body):
    """Whether a reply helped."""

    helpful: bool


class ReadConversation(Body):
    """Why the conversation must be read."""

    reason: Reason


class ActionJson(TypedDict):
    """A button under a reply, and what it is about; `ticket` is the kind of ticket it opens."""

    kind: str
    label: str
    id: NotRequired[Id]
    ticket: NotRequired[TicketKind]


class SaidJson(TypedDict):
    """A reply and what it rests on; `message` is its id, for feedback."""

    session: str
    message: Id
    reply: Annotated[str, Field(max_length=LONGEST)]
    intent: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    citations: list[CitationJson]
    suggestions: list[str]
    actions: list[ActionJson]


def said_json(said: Said) -> SaidJson:
    """A reply as the contract has it."""
    reply = said.reply
    return {
        "session": said.session,
        "message": str(said.message_id),
        "reply": reply.text,
        "intent": reply.intent,
        "confidence": round(reply.confidence, 3),
        "citations": [citation_json(citation) for citation in reply.citations],
        "suggestions": list(reply.suggestions),
        "actions": [_action_json(action) for action in reply.actions],
    }


def _action_json(action: Action) -> ActionJson:
    shown: ActionJson = {"kind": action.kind, "label": action.label}
    if action.id is not None:
        shown["id"] = action.id
    if action.ticket is not None:
        shown["ticket"] = TicketKind(action.ticket)
    return shown


class ChatMessageJson(TypedDict):
    """One message of a conversation and its reply, as the staff read it: numbers of people are hidden."""

    id: Id
    at: Time
    text: str
    reply: str
    intent: str


def message_json(message: ChatMessage, keys: Keys) -> ChatMessageJson:
    """One message of a conversation and its reply."""
    return {
        "id": str(message.id),
        "at": written(message.at),
        "text": masked_words(keys.unseal(message.text_sealed)),
        "reply": masked_words(keys.unseal(message.reply_sealed)),
        "intent": message.intent,
    }
