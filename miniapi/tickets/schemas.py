"""The JSON of tickets."""

from typing import Annotated, Any, Literal

from pydantic import Field

from miniapi.http.answers import written
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.tickets.models import Ticket


class OpenTicket(Body):
    """What somebody brings to the staff, and which region it is about."""

    kind: Literal["complaint", "help"]
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    region: Annotated[str, Field(min_length=1, max_length=32)] | None = None


def ticket_json(ticket: Ticket, keys: Keys) -> dict[str, Any]:
    """A ticket as its owner sees it."""
    events = sorted(ticket.events, key=lambda event: event.id)
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "kind": ticket.kind,
        "state": ticket.state,
        "region": ticket.region,
        "text": keys.unseal(ticket.text_sealed),
        "opened_at": written(ticket.opened_at),
        "history": [{"what": event.what, "at": written(event.at)} for event in events],
    }
