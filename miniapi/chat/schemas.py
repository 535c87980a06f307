"""The JSON of the chat."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from miniapi.chat.actions import Said
from miniapi.http.requests import Body


class Ask(Body):
    """A message; `session` is any name the client likes, `region` the city it was opened for."""

    text: str
    region: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None


class Feedback(Body):
    """Whether a reply helped."""

    helpful: bool


def said_json(said: Said) -> dict[str, Any]:
    """A reply as the contract has it."""
    reply = said.reply
    return {
        "session": said.session,
        "message": str(said.message_id),
        "reply": reply.text,
        "intent": reply.intent,
        "confidence": round(reply.confidence, 3),
        "citations": [asdict(citation) for citation in reply.citations],
        "suggestions": list(reply.suggestions),
        "actions": [
            {name: value for name, value in asdict(action).items() if value is not None}
            for action in reply.actions
        ],
    }
