"""What one can be reminded of: a time with something happening at it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Occasion:
    """One thing at one time. `fields` fill the template of its kind, by the template's field names.

    `paused` says why it does not take place as things stand.
    """

    kind: str
    subject: UUID
    at: datetime
    about: str
    fields: Mapping[str, str | datetime]
    paused: str | None = None


# Looks an occasion up for one resident: (subject, resident, now). Raises NotFound when it is not theirs.
FindOccasion = Callable[[UUID, UUID, datetime], Awaitable[Occasion]]
Occasions = Mapping[str, FindOccasion]
