"""What a conversation remembers: small, plain values that survive as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LONGEST_TEXT = 500
MOST_VALUES = 24


@dataclass(slots=True)
class Task:
    """Something under way: what is known already and what was asked last."""

    skill: str
    known: dict[str, Any] = field(default_factory=dict)
    asked: str | None = None
    confirming: bool = False
    misses: int = 0


@dataclass(slots=True)
class Memory:
    """The state of one conversation."""

    region: str | None = None  # the place this person is talking about
    given_region: str | None = None  # the place the client said when we learnt it
    pending: str | None = None  # a question that waits for the place to be known
    offered: str | None = None  # a skill just offered, which a bare 好 accepts
    question: str | None = None  # the last question that was answered
    topic: str | None = None  # what that question was about
    unanswered: str | None = None  # the question just asked, where only a person can answer it
    items: list[list[Any]] = field(default_factory=list)  # the last priced items: [category, fen]
    task: Task | None = None

    def to_json(self) -> dict[str, Any]:
        """Only plain values, never more than a few kilobytes."""
        task = self.task
        return {
            "region": self.region,
            "given_region": self.given_region,
            "pending": _cut(self.pending),
            "offered": self.offered,
            "question": _cut(self.question),
            "topic": self.topic,
            "unanswered": _cut(self.unanswered),
            "items": [[category, fen] for category, fen in self.items[:MOST_VALUES]],
            "task": None
            if task is None
            else {
                "skill": task.skill,
                "known": {key: _bounded(value) for key, value in list(task.known.items())[:MOST_VALUES]},
                "asked": task.asked,
                "confirming": task.confirming,
                "misses": task.misses,
            },
        }

    @classmethod
    def from_json(cls, kept: object) -> Memory:
        """What was kept; anything unreadable is a fresh start rather than an error."""
        if not isinstance(kept, dict):
            return cls()
        return cls(
            region=_text(kept.get("region")),
            given_region=_text(kept.get("given_region")),
            pending=_text(kept.get("pending")),
            offered=_text(kept.get("offered")),
            question=_text(kept.get("question")),
            topic=_text(kept.get("topic")),
            unanswered=_text(kept.get("unanswered")),
            items=_items(kept.get("items")),
            task=_task(kept.get("task")),
        )


def _cut(text: str | None) -> str | None:
    return text[:LONGEST_TEXT] if text else None


def _text(value: object) -> str | None:
    return _cut(value) if isinstance(value, str) else None


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, list):
        return [_bounded(one) for one in value[:MOST_VALUES]]
    return value if isinstance(value, (int, float)) else None


def _items(value: object) -> list[list[Any]]:
    if not isinstance(value, list):
        return []
    return [
        [one[0], one[1]]
        for one in value[:MOST_VALUES]
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and isinstance(one[1], int)
    ]


def _task(value: object) -> Task | None:
    if not isinstance(value, dict) or not isinstance(value.get("skill"), str):
        return None
    known = value.get("known")
    misses = value.get("misses")
    return Task(
        skill=value["skill"],
        known={str(key): _bounded(one) for key, one in known.items()} if isinstance(known, dict) else {},
        asked=_text(value.get("asked")),
        confirming=value.get("confirming") is True,
        misses=misses if isinstance(misses, int) else 0,
    )
