"""What a skill is: when it is wanted, what it must ask, what it then does."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot.memory import Memory
from bot.policy import Policy
from bot.ports import Caller, City
from bot.replies import Reply
from faq.packs import Pack


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, and everything that is known when it comes in."""

    text: str  # in plain writing, what the rules of understanding read
    raw: str  # as it was typed, for what is kept word by word
    caller: Caller
    city: City
    policy: Policy
    memory: Memory
    now: datetime
    region: str | None
    known: dict[str, Any] = field(default_factory=dict)  # what the task under way has learnt
    unanswered: str | None = None  # the question just before, where only a person can answer it

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def pack(self) -> Pack | None:
        """The documents of the place this is about."""
        return self.policy.library.packs.get(self.region) if self.region else None

    @property
    def place(self) -> str:
        """The region, where the skill has made sure that there is one."""
        if self.region is None:
            raise LookupError("this skill must say needs_region")
        return self.region

    def saying(self, text: str) -> Turn:
        """The same moment, had the person said something else."""
        return replace(self, text=text, raw=text)


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing a skill must know.

    `understand` hears it anywhere in a message; `when_asked` also takes an answer that only makes sense
    right after the question. Both may raise `days.Unclear` with a kind sentence. `own_words`: the answer is
    a story that may sound like a question or a wish to stop, so `understand` decides what it is.
    """

    name: str
    ask: str
    understand: Callable[[Turn], Any]
    when_asked: Callable[[Turn], Any] | None = None
    must: bool = True
    own_words: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is about to be done, read back once; the person says yes or no to it."""

    text: str


@dataclass(frozen=True, slots=True)
class Again:
    """One thing turned out not to work: say why, forget it, and ask for it once more."""

    slot: str
    text: str


@dataclass(frozen=True, slots=True)
class Skill:
    """Something the bot can do."""

    name: str  # the intent
    wanted: Callable[[Turn], bool]
    finish: Callable[[Turn], Awaitable[Reply | Again]]
    begin: Callable[[Turn], Awaitable[Reply | None]] | None = None  # looks first; a reply ends it there
    slots: tuple[Slot, ...] = ()
    propose: Callable[[Turn], Awaitable[Proposal | Again | Reply]] | None = None
    needs_sign_in: str | None = None  # the sentence for somebody who has not signed in
    needs_region: bool = False
    also_yes: tuple[str, ...] = ()  # words that agree to this proposal only
    stopped: str = "好的，先不办了。需要时再叫我。"


def says(pattern: str, unless: str | None = None) -> Callable[[Turn], bool]:
    """Wanted where the words match, unless other words show that something else is meant."""
    wanted = re.compile(pattern)
    unwanted = re.compile(unless) if unless else None

    def check(turn: Turn) -> bool:
        found = wanted.search(turn.text) or wanted.search(turn.raw)  # mending slips can also spoil a word
        return found is not None and not (unwanted and unwanted.search(turn.text))

    return check
