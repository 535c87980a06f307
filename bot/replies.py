"""What goes back to the person: words, what they rest on, and what can be done next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from faq.packs import Citation

Thing = TypeVar("Thing")
LONGEST = 700
MOST_SUGGESTIONS = 5

_DATE = r"(?:\d{4}年)?\d{1,2}月\d{1,2}[日号]"
_AROUND_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=\d{4}) (?=年)",
        r"(?<=\d年) (?=\d{1,2} ?月)",
        r"(?<=\d) (?=月 ?\d{1,2} ?[日号])",
        r"(?<=\d月) (?=\d{1,2} ?[日号])",
        r"(?<=月\d) (?=[日号])|(?<=月\d\d) (?=[日号])",
        rf"(?<=[\u4e00-\u9fff]) (?={_DATE})",
        r"(?<=\d号) (?=[上下]午|发)",
        r"(?<=月\d[日号]) (?=[\u4e00-\u9fff])|(?<=月\d\d[日号]) (?=[\u4e00-\u9fff])",
    )
)


@dataclass(frozen=True, slots=True)
class Action:
    """A button under a reply; an id names what it is about, `ticket` the kind of ticket it opens."""

    kind: str
    label: str
    id: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the bot."""

    text: str
    intent: str
    confidence: float = 1.0
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()

    def within_bounds(self) -> Reply:
        """The same reply, short enough for a chat window and without repetitions."""
        text = evenly_spaced(self.text)
        text = text if len(self.text) <= LONGEST else text[: LONGEST - 1] + "…"
        return replace(
            self,
            text=text,
            confidence=min(1.0, max(0.0, self.confidence)),
            citations=_unique(self.citations),
            suggestions=_unique(self.suggestions)[:MOST_SUGGESTIONS],
            actions=_unique(self.actions),
        )

    def followed_by(self, more: Reply) -> Reply:
        """Two replies as one message, filed under what the first one is."""
        return Reply(
            text=_both(self.text, more.text),
            intent=self.intent,
            confidence=min(self.confidence, more.confidence),
            citations=self.citations + more.citations,
            suggestions=self.suggestions + more.suggestions,
            actions=self.actions + more.actions,
        )


def evenly_spaced(text: str) -> str:
    """Dates without a blank inside, or between them and Chinese words: 到2024年10月15日结束."""
    for pattern in _AROUND_DATES:
        text = pattern.sub("", text)
    return text


def sign_in() -> Action:
    """The button that a person needs who is not signed in."""
    return Action("sign_in", "登录")


def person() -> Action:
    """The button that leads to a human being."""
    return Action("ticket", "转人工")


def _both(first: str, second: str) -> str:
    """Two texts, the first shortened where the two do not fit together."""
    room = LONGEST - len(second) - 1
    if room < 1:
        return second
    if len(first) > room:
        first = first[: room - 1] + "…"
    return f"{first}\n{second}"


def _unique(things: Iterable[Thing]) -> tuple[Thing, ...]:
    return tuple(dict.fromkeys(things))
